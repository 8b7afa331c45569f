//! What a transaction has read, and what it is going to write.

use std::fmt;

use bytes::Bytes;
use store_core::{
    Capabilities, Error, ErrorKind, Expiry, IntoValue, Lifetime, Namespace, Result, WriteExpiry, checked_counter_sum,
    parse_counter,
};

use crate::command::{self, Command};
use crate::keyspace::{Keyspace, WireKey};

/// The entries of a transaction as they were read, with the writes that were decided on so far.
///
/// Nothing is sent before the decision returns, so every error here means that nothing was written.
pub struct Draft<'a> {
    entries: Vec<DraftEntry<'a>>,
    commands: Vec<Command>,
    terms: Terms<'a>,
}

/// What a store brings to its transactions.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) keyspace: Keyspace,
    pub(crate) namespace: &'a Namespace,
    pub(crate) default_lifetime: Lifetime,
    pub(crate) capabilities: &'a Capabilities,
}

struct DraftEntry<'a> {
    key: WireKey<'a>,
    value: Option<Bytes>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(keys: &[WireKey<'a>], values: Vec<Option<Bytes>>, terms: Terms<'a>) -> Self {
        let entries = keys.iter().zip(values).map(|(&key, value)| DraftEntry { key, value }).collect();
        Self { entries, commands: Vec::new(), terms }
    }

    /// What the transaction writes, in order.
    pub(crate) fn into_commands(self) -> Vec<Command> {
        self.commands
    }

    /// The value under `key`, after the writes of this draft; `None` when there is none.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a key that the transaction does not name.
    pub fn get(&self, key: &str) -> Result<Option<Bytes>> {
        Ok(self.entries.get(self.place(key)?).and_then(|entry| entry.value.clone()))
    }

    /// Stores a value with the default lifetime of the store.
    ///
    /// # Errors
    /// As [`set_with_expiry`](Self::set_with_expiry).
    pub fn set(&mut self, key: &str, value: impl IntoValue) -> Result<()> {
        self.set_with_expiry(key, value, Expiry::Default)
    }

    /// Stores a value with an [`Expiry`], or whatever makes one: a `Duration`, a `SystemTime`.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a key that the transaction does not name and for an expiry
    /// out of range, [`TooLarge`](ErrorKind::TooLarge) for a value over the store's limit.
    pub fn set_with_expiry<E>(&mut self, key: &str, value: impl IntoValue, expiry: E) -> Result<()>
    where
        E: TryInto<Expiry>,
        E::Error: Into<Error>,
    {
        let expiry = expiry.try_into().map_err(Into::into)?.for_write(self.terms.default_lifetime);
        self.overwrite(self.place(key)?, value.into_value(), expiry)
    }

    /// Removes an entry; whether there was one.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a key that the transaction does not name.
    pub fn delete(&mut self, key: &str) -> Result<bool> {
        let place = self.place(key)?;
        self.change(place, |wire_key| vec![command::delete(wire_key)], |entry| entry.value.take())
    }

    /// Changes the expiry of an entry; whether there is one.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a key that the transaction does not name, for an expiry out
    /// of range and for [`Expiry::Keep`].
    pub fn expire<E>(&mut self, key: &str, expiry: E) -> Result<bool>
    where
        E: TryInto<Expiry>,
        E::Error: Into<Error>,
    {
        let lifetime = expiry.try_into().map_err(Into::into)?.for_change(self.terms.default_lifetime)?;
        let place = self.place(key)?;
        let commands = |wire_key| match lifetime {
            Lifetime::In(ttl) => vec![command::expire_in(wire_key, ttl)],
            Lifetime::At(time) => vec![command::expire_at(wire_key, time)],
            Lifetime::Never => command::expire_never(wire_key).into(),
        };
        self.change(place, commands, |entry| entry.value.clone())
    }

    /// Adds to a counter and returns the sum. A missing one counts as 0 and gets the default lifetime of the store; one
    /// that is there keeps its expiry.
    ///
    /// # Errors
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for a key that the transaction does not name,
    /// [`NotAnInteger`](ErrorKind::NotAnInteger) for a value that is no counter, [`OutOfRange`](ErrorKind::OutOfRange)
    /// for a sum that leaves `i64`.
    pub fn increment(&mut self, key: &str, delta: i64) -> Result<i64> {
        let place = self.place(key)?;
        let current = self.entries.get(place).and_then(|entry| entry.value.as_deref());
        let sum = checked_counter_sum(current.map_or(Ok(0), parse_counter)?, delta)?;
        // The sum, because the counter is watched: it cannot have changed when this is executed.
        self.overwrite(place, sum.to_string().into(), WriteExpiry::Keep { missing: self.terms.default_lifetime })?;
        Ok(sum)
    }

    fn overwrite(&mut self, place: usize, value: Bytes, expiry: WriteExpiry) -> Result<()> {
        let (bytes, limit) = (value.len(), self.terms.capabilities.max_value_bytes);
        if bytes > limit {
            return Err(Error::new(ErrorKind::TooLarge, format!("value too large; bytes={bytes} limit={limit}")));
        }
        let Some(entry) = self.entries.get_mut(place) else { return Err(not_named()) };
        let (reserve, set) = command::overwrite(entry.key, &value, expiry);
        self.commands.extend(reserve.into_iter().chain([set]));
        entry.value = Some(value);
        Ok(())
    }

    /// Changes an entry that is there.
    fn change(
        &mut self,
        place: usize,
        commands: impl FnOnce(WireKey<'a>) -> Vec<Command>,
        change: impl FnOnce(&mut DraftEntry<'a>) -> Option<Bytes>,
    ) -> Result<bool> {
        let Some(entry) = self.entries.get_mut(place) else { return Err(not_named()) };
        let existed = change(entry).is_some();
        if existed {
            self.commands.extend(commands(entry.key));
        }
        Ok(existed)
    }

    fn place(&self, key: &str) -> Result<usize> {
        self.entries.iter().position(|entry| entry.key.text() == key).ok_or_else(not_named)
    }
}

/// Shows how much there is of everything, never a key or a value.
impl fmt::Debug for Draft<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draft")
            .field("entries", &self.entries.len())
            .field("commands", &self.commands.len())
            .finish_non_exhaustive()
    }
}

fn not_named() -> Error {
    Error::new(ErrorKind::InvalidArgument, "a transaction reads and writes only the keys that it names")
}
