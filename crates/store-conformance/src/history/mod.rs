//! Whether what concurrent callers were told can have happened one call after another.
//!
//! A [`History`] holds the calls on one entry, or on one lock: who made each, when it was called and when it returned,
//! what was asked and what was answered. [`History::judge`] looks for an order in which each call takes effect between
//! its call and its return and in which every answer is the right one: *linearizability*. Entries and locks are judged
//! one by one, because a system is linearizable if each of its parts is.
//!
//! A call whose answer was lost, to a timeout, a broken connection or a dropped future, stays open: it may take effect at
//! any time after it was called, or never. What certainly had no effect is not recorded.
//!
//! How a history is judged depends on what is in it:
//!
//! * Plain reads and writes of values that are written once each: by *zones* (Gibbons and Korach), in the time of a sort.
//! * Steps of one size on a counter: by sorting the sums, likewise.
//! * Everything else: by a search (Wing and Gong; Lowe). It goes through the history once and keeps every way in which
//!   the calls so far can have happened. Its time grows with the length of the history, and at worst exponentially with
//!   the number of writes that are under way at the same time. Writes without an answer are under way for ever, but cost
//!   little unless somebody asks for their values later.
//!
//! A [`Violation`] is the smallest part of the history that was found to have no such order. It is shown with a lane for
//! each caller.
//!
//! The checks of this suite use it, and it is public for tests that record histories of their own, such as those of
//! servers that fail.
//!
//! ```
//! use store_conformance::history::{Call, EntryAnswer, EntryOp, History};
//!
//! let mut seen = History::new();
//! seen.push(Call::answered(0, 0..=10, EntryOp::Set(1), EntryAnswer::Done));
//! seen.push(Call::answered(1, 20..=30, EntryOp::Set(2), EntryAnswer::Done));
//! seen.push(Call::open(2, 25, EntryOp::Delete));
//! // The delete may be over by now, or not have happened yet.
//! for answer in [None, Some(2)] {
//!     let mut seen = seen.clone();
//!     seen.push(Call::answered(0, 40..=50, EntryOp::Get, EntryAnswer::Value(answer)));
//!     assert!(seen.judge().is_ok());
//! }
//! // But nothing brings the first value back.
//! seen.push(Call::answered(0, 40..=50, EntryOp::Get, EntryAnswer::Value(Some(1))));
//! let violation = seen.judge().unwrap_err();
//! assert_eq!(violation.calls().count(), 3);
//! println!("{violation}");
//! ```

mod effort;
mod entry;
mod lanes;
mod lock;
mod mentions;
mod operation;
mod search;
mod shrink;
mod sums;
mod unanswered;
mod ways;
mod zones;

#[cfg(test)]
mod tests;

use std::ops::RangeInclusive;
use std::time::Instant;

pub use entry::{EntryAnswer, EntryOp, Value};
pub use lock::{LockAnswer, LockOp};
pub use operation::Operation;
pub use shrink::Violation;
use shrink::{Part, Start};

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call<O: Operation> {
    /// Who made it, for whoever reads the history.
    pub caller: usize,
    /// When it was called, in nanoseconds since some instant that all callers share.
    pub called: u64,
    /// What was asked.
    pub operation: O,
    /// When it returned, and with which answer; `None` if nobody knows whether it took effect.
    pub returned: Option<Returned<O::Answer>>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned<A> {
    /// When, in nanoseconds since the instant that calls are counted from.
    pub at: u64,
    /// What was answered.
    pub answer: A,
}

impl<O: Operation> Call<O> {
    /// A call that was answered, with the times of its call and its return. Calls that share an instant overlap.
    #[must_use]
    pub fn answered(caller: usize, during: RangeInclusive<u64>, operation: O, answer: O::Answer) -> Self {
        let (called, at) = during.into_inner();
        Self { caller, called, operation, returned: Some(Returned { at, answer }) }
    }

    /// A call of which nobody knows whether it took effect, or will.
    #[must_use]
    pub fn open(caller: usize, called: u64, operation: O) -> Self {
        Self { caller, called, operation, returned: None }
    }

    /// As far as anybody knows, it changed nothing and never will.
    fn observes(&self) -> bool {
        self.operation.observes(self.returned.map(|returned| returned.answer))
    }
}

/// The calls on one entry that was absent, or on one lock that was free and never expired meanwhile. In any order.
#[derive(Clone, Debug)]
pub struct History<O: Operation> {
    calls: Vec<Call<O>>,
}

impl<O: Operation> Default for History<O> {
    fn default() -> Self {
        Self { calls: Vec::new() }
    }
}

impl<O: Operation> History<O> {
    /// A history without calls.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a call.
    pub fn push(&mut self, call: Call<O>) {
        self.calls.push(call);
    }

    /// The calls, in the order in which they were added.
    #[must_use]
    pub fn calls(&self) -> &[Call<O>] {
        &self.calls
    }

    /// Looks for an order that explains every answer.
    ///
    /// # Errors
    /// A [`Violation`] if there is none.
    pub fn judge(&self) -> Result<(), Violation<O>> {
        match O::judge_by_kind(&self.calls) {
            Some(Ok(())) => Ok(()),
            Some(Err(part)) => Violation::find(part),
            None => Violation::find(Part::of(self.calls.clone(), Start::Beginning)),
        }
    }
}

impl<O: Operation> Extend<Call<O>> for History<O> {
    fn extend<I: IntoIterator<Item = Call<O>>>(&mut self, calls: I) {
        self.calls.extend(calls);
    }
}

impl<O: Operation> FromIterator<Call<O>> for History<O> {
    fn from_iter<I: IntoIterator<Item = Call<O>>>(calls: I) -> Self {
        Self { calls: calls.into_iter().collect() }
    }
}

impl<O: Operation> IntoIterator for History<O> {
    type Item = Call<O>;
    type IntoIter = std::vec::IntoIter<Call<O>>;

    fn into_iter(self) -> Self::IntoIter {
        self.calls.into_iter()
    }
}

/// What the callers of a history tell the time by: one for all of them.
#[derive(Clone, Copy, Debug)]
pub struct Watch(Instant);

impl Watch {
    /// One that starts now.
    #[must_use]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Nanoseconds since it was started.
    #[must_use]
    pub fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
