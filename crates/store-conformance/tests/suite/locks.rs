//! The locks of the model store, right or with one fault.

use std::collections::BTreeMap;

use store_core::{FencingToken, LockOwner, Timestamp, Ttl};

use crate::fault::Fault;

/// A namespace and a name.
type Place = (String, String);

/// Who holds which lock, and the last token.
#[derive(Debug, Default)]
pub(crate) struct Locks {
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
    pub(crate) fn is_free(&self, fault: Fault, place: &Place, owner: LockOwner, now: Timestamp) -> bool {
        match self.hold(fault, place, now) {
            None => true,
            Some(hold) => hold.owner == owner && fault != Fault::OwnerIsLockedOut,
        }
    }

    /// Gives the lock to this owner, whoever holds it.
    pub(crate) fn take(
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

    pub(crate) fn extend(&mut self, fault: Fault, place: &Place, owner: LockOwner, ttl: Ttl, now: Timestamp) -> bool {
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

    pub(crate) fn release(&mut self, fault: Fault, place: &Place, owner: LockOwner, now: Timestamp) -> bool {
        let any_owner = fault == Fault::LockReleasedByStranger;
        let held = self.hold(fault, place, now).is_some_and(|hold| any_owner || hold.owner == owner);
        if held {
            self.holds.remove(place);
            self.last -= u64::from(fault == Fault::TokenRepeatsAfterRelease);
        }
        held
    }

    pub(crate) fn is_held(&self, fault: Fault, place: &Place, owner: LockOwner, now: Timestamp) -> bool {
        self.hold(fault, place, now).is_some_and(|hold| hold.owner == owner)
    }

    fn hold(&self, fault: Fault, place: &Place, now: Timestamp) -> Option<&Hold> {
        self.holds.get(place).filter(|hold| now < hold.expires_at || fault == Fault::LockNeverExpires)
    }
}
