//! The contract of a cache: a store with a default lifetime, batches and counters.

use async_trait::async_trait;
use bytes::Bytes;

use crate::counter;
use crate::entry::{
    Address, BatchItem, CounterOptions, DeleteOptions, ExpireOptions, GetOptions, SetOptions, WriteOptions,
};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::Ttl;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::Store;

/// The lifetime that a cache gives by default unless it is configured: 300 s.
pub const DEFAULT_CACHE_TTL: Ttl = Ttl::from_millis(300_000).expect("within the bounds of a lifetime");

/// A [`Store`] with a default lifetime, batches and counters.
///
/// People call [`CacheExt`](crate::CacheExt); drivers implement this. Every method has a body: a loop where a loop is
/// equivalent (then the driver declares [`BatchAtomicity::PerKey`](crate::BatchAtomicity::PerKey)), compare-and-set for
/// counters where value conditions are declared. A batch lies in one namespace. Where a driver brings its own methods, a
/// batch costs one round trip and a step of a counter too; the provided loops cost one an item, and the provided counter
/// two an attempt.
///
/// # Contract
/// Lifetimes:
/// * `default_ttl_applies`: the default lifetime is given by `set`, `add`, `set_many`, and to a counter when it is created; "never" is spelled [`Never`](crate::Expiry::Never), not 0.
/// * `add_stores_once`: `add` stores value and expiry in one step, only over a missing entry, and is true for the one that did.
///
/// Batches:
/// * `get_many_is_positional`: one answer for each asked key, in order, duplicates included; nothing asked, nothing answered.
/// * `get_many_is_a_snapshot`: where declared, all answers are of one instant.
/// * `set_many_keeps_lifetimes`: each item has its own expiry; the last of duplicates wins; an empty batch is fine.
/// * `set_many_is_atomic`: where [`BatchAtomicity::All`](crate::BatchAtomicity::All) is declared, the batch with every item's expiry is applied in one step, and no reader sees half of it.
/// * `delete_many_reports_each`: one answer for each asked key, in order; the second answer for a duplicate is false.
/// * `expire_many_reports_each`: one answer for each asked key, in order.
///
/// Counters:
/// * `increment_is_atomic`: `increment` adds any `i64` and returns the sum; of concurrent increments none is lost. A missing counter starts at 0.
/// * `decrement_subtracts`: `decrement` is an increment by the negated number.
/// * `counter_keeps_expiry`: the expiry of an existing counter stays; only a counter that is created gets one.
/// * `counter_is_decimal_text`: the stored form is decimal text, so `set("10")` and `increment(5)` make 15, which `get` reads as `15`.
/// * `increment_refuses`: stored text other than `0` or `-?[1-9][0-9]*` within `i64` is [`ErrorKind::NotAnInteger`]; a sum outside `i64` is [`ErrorKind::OutOfRange`]; `decrement(i64::MIN)` is refused before anything is sent; value and expiry stay.
#[async_trait]
pub trait Cache: Store {
    /// Reads several entries: one answer for each key, in order; `None` for what is missing or not ours.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        let mut values = Vec::with_capacity(keys.len());
        for &key in keys {
            let entry = self.get_entry(Address { namespace, key }, GetOptions::default()).await;
            values.push(match entry {
                Err(error) if error.kind() == ErrorKind::WrongType => None,
                entry => entry?.map(|entry| entry.value),
            });
        }
        Ok(values)
    }

    /// Writes several entries, in order.
    ///
    /// # Errors
    /// Any kind of transport. Unless the batch is atomic, a part of it may have been applied.
    ///
    /// # Cancel safety
    /// Each entry is as before or as after; where the batch is atomic, all of them are.
    async fn set_entries(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>, options: WriteOptions) -> Result<()> {
        for (index, item) in (0..).zip(items) {
            let at = Address { namespace, key: item.key };
            let stored =
                self.set_entry(at, item.value, SetOptions::new(item.expiry).with_durability(options.durability)).await;
            let _always_stored = stored.map_err(|error| error.after_steps(index))?;
        }
        Ok(())
    }

    /// Removes several entries; for each key, in order, whether one was there and is gone.
    ///
    /// # Errors
    /// Any kind of transport; a part may have been applied.
    ///
    /// # Cancel safety
    /// Each entry is there or gone.
    async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: WriteOptions,
    ) -> Result<Vec<bool>> {
        let mut removed = Vec::with_capacity(keys.len());
        for &key in keys {
            let options = DeleteOptions::default().with_durability(options.durability);
            let gone = self.delete_entry(Address { namespace, key }, options).await;
            removed.push(gone.map_err(|error| error.after_steps(count(&removed)))?);
        }
        Ok(removed)
    }

    /// Replaces the expiry of several entries; for each key, in order, whether one was there.
    ///
    /// # Errors
    /// Any kind of transport; a part may have been applied.
    ///
    /// # Cancel safety
    /// Each expiry is as before or as after.
    async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        let mut existed = Vec::with_capacity(keys.len());
        for &key in keys {
            let expired = self.expire_entry(Address { namespace, key }, options).await;
            existed.push(expired.map_err(|error| error.after_steps(count(&existed)))?);
        }
        Ok(existed)
    }

    /// Adds `delta` to a counter and returns the sum. A missing counter is created.
    ///
    /// # Errors
    /// [`ErrorKind::NotAnInteger`], [`ErrorKind::OutOfRange`], [`ErrorKind::WrongType`];
    /// [`ErrorKind::Unsupported`] unless declared; any kind of transport. With an unknown outcome it may have counted.
    ///
    /// # Cancel safety
    /// It counted or not.
    async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        if !self.capabilities().value_conditions.is_supported() {
            return Err(Error::unsupported("counters"));
        }
        counter::add_by_compare_and_set(self, at, delta, options).await
    }
}

/// How many steps of a batch changed something.
fn count(answers: &[bool]) -> u64 {
    answers.iter().map(|&answer| u64::from(answer)).sum()
}
