//! The oracle: what a store holds after a sequence of operations, as a map of values with intervals of expiry.
//!
//! Each method judges one answer. Where time leaves two answers open, the one that was given is believed from then on.

mod locks;
mod walk;

use std::collections::BTreeMap;

use store_core::{Bytes, Entry, ErrorKind, Lifetime, Remaining, WriteExpiry, checked_counter_sum, parse_counter};

use crate::failure::{Failure, ensure, ensure_eq};
use crate::time::{Deadline, Moment, Presence, Span, Time};

pub(crate) use locks::Acquired;

/// Where an entry is: the number of a namespace and of a key in the program.
pub(crate) type Place = (usize, usize);

type Judgement = Result<(), Failure>;

#[derive(Clone, Debug)]
struct Cell {
    value: Bytes,
    deadline: Deadline,
}

/// When the model lets a write take place.
#[derive(Clone, Debug)]
pub(crate) enum Guard {
    Always,
    IfAbsent,
    IfPresent,
    IfValue(Bytes),
}

pub(crate) struct Model<'a> {
    time: &'a Time,
    cells: BTreeMap<Place, Cell>,
    locks: locks::Locks,
    /// How many answers were rightly "nothing there" because an entry had expired.
    pub(crate) passed_expiries: u64,
}

impl<'a> Model<'a> {
    pub(crate) fn new(time: &'a Time) -> Self {
        Self { time, cells: BTreeMap::new(), locks: locks::Locks::default(), passed_expiries: 0 }
    }

    /// The value that an operation at this place is expected to find.
    pub(crate) fn value(&self, at: Place) -> Option<Bytes> {
        self.cells.get(&at).map(|cell| cell.value.clone())
    }

    /// What an operation has to find at this place, and when that expires; `None` where time leaves it open.
    pub(crate) fn promised(&self, at: Place, during: Span) -> Option<Option<(Bytes, Deadline)>> {
        match self.presence(at, during) {
            Presence::Present => Some(self.cells.get(&at).map(|cell| (cell.value.clone(), cell.deadline))),
            Presence::Absent => Some(None),
            Presence::Unclear => None,
        }
    }

    /// Whatever was there is gone.
    pub(crate) fn forget(&mut self, at: Place) {
        self.cells.remove(&at);
    }

    /// When the next entry or lock that expires before `limit` is certainly gone.
    pub(crate) fn next_expiry(&self, now: Moment, limit: Moment) -> Option<Moment> {
        let ends = self.cells.values().map(|cell| cell.deadline.high).chain(self.locks.ends());
        ends.filter(|&high| now < high && high <= limit).min()
    }

    pub(crate) fn get(&mut self, at: Place, during: Span, answer: Option<&Bytes>) -> Judgement {
        self.settle(at, during, answer.is_some())?;
        if let (Some(cell), Some(seen)) = (self.cells.get(&at), answer) {
            ensure_eq!(seen, &cell.value, "the value read");
        }
        Ok(())
    }

    pub(crate) fn get_with_expiry(&mut self, at: Place, during: Span, answer: Option<&Entry>) -> Judgement {
        self.get(at, during, answer.map(|entry| &entry.value))?;
        match (self.cells.get(&at), answer) {
            (Some(cell), Some(entry)) => self.time.check_expires_at(cell.deadline, entry.expires_at),
            _ => Ok(()),
        }
    }

    pub(crate) fn renew(&mut self, at: Place, during: Span, to: Lifetime, answer: Option<&Bytes>) -> Judgement {
        self.get(at, during, answer)?;
        let renewed = self.time.deadline(to, during);
        if let Some(cell) = self.cells.get_mut(&at) {
            if cell.deadline.certainly_expires() {
                cell.deadline = renewed;
            } else if cell.deadline != Deadline::NEVER {
                cell.deadline = cell.deadline.or(renewed);
            }
        }
        Ok(())
    }

    pub(crate) fn set(
        &mut self,
        at: Place,
        during: Span,
        value: Bytes,
        expiry: WriteExpiry,
        guard: &Guard,
        stored: bool,
    ) -> Judgement {
        self.judge_guard(at, during, guard, stored)?;
        if stored {
            let deadline = self.written_deadline(at, during, expiry);
            self.cells.insert(at, Cell { value, deadline });
        }
        Ok(())
    }

    pub(crate) fn delete(&mut self, at: Place, during: Span, guard: &Guard, removed: bool) -> Judgement {
        match guard {
            Guard::IfValue(_) => self.judge_guard(at, during, guard, removed)?,
            _ => self.settle(at, during, removed)?,
        }
        if removed {
            self.cells.remove(&at);
        }
        Ok(())
    }

    pub(crate) fn take(&mut self, at: Place, during: Span, answer: Option<&Bytes>) -> Judgement {
        self.get(at, during, answer)?;
        self.cells.remove(&at);
        Ok(())
    }

    pub(crate) fn exists(&mut self, at: Place, during: Span, answer: bool) -> Judgement {
        self.settle(at, during, answer)
    }

    pub(crate) fn ttl(&mut self, at: Place, during: Span, answer: Option<Remaining>) -> Judgement {
        self.settle(at, during, answer.is_some())?;
        match (self.cells.get(&at), answer) {
            (Some(cell), Some(remaining)) => cell.deadline.check_remaining(remaining, during),
            _ => Ok(()),
        }
    }

    pub(crate) fn expire(&mut self, at: Place, during: Span, lifetime: Lifetime, existed: bool) -> Judgement {
        self.settle(at, during, existed)?;
        let deadline = self.time.deadline(lifetime, during);
        if let Some(cell) = self.cells.get_mut(&at) {
            cell.deadline = deadline;
        }
        Ok(())
    }

    pub(crate) fn add_to_counter(
        &mut self,
        at: Place,
        during: Span,
        delta: i64,
        on_create: Lifetime,
        answer: Result<i64, ErrorKind>,
    ) -> Judgement {
        let presence = self.presence(at, during);
        let over_nothing: Result<i64, ErrorKind> = Ok(delta);
        let over_entry = self.value(at).map_or(over_nothing, |value| {
            parse_counter(&value).and_then(|number| checked_counter_sum(number, delta)).map_err(|error| error.kind())
        });
        match presence {
            Presence::Present => ensure_eq!(answer, over_entry, "the sum"),
            Presence::Absent => ensure_eq!(answer, over_nothing, "the sum from nothing"),
            Presence::Unclear => {
                ensure!(
                    answer == over_entry || answer == over_nothing,
                    "the sum: promised {over_entry:?} or {over_nothing:?}, saw {answer:?}"
                );
                if over_entry != over_nothing {
                    self.settle(at, during, answer == over_entry)?;
                }
            }
        }
        if let Ok(sum) = answer {
            let deadline = self.written_deadline(at, during, WriteExpiry::Keep { missing: on_create });
            self.cells.insert(at, Cell { value: Bytes::from(sum.to_string()), deadline });
        }
        Ok(())
    }

    /// Judges an enumeration of all places that `covers` says; `seen` says how often each came up.
    pub(crate) fn list(
        &mut self,
        during: Span,
        covers: impl Fn(usize) -> bool,
        seen: &BTreeMap<Place, usize>,
    ) -> Judgement {
        for place in seen.keys() {
            ensure!(self.cells.contains_key(place), "listed an entry that is not there: {place:?}");
        }
        let covered: Vec<Place> = self.cells.keys().copied().filter(|&(space, _)| covers(space)).collect();
        for place in covered {
            self.settle(place, during, seen.contains_key(&place))
                .map_err(|failure| failure.in_context(format_args!("  in the list, at {place:?}")))?;
        }
        Ok(())
    }

    pub(crate) fn clear(&mut self, during: Span, covers: impl Fn(usize) -> bool, removed: u64) -> Judgement {
        let covered: Vec<Place> = self.cells.keys().copied().filter(|&(space, _)| covers(space)).collect();
        let (mut least, mut most) = (0, 0);
        for place in covered {
            let presence = self.presence(place, during);
            least += u64::from(presence == Presence::Present);
            most += u64::from(presence != Presence::Absent);
            self.cells.remove(&place);
        }
        ensure!((least..=most).contains(&removed), "cleared {removed} entries, promised {least} to {most}");
        Ok(())
    }

    fn presence(&self, at: Place, during: Span) -> Presence {
        self.cells.get(&at).map_or(Presence::Absent, |cell| cell.deadline.presence(during))
    }

    /// Judges whether an operation may have seen an entry, and believes it.
    fn settle(&mut self, at: Place, during: Span, seen: bool) -> Judgement {
        match (self.presence(at, during), seen) {
            (Presence::Present, true) => {}
            (Presence::Unclear, true) => {
                if let Some(cell) = self.cells.get_mut(&at) {
                    cell.deadline.low = cell.deadline.low.max(during.sent);
                }
            }
            (Presence::Present, false) => return Err(Failure::new("missed an entry that is there")),
            (Presence::Absent, true) => return Err(Failure::new("saw an entry that is not there")),
            (Presence::Absent, false) => self.passed_expiries += u64::from(self.cells.remove(&at).is_some()),
            (Presence::Unclear, false) => {
                self.cells.remove(&at);
            }
        }
        Ok(())
    }

    fn judge_guard(&mut self, at: Place, during: Span, guard: &Guard, done: bool) -> Judgement {
        match guard {
            Guard::Always => ensure!(done, "refused an unconditional write"),
            Guard::IfAbsent => self.settle(at, during, !done)?,
            Guard::IfPresent => self.settle(at, during, done)?,
            Guard::IfValue(expected) if self.value(at).as_ref() == Some(expected) => self.settle(at, during, done)?,
            Guard::IfValue(_) => ensure!(!done, "accepted a condition on bytes that are not there"),
        }
        Ok(())
    }

    fn written_deadline(&self, at: Place, during: Span, expiry: WriteExpiry) -> Deadline {
        let existing = self.cells.get(&at).map(|cell| (cell.deadline.presence(during), cell.deadline));
        match (expiry, existing) {
            (WriteExpiry::Keep { .. }, Some((Presence::Present, kept))) => kept,
            (WriteExpiry::Keep { missing }, Some((Presence::Unclear, kept))) => {
                kept.or(self.time.deadline(missing, during))
            }
            (WriteExpiry::Keep { missing: lifetime } | WriteExpiry::Replace(lifetime), _) => {
                self.time.deadline(lifetime, during)
            }
        }
    }
}
