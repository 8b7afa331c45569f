//! The line in which callers stand before the writer: bounded in writes and in bytes, so that callers who are faster than
//! the disk are told so, before the memory is full.
//!
//! A write counts until it is answered, also while its transaction is committed, because it is in memory as long. Its caller
//! takes one lock, in which it is counted and put into the line: 50 to 100 ns with up to four callers at once on two
//! cores, about what a channel without limits costs, while a step costs microseconds. The writer takes it twice for a
//! whole group: when it takes the group and when it has done it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use store_core::{Error, ErrorKind, Result};

/// How much may stand in the line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) writes: usize,
    pub(crate) bytes: usize,
}

struct Line<M> {
    state: Mutex<State<M>>,
    has_changed: Condvar,
    limits: Limits,
}

struct State<M> {
    messages: VecDeque<M>,
    /// In the line, or taken from it and not answered yet.
    load: Load,
    ends: Ends,
}

/// What counts against the limits.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    writes: usize,
    bytes: usize,
}

impl Load {
    /// One write with so many bytes of keys and values.
    pub(crate) fn of_write(bytes: usize) -> Self {
        Self { writes: 1, bytes }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self { writes: self.writes.saturating_add(other.writes), bytes: self.bytes.saturating_add(other.bytes) }
    }

    fn without(self, other: Self) -> Self {
        Self { writes: self.writes.saturating_sub(other.writes), bytes: self.bytes.saturating_sub(other.bytes) }
    }
}

/// Which ends of the line are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Both,
    /// Nobody comes any more.
    HeadAlone,
    /// Nobody is served any more.
    EntranceAlone,
}

/// What the head of a line finds.
pub(crate) enum Came<M> {
    Messages(Vec<M>),
    Nothing,
    /// And nobody comes any more.
    End,
}

pub(crate) fn new<M>(limits: Limits) -> (Entrance<M>, Head<M>) {
    let state = State { messages: VecDeque::new(), load: Load::default(), ends: Ends::Both };
    let line = Arc::new(Line { state: Mutex::new(state), has_changed: Condvar::new(), limits });
    (Entrance(Arc::clone(&line)), Head(line))
}

/// Where callers come. The line ends when it is dropped.
pub(crate) struct Entrance<M>(Arc<Line<M>>);

impl<M> Entrance<M> {
    /// Puts a message into the line. [`Load::default`] is for what is no write, and is always let in.
    pub(crate) fn join(&self, message: M, load: Load) -> Result<()> {
        let mut state = self.0.state.lock();
        if state.ends == Ends::EntranceAlone {
            return Err(Error::closed());
        }
        self.0.limits.admit(state.load, load)?;
        state.load = state.load.and(load);
        state.messages.push_back(message);
        drop(state);
        self.0.has_changed.notify_one();
        Ok(())
    }
}

impl Limits {
    /// A write that is larger than the limit comes in when there is no other: it would never, else.
    fn admit(&self, waiting: Load, comes: Load) -> Result<()> {
        let with_it = waiting.and(comes);
        if comes.writes == 0 || waiting.writes == 0 {
            return Ok(());
        }
        if with_it.writes > self.writes {
            return Err(overloaded(format!("too many writes wait; max_waiting_writes={}", self.writes)));
        }
        if with_it.bytes > self.bytes {
            return Err(overloaded(format!("too large writes wait; max_waiting_bytes={}", self.bytes)));
        }
        Ok(())
    }
}

fn overloaded(message: String) -> Error {
    // Its outcome is that nothing was applied, and its advice to come again later.
    Error::new(ErrorKind::Overloaded, message)
}

impl<M> Drop for Entrance<M> {
    fn drop(&mut self) {
        self.0.end(Ends::HeadAlone);
    }
}

/// Where the writer serves. Whoever stands in the line when it is dropped is sent away.
pub(crate) struct Head<M>(Arc<Line<M>>);

impl<M> Head<M> {
    /// Takes the first `most` messages, after a wait of up to `rest` for one.
    pub(crate) fn take(&self, most: usize, rest: Duration) -> Came<M> {
        let mut state = self.0.state.lock();
        if state.messages.is_empty() && state.ends == Ends::Both {
            self.0.has_changed.wait_for(&mut state, rest);
        }
        match state.messages.len().min(most) {
            0 if state.ends == Ends::Both => Came::Nothing,
            0 => Came::End,
            count => Came::Messages(state.messages.drain(..count).collect()),
        }
    }

    /// Makes room again for what has been taken.
    pub(crate) fn leave(&self, load: Load) {
        let mut state = self.0.state.lock();
        state.load = state.load.without(load);
    }
}

impl<M> Drop for Head<M> {
    fn drop(&mut self) {
        let left = self.0.end(Ends::EntranceAlone);
        // Without the lock: whoever is told may come again at once.
        drop(left);
    }
}

impl<M> Line<M> {
    /// Leaves this of the two; what nobody will serve is returned.
    fn end(&self, ends: Ends) -> VecDeque<M> {
        let mut state = self.state.lock();
        state.ends = ends;
        self.has_changed.notify_one();
        match ends {
            Ends::EntranceAlone => std::mem::take(&mut state.messages),
            Ends::Both | Ends::HeadAlone => VecDeque::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use store_core::{Outcome, Retry};

    use super::*;

    const LIMITS: Limits = Limits { writes: 3, bytes: 100 };

    fn write(entrance: &Entrance<u8>, bytes: usize) -> Result<()> {
        entrance.join(0, Load::of_write(bytes))
    }

    fn is_refused(entrance: &Entrance<u8>, bytes: usize, limit: &str) {
        let error = write(entrance, bytes).unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Overloaded, Outcome::NotApplied));
        assert_eq!(error.retry(), Retry::AfterBackoff);
        assert!(error.to_string().contains(limit), "{error}");
    }

    fn taken(head: &Head<u8>, most: usize) -> usize {
        match head.take(most, Duration::ZERO) {
            Came::Messages(messages) => messages.len(),
            Came::Nothing | Came::End => 0,
        }
    }

    #[test]
    fn no_more_writes_wait_than_the_limit_says_until_some_are_answered() {
        let (entrance, head) = new(LIMITS);
        (0..3).for_each(|_| write(&entrance, 1).unwrap());
        is_refused(&entrance, 1, "max_waiting_writes=3");
        assert_eq!(taken(&head, 2), 2);
        is_refused(&entrance, 1, "max_waiting_writes=3");
        head.leave(Load::of_write(1));
        write(&entrance, 1).unwrap();
        is_refused(&entrance, 1, "max_waiting_writes=3");
    }

    #[test]
    fn no_more_bytes_wait_than_the_limit_says() {
        let (entrance, head) = new(LIMITS);
        write(&entrance, 60).unwrap();
        is_refused(&entrance, 41, "max_waiting_bytes=100");
        write(&entrance, 40).unwrap();
        is_refused(&entrance, 1, "max_waiting_bytes=100");
        assert_eq!(taken(&head, 1), 1);
        head.leave(Load::of_write(60));
        write(&entrance, 60).unwrap();
    }

    #[test]
    fn a_write_that_is_larger_than_the_limit_waits_alone() {
        let (entrance, head) = new(LIMITS);
        write(&entrance, 1000).unwrap();
        is_refused(&entrance, 1, "max_waiting_bytes=100");
        assert_eq!(taken(&head, 1), 1);
        head.leave(Load::of_write(1000));
        write(&entrance, 1).unwrap();
        is_refused(&entrance, 1000, "max_waiting_bytes=100");
    }

    #[test]
    fn what_is_no_write_is_always_let_in() {
        let (entrance, head) = new(LIMITS);
        (0..3).for_each(|_| write(&entrance, 1).unwrap());
        entrance.join(7, Load::default()).unwrap();
        assert_eq!(taken(&head, 10), 4);
    }

    #[test]
    fn each_end_learns_that_the_other_has_gone() {
        let (entrance, head) = new(LIMITS);
        write(&entrance, 1).unwrap();
        drop(entrance);
        assert_eq!(taken(&head, 10), 1);
        assert!(matches!(head.take(10, Duration::MAX), Came::End));

        let (entrance, head) = new(LIMITS);
        let message = Arc::new(());
        entrance.join(Arc::clone(&message), Load::default()).unwrap();
        drop(head);
        assert_eq!(Arc::strong_count(&message), 1, "whoever stood there is sent away");
        assert_eq!(entrance.join(message, Load::default()).unwrap_err().kind(), ErrorKind::Closed);
    }
}
