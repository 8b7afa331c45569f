//! The locks of the model store, right or with one fault.

use std::collections::BTreeMap;

use store_core::{Address, Bytes, Clock, ExpiresAt, FencingToken, LockOptions, LockOwner, Result, Timestamp, Ttl};
use tokio::task::yield_now;

use super::{Cell, ModelStore, Place, let_other_threads_run};
use crate::fault::Fault;

impl ModelStore {
    /// Tries until the wait is over; whoever moves the clock gets a turn in between.
    pub(super) async fn wait_for_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        let wait_ends = self.clock.now().saturating_add(options.wait);
        loop {
            let seen_free = self.open()?.locks.is_free(self.fault, &self.place(at), owner, self.clock.now());
            match self.fault {
                Fault::LockHasTwoHolders => yield_now().await,
                Fault::LockIsTakenAfterALook => let_other_threads_run(),
                _ => {}
            }
            let acquired = self.take_lock(at, owner, options.ttl, seen_free)?;
            if acquired.is_some() && self.has(Fault::LockExpiresLater) {
                yield_now().await;
                self.open()?.locks.extend(self.fault, &self.place(at), owner, options.ttl, self.clock.now());
            }
            if acquired.is_some() || self.clock.now() >= wait_ends || self.has(Fault::WaitsForNoLock) {
                return Ok(acquired);
            }
            yield_now().await;
        }
    }

    fn take_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl, seen_free: bool) -> Result<Option<FencingToken>> {
        let (mut state, now, place) = (self.open()?, self.clock.now(), self.place(at));
        let free = match self.fault {
            Fault::LockHasTwoHolders | Fault::LockIsTakenAfterALook => seen_free,
            fault => state.locks.is_free(fault, &place, owner, now),
        };
        if !free {
            return Ok(None);
        }
        if self.has(Fault::LocksAreEntries) {
            let cell = Cell::entry(Bytes::from_static(b"lock"), ExpiresAt::Never);
            self.put(&mut state, at, place.clone(), cell);
        }
        let ttl = if self.has(Fault::LockExpiresLater) { Ttl::MAX } else { ttl };
        Ok(Some(state.locks.take(self.fault, &place, owner, ttl, now)))
    }
}

/// Who holds which lock, and the last token.
#[derive(Debug, Default)]
pub(super) struct Locks {
    holds: BTreeMap<Place, Hold>,
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Hold {
    owner: LockOwner,
    token: FencingToken,
    expires_at: Timestamp,
}

impl Locks {
    /// Whether this owner may have the lock.
    pub(super) fn is_free(&self, fault: Fault, place: &Place, owner: LockOwner, now: Timestamp) -> bool {
        match self.hold(fault, place, now) {
            None => true,
            Some(hold) => hold.owner == owner && fault != Fault::OwnerIsLockedOut,
        }
    }

    /// Gives the lock to this owner, whoever holds it.
    pub(super) fn take(
        &mut self,
        fault: Fault,
        place: &Place,
        owner: LockOwner,
        ttl: Ttl,
        now: Timestamp,
    ) -> FencingToken {
        let kept = match fault {
            Fault::ReacquiringMakesNewToken => None,
            Fault::TokenRepeatsAfterExpiry => self.holds.get(place),
            _ => self.hold(fault, place, now).filter(|hold| hold.owner == owner),
        };
        let token = kept.map(|hold| hold.token).unwrap_or_else(|| {
            self.last += 1;
            FencingToken::new(self.last)
        });
        let expires_at = now.saturating_add(ttl.as_duration());
        self.holds.insert(place.clone(), Hold { owner, token, expires_at });
        token
    }

    pub(super) fn extend(&mut self, fault: Fault, place: &Place, owner: LockOwner, ttl: Ttl, now: Timestamp) -> bool {
        let revived = fault == Fault::ExtendRevivesExpiredLock;
        let stranger = fault == Fault::LockExtendedByStranger;
        let Some(hold) = self
            .holds
            .get_mut(place)
            .filter(|hold| (revived || now < hold.expires_at) && (stranger || hold.owner == owner))
        else {
            return false;
        };
        let from = if fault == Fault::ExtendAddsToRemaining { hold.expires_at } else { now };
        hold.expires_at = from.saturating_add(ttl.as_duration());
        true
    }

    pub(super) fn release(&mut self, fault: Fault, place: &Place, owner: LockOwner, now: Timestamp) -> bool {
        let any_owner = fault == Fault::LockReleasedByStranger;
        let held = self.hold(fault, place, now).is_some_and(|hold| any_owner || hold.owner == owner);
        if held {
            self.holds.remove(place);
            self.last -= u64::from(fault == Fault::TokenRepeatsAfterRelease);
        }
        held
    }

    pub(super) fn is_held(&self, fault: Fault, place: &Place, owner: LockOwner, now: Timestamp) -> bool {
        self.hold(fault, place, now).is_some_and(|hold| hold.owner == owner)
    }

    fn hold(&self, fault: Fault, place: &Place, now: Timestamp) -> Option<&Hold> {
        self.holds.get(place).filter(|hold| now < hold.expires_at || fault == Fault::LockNeverExpires)
    }
}
