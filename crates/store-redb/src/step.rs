//! A step: what one call does in a transaction that it may share with others.

use std::cell::{Cell, RefCell};

use redb::{Key, Value, WriteTransaction};
use store_core::{Clock, Error, Result, Timestamp};
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::snapshot::Snapshot;
use crate::table::{Definition, OpenTable};
use crate::timeline::Moment;

/// What the steps of a transaction have done to it.
#[derive(Default)]
pub(crate) struct Effects {
    /// How many rows were written or removed.
    changes: Cell<u64>,
    /// The locks that were released or changed.
    locks: RefCell<Vec<Vec<u8>>>,
}

impl Effects {
    pub(crate) fn has_changed(&self) -> bool {
        self.changes.get() > 0
    }

    pub(crate) fn into_locks(self) -> Vec<Vec<u8>> {
        self.locks.into_inner()
    }
}

/// A transaction under way, which steps work on one after another.
pub(crate) struct Transaction<'a> {
    transaction: &'a WriteTransaction,
    clock: &'a dyn Clock,
    effects: &'a Effects,
}

impl<'a> Transaction<'a> {
    pub(crate) fn new(transaction: &'a WriteTransaction, clock: &'a dyn Clock, effects: &'a Effects) -> Self {
        Self { transaction, clock, effects }
    }

    /// The next step, which judges by the time that it is now.
    pub(crate) fn begin_step(&self) -> Writing<'a> {
        let (now, effects) = (self.clock.now(), self.effects);
        Writing { transaction: self.transaction, now, effects, changes_before: effects.changes.get() }
    }
}

/// What a step works on. It is told the time once; whoever comes later is told one that is no earlier.
pub(crate) struct Writing<'a> {
    transaction: &'a WriteTransaction,
    now: Timestamp,
    effects: &'a Effects,
    changes_before: u64,
}

impl<'a> Writing<'a> {
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// What is there, with all that the steps before have done.
    pub(crate) fn snapshot(&self) -> (Snapshot<'a>, Moment) {
        (Snapshot::UnderWay(self.transaction), Moment::of_step(self.now))
    }

    /// A table, which no other part of the step may have open. A transaction in which nothing was written into any is not
    /// committed.
    pub(crate) fn open<K: Key, V: Value>(&self, table: Definition<K, V>) -> Result<OpenTable<'a, K, V>, Failure> {
        OpenTable::new(self.transaction, table, &self.effects.changes)
    }

    /// To be called by whoever releases or changes a lock: those who wait for it are woken.
    pub(crate) fn has_changed_lock(&self, row: &[u8]) {
        self.effects.locks.borrow_mut().push(row.to_vec());
    }

    fn has_changed(&self) -> bool {
        self.effects.changes.get() > self.changes_before
    }
}

/// A step as the writer sees it.
pub(crate) trait Step: Send {
    /// Whether somebody still waits for its answer.
    fn is_awaited(&self) -> bool;

    /// Does it, and keeps the answer. It is done again, and answered otherwise, where another step has ended the
    /// transaction. What is returned ends the transaction: trouble with the file, and a refusal half-way, because what the
    /// step has done until then must not be committed.
    fn run(&mut self, writing: &Writing<'_>) -> Result<(), Failure>;

    /// Answers, when its transaction was committed, or with the error that ended it.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

/// A function with the one who waits for what it returns.
pub(crate) struct Asked<T, F> {
    step: F,
    result: Option<Result<T>>,
    asker: oneshot::Sender<Result<T>>,
}

impl<T, F> Asked<T, F>
where
    T: Send,
    F: Fn(&Writing<'_>) -> Result<T, Failure> + Send,
{
    pub(crate) fn new(step: F) -> (Self, oneshot::Receiver<Result<T>>) {
        let (asker, answer) = oneshot::channel();
        (Self { step, result: None, asker }, answer)
    }
}

impl<T, F> Step for Asked<T, F>
where
    T: Send,
    F: Fn(&Writing<'_>) -> Result<T, Failure> + Send,
{
    fn is_awaited(&self) -> bool {
        !self.asker.is_closed()
    }

    fn run(&mut self, writing: &Writing<'_>) -> Result<(), Failure> {
        self.result = Some(match (self.step)(writing) {
            Ok(answer) => Ok(answer),
            Err(Failure::Refused(error)) if !writing.has_changed() => Err(error),
            Err(failure) => return Err(failure),
        });
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<()>) {
        let Self { result, asker, .. } = *self;
        let answer = outcome.and_then(|()| result.unwrap_or_else(|| Err(Error::closed())));
        // Whoever does not wait any more has no use for it.
        let _ = asker.send(answer);
    }
}
