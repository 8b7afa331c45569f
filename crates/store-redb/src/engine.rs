//! What all handles of one file share, and one method for each operation of the contract: what it reads, or the step that
//! it sends to the writer.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use store_core::{
    Address, BatchItem, Bytes, Capabilities, Clock, Condition, DeleteOptions, Entry, Error, FencingToken, GetOptions,
    Key, Lifetime, ListOptions, LockOptions, LockOwner, Namespace, Page, Remaining, Result, SetOptions, SetOutcome,
    Timestamp, Ttl,
};
use tokio::sync::oneshot;

use crate::entries::{Entries, Reader};
use crate::error::Failure;
use crate::line::{Entrance, Load};
use crate::locks::{self, Attempt, Locks};
use crate::row;
use crate::shared::Shared;
use crate::snapshot::Snapshot;
use crate::step::{Asked, Writing};
use crate::timeline::Moment;
use crate::walk::{Clearing, Listing};
use crate::writer::Message;

pub(crate) struct Engine {
    pub(crate) capabilities: Capabilities,
    shared: Arc<Shared>,
    /// The way to the writer, which ends when this does.
    line: Entrance<Message>,
}

impl Engine {
    pub(crate) fn new(capabilities: Capabilities, shared: Arc<Shared>, line: Entrance<Message>) -> Self {
        Self { capabilities, shared, line }
    }

    /// Reads without waiting where it can, and otherwise behind all that was asked for before. `bytes` are those of what is
    /// asked for.
    pub(crate) async fn read<T, F>(&self, bytes: usize, look: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Snapshot<'_>, &Moment) -> Result<T, Failure> + Send + 'static,
    {
        if let Some(seen) = self.shared.look(&look).map_err(Failure::into_error)? {
            return Ok(seen);
        }
        let step = move |writing: &Writing<'_>| {
            let (snapshot, moment) = writing.snapshot();
            look(&snapshot, &moment)
        };
        self.write(bytes, step).await
    }

    /// Has the writer do a step, and waits until it is done and committed. `bytes` are those of the keys and values that
    /// wait with it. The step may be done more than once, and the last time counts.
    pub(crate) async fn write<T, F>(&self, bytes: usize, step: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&Writing<'_>) -> Result<T, Failure> + Send + 'static,
    {
        let (asked, answer) = Asked::new(step);
        let load = Load::of_write(bytes);
        self.line.join(Message::Step(Box::new(asked), load), load)?;
        answer.await.map_err(|_ended| Error::closed())?
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Result<T> {
        let (asker, answer) = oneshot::channel();
        self.line.join(message(asker), Load::default())?;
        answer.await.map_err(|_ended| Error::closed())
    }

    pub(crate) async fn get(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        let row = row::of(at);
        let found = match options.renew {
            None => self.read(row.len(), move |snapshot, moment| Reader::open(snapshot)?.get(&row, moment)).await,
            Some(ttl) => self.write(row.len(), move |writing| Entries::open(writing)?.renew(&row, ttl)).await,
        };
        Ok(found?.map(|found| found.into_entry(options.expiry)))
    }

    pub(crate) async fn set(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        let row = row::of(at);
        let expected = match &options.condition {
            Condition::IfValue(expected) => expected.len(),
            _ => 0,
        };
        let bytes = row.len() + value.len() + expected;
        self.write(bytes, move |writing| Entries::open(writing)?.set(&row, &value, &options)).await
    }

    pub(crate) async fn delete(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        let row = row::of(at);
        let bytes = row.len() + options.if_value.as_ref().map_or(0, Bytes::len);
        self.write(bytes, move |writing| Entries::open(writing)?.delete(&row, options.if_value.as_deref())).await
    }

    pub(crate) async fn expire(&self, at: Address<'_>, lifetime: Lifetime) -> Result<bool> {
        let row = row::of(at);
        self.write(row.len(), move |writing| Entries::open(writing)?.expire(&row, lifetime)).await
    }

    pub(crate) async fn take(&self, at: Address<'_>) -> Result<Option<Bytes>> {
        let row = row::of(at);
        self.write(row.len(), move |writing| Entries::open(writing)?.take(&row)).await
    }

    pub(crate) async fn remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        let row = row::of(at);
        self.read(row.len(), move |snapshot, moment| Reader::open(snapshot)?.remaining(&row, moment)).await
    }

    pub(crate) async fn add(&self, at: Address<'_>, delta: i64, on_create: Lifetime) -> Result<i64> {
        let row = row::of(at);
        self.write(row.len(), move |writing| Entries::open(writing)?.add(&row, delta, on_create)).await
    }

    pub(crate) async fn get_many(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        let (rows, bytes) = rows(namespace, keys);
        let values = move |snapshot: &Snapshot<'_>, moment: &Moment| {
            let entries = Reader::open(snapshot)?;
            let value = |row: &Vec<u8>| Ok(entries.get(row, moment)?.map(|found| found.value));
            rows.iter().map(value).collect()
        };
        self.read(bytes, values).await
    }

    pub(crate) async fn set_many(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>) -> Result<()> {
        let row = |item: BatchItem<'_>| {
            (row::of(Address { namespace, key: item.key }), item.value, SetOptions::new(item.expiry))
        };
        let items: Vec<_> = items.into_iter().map(row).collect();
        let bytes = items.iter().map(|(row, value, _)| row.len() + value.len()).sum();
        let set = move |writing: &Writing<'_>| {
            let mut entries = Entries::open(writing)?;
            for (row, value, options) in &items {
                let _always_stored = entries.set(row, value, options)?;
            }
            Ok(())
        };
        self.write(bytes, set).await
    }

    pub(crate) async fn delete_many(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<bool>> {
        let (rows, bytes) = rows(namespace, keys);
        let delete = move |writing: &Writing<'_>| {
            let mut entries = Entries::open(writing)?;
            rows.iter().map(|row| entries.delete(row, None)).collect()
        };
        self.write(bytes, delete).await
    }

    pub(crate) async fn expire_many(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        lifetime: Lifetime,
    ) -> Result<Vec<bool>> {
        let (rows, bytes) = rows(namespace, keys);
        let expire = move |writing: &Writing<'_>| {
            let mut entries = Entries::open(writing)?;
            rows.iter().map(|row| entries.expire(row, lifetime)).collect()
        };
        self.write(bytes, expire).await
    }

    pub(crate) async fn list(&self, namespace: &Namespace, options: &ListOptions) -> Result<Page> {
        let listing = Listing::new(namespace, options)?;
        self.read(0, move |snapshot, moment| listing.read(snapshot, moment)).await
    }

    /// Removes a namespace and all that is nested in it, a transaction for each step; of the empty one, everything.
    pub(crate) async fn clear_subtree(&self, namespace: &Namespace) -> Result<u64> {
        let begun = namespace.clone();
        let mut left = self.write(0, move |writing| Clearing::begin(&begun, &writing.snapshot().0)).await?;
        let mut removed = 0;
        while let Some(clearing) = left {
            let step = self.write(0, move |writing| clearing.step(writing)).await;
            let (count, rest) = step.map_err(|error| error.after_steps(removed))?;
            removed += count;
            left = rest;
        }
        Ok(removed)
    }

    /// Acquires a lock, and waits for one that is held: for the writer's word that it was released or changed, or by the
    /// clock for its expiry.
    pub(crate) async fn acquire(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        let row = row::of(at);
        let wait_ends = self.shared.clock.now().saturating_add(options.wait);
        let waiter = self.shared.waiters.stand_by(&row);
        loop {
            // Before the look, or what changes right after it would be missed.
            let changed = waiter.changed();
            let attempt = {
                let row = row.clone();
                self.write(row.len(), move |writing| Locks::open(writing)?.acquire(&row, owner, options.ttl)).await?
            };
            let (now, expires_at) = match attempt {
                Attempt::Acquired(token) | Attempt::HeldAlready(token) => return Ok(Some(token)),
                Attempt::HeldUntil { now, expires_at } => (now, expires_at),
            };
            if now >= wait_ends {
                return Ok(None);
            }
            first_of(changed, self.reached(expires_at.min(wait_ends))).await;
        }
    }

    /// Waits for a time: by the clock where it can tell, else the writer watches it.
    async fn reached(&self, time: Timestamp) {
        match self.shared.clock.reached(time) {
            Some(reached) => reached.await,
            // Once the store is closed the next attempt says so.
            None => self.ask(|waiter| Message::Alarm(time, waiter)).await.unwrap_or_default(),
        }
    }

    pub(crate) async fn extend(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        let row = row::of(at);
        self.write(row.len(), move |writing| Locks::open(writing)?.extend(&row, owner, ttl)).await
    }

    pub(crate) async fn release(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        let row = row::of(at);
        self.write(row.len(), move |writing| Locks::open(writing)?.release(&row, owner)).await
    }

    pub(crate) async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        let row = row::of(at);
        self.read(row.len(), move |snapshot, moment| locks::is_held(snapshot, moment, &row, owner)).await
    }

    /// Proves that the writer works and that the file can be read.
    pub(crate) async fn ping(&self) -> Result<()> {
        self.write(0, |writing| Reader::open(&writing.snapshot().0).map(drop)).await
    }

    pub(crate) async fn flush(&self) -> Result<()> {
        self.ask(Message::Flush).await?
    }

    pub(crate) async fn compact(&self) -> Result<bool> {
        self.ask(Message::Compact).await?
    }

    pub(crate) async fn close(&self) -> Result<()> {
        // Without a writer it is closed.
        self.ask(Message::Close).await.unwrap_or(Ok(()))
    }
}

/// The rows of keys, and how many bytes they have together.
fn rows(namespace: &Namespace, keys: &[Key<'_>]) -> (Vec<Vec<u8>>, usize) {
    let rows: Vec<_> = keys.iter().map(|&key| row::of(Address { namespace, key })).collect();
    let bytes = rows.iter().map(Vec::len).sum();
    (rows, bytes)
}

async fn first_of(one: impl Future<Output = ()>, other: impl Future<Output = ()>) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => other.as_mut().poll(context),
    })
    .await;
}

/// Shows where the file is, never what is in it.
impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("path", &self.shared.location.path).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
