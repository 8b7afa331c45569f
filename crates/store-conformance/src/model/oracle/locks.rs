//! Who holds which lock, for how long, and with which token.

use std::collections::BTreeMap;

use store_core::{Lifetime, Ttl};

use super::{Judgement, Model, Place};
use crate::failure::{Failure, ensure};
use crate::model::op::Owner;
use crate::time::{Deadline, Moment, Presence, Span};

#[derive(Clone, Copy, Debug)]
struct Hold {
    owner: Owner,
    token: u64,
    deadline: Deadline,
}

/// The locks of a program, called as its keys are.
#[derive(Debug, Default)]
pub(super) struct Locks {
    holds: BTreeMap<Place, Hold>,
    /// The largest token of each that was seen.
    last: BTreeMap<Place, u64>,
}

impl Locks {
    /// When those that are held are certainly free.
    pub(super) fn ends(&self) -> impl Iterator<Item = Moment> + '_ {
        self.holds.values().map(|hold| hold.deadline.high)
    }

    fn presence(&self, at: Place, during: Span) -> Presence {
        self.holds.get(&at).map_or(Presence::Absent, |hold| hold.deadline.presence(during))
    }

    fn holder(&self, at: Place) -> Option<Owner> {
        self.holds.get(&at).map(|hold| hold.owner)
    }

    /// It was held when an operation took place.
    fn was_held(&mut self, at: Place, during: Span) {
        if let Some(hold) = self.holds.get_mut(&at) {
            hold.deadline.low = hold.deadline.low.max(during.sent);
        }
    }
}

/// What acquiring has to come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acquired {
    /// With the token that its owner has already.
    Again(u64),
    /// With a token larger than the last one, if there was any.
    Anew(Option<u64>),
    No,
}

impl Model<'_> {
    pub(crate) fn acquire_lock(
        &mut self,
        at: Place,
        during: Span,
        (owner, ttl): (Owner, Ttl),
        answer: Option<u64>,
    ) -> Judgement {
        let (presence, is_own) = (self.locks.presence(at, during), self.locks.holder(at) == Some(owner));
        let Some(token) = answer else {
            ensure!(!is_own && presence != Presence::Absent, "did not get a lock that no other owner holds");
            self.locks.was_held(at, during);
            return Ok(());
        };
        ensure!(is_own || presence != Presence::Present, "got a lock that another owner holds");
        let (kept, last) = (self.locks.holds.get(&at).map(|hold| hold.token), self.locks.last.get(&at).copied());
        let again = is_own && presence != Presence::Absent && kept == Some(token);
        let anew = presence != Presence::Present && last.is_none_or(|last| token > last);
        ensure!(again || anew, "got the token {token} after {last:?}, from a lock that was {presence:?}");
        let deadline = self.time.deadline(Lifetime::In(ttl), during);
        self.locks.holds.insert(at, Hold { owner, token, deadline });
        self.locks.last.insert(at, token);
        Ok(())
    }

    pub(crate) fn extend_lock(
        &mut self,
        at: Place,
        during: Span,
        (owner, ttl): (Owner, Ttl),
        answer: bool,
    ) -> Judgement {
        self.lock_is_held(at, during, owner, answer)?;
        let deadline = self.time.deadline(Lifetime::In(ttl), during);
        if let Some(hold) = self.locks.holds.get_mut(&at).filter(|_| answer) {
            hold.deadline = deadline;
        }
        Ok(())
    }

    pub(crate) fn release_lock(&mut self, at: Place, during: Span, owner: Owner, answer: bool) -> Judgement {
        self.lock_is_held(at, during, owner, answer)?;
        if answer {
            self.locks.holds.remove(&at);
        }
        Ok(())
    }

    /// Judges what an owner was told of whether it holds the lock, and believes it.
    pub(crate) fn lock_is_held(&mut self, at: Place, during: Span, owner: Owner, answer: bool) -> Judgement {
        let is_own = self.locks.holder(at) == Some(owner);
        let presence = if is_own { self.locks.presence(at, during) } else { Presence::Absent };
        match (presence, answer) {
            (Presence::Present, false) => return Err(Failure::new("the holder of a lock was told that it is not")),
            (Presence::Absent, true) => return Err(Failure::new("who holds no lock was told that it does")),
            (Presence::Present | Presence::Unclear, true) => self.locks.was_held(at, during),
            (Presence::Absent, false) => {}
            (Presence::Unclear, false) => drop(self.locks.holds.remove(&at)),
        }
        Ok(())
    }

    /// What acquiring has to come to; `None` where time leaves it open.
    pub(crate) fn promised_lock(&self, at: Place, during: Span, owner: Owner) -> Option<Acquired> {
        let last = self.locks.last.get(&at).copied();
        match (self.locks.presence(at, during), self.locks.holds.get(&at)) {
            (Presence::Present, Some(hold)) if hold.owner == owner => Some(Acquired::Again(hold.token)),
            (Presence::Present, _) => Some(Acquired::No),
            (Presence::Absent, _) => Some(Acquired::Anew(last)),
            (Presence::Unclear, _) => None,
        }
    }

    /// Which locks may be held, and by whom.
    pub(crate) fn locks_held(&self) -> impl Iterator<Item = (Place, Owner)> + '_ {
        self.locks.holds.iter().map(|(&at, hold)| (at, hold.owner))
    }

    /// From now on what is held may be free: whether a lock outlasts the process of its holder no promise says.
    pub(crate) fn doubt_locks(&mut self, now: Moment) {
        for hold in self.locks.holds.values_mut() {
            hold.deadline.low = hold.deadline.low.min(now);
        }
    }
}
