//! A step: what one call does in a transaction that it may share with others.

use std::cell::Cell;

use redb::{Key, Table, TableDefinition, Value, WriteTransaction};
use store_core::{Clock, Error, Result, Timestamp};
use tokio::sync::oneshot;

use crate::error::Failure;
use crate::snapshot::Snapshot;
use crate::timeline::Moment;

/// A transaction under way, which steps work on one after another.
pub(crate) struct Transaction<'a> {
    transaction: &'a WriteTransaction,
    clock: &'a dyn Clock,
    has_changed: &'a Cell<bool>,
}

impl<'a> Transaction<'a> {
    /// `has_changed` is set as soon as something has been written.
    pub(crate) fn new(transaction: &'a WriteTransaction, clock: &'a dyn Clock, has_changed: &'a Cell<bool>) -> Self {
        Self { transaction, clock, has_changed }
    }

    /// The next step, which judges by the time that it is now.
    pub(crate) fn begin_step(&self) -> Writing<'a> {
        Writing { transaction: self.transaction, now: self.clock.now(), has_changed: self.has_changed }
    }
}

/// What a step works on. It is told the time once; whoever comes later is told one that is no earlier.
pub(crate) struct Writing<'a> {
    transaction: &'a WriteTransaction,
    now: Timestamp,
    has_changed: &'a Cell<bool>,
}

impl<'a> Writing<'a> {
    pub(crate) fn now(&self) -> Timestamp {
        self.now
    }

    /// What is there, with all that the steps before have done.
    pub(crate) fn snapshot(&self) -> (Snapshot<'a>, Moment) {
        (Snapshot::UnderWay(self.transaction), Moment::of_step(self.now))
    }

    /// A table, which no other part of the step may have open.
    pub(crate) fn open<K: Key, V: Value>(&self, table: TableDefinition<'_, K, V>) -> Result<Table<'a, K, V>, Failure> {
        Ok(self.transaction.open_table(table)?)
    }

    /// To be called by whoever writes into a table; without it the transaction is not committed.
    pub(crate) fn has_changed(&self) {
        self.has_changed.set(true);
    }
}

/// A step as the writer sees it.
pub(crate) trait Step: Send {
    /// Whether somebody still waits for its answer.
    fn is_awaited(&self) -> bool;

    /// Does it. Refusals are kept as its answer; what is returned is trouble with the file.
    fn run(&mut self, writing: &Writing<'_>) -> Result<()>;

    /// Answers, when its transaction was committed, or with the error that ended it.
    fn answer(self: Box<Self>, outcome: Result<()>);
}

/// A function with the one who waits for what it returns.
pub(crate) struct Asked<T, F> {
    step: Option<F>,
    result: Option<Result<T>>,
    asker: oneshot::Sender<Result<T>>,
}

impl<T, F> Asked<T, F>
where
    T: Send,
    F: FnOnce(&Writing<'_>) -> Result<T, Failure> + Send,
{
    pub(crate) fn new(step: F) -> (Self, oneshot::Receiver<Result<T>>) {
        let (asker, answer) = oneshot::channel();
        (Self { step: Some(step), result: None, asker }, answer)
    }
}

impl<T, F> Step for Asked<T, F>
where
    T: Send,
    F: FnOnce(&Writing<'_>) -> Result<T, Failure> + Send,
{
    fn is_awaited(&self) -> bool {
        !self.asker.is_closed()
    }

    fn run(&mut self, writing: &Writing<'_>) -> Result<()> {
        let Some(step) = self.step.take() else { return Ok(()) };
        self.result = Some(match step(writing) {
            Ok(answer) => Ok(answer),
            Err(Failure::Refused(error)) => Err(error),
            Err(Failure::Storage(error)) => return Err(error),
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
