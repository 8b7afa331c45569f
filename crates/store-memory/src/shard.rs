//! One lock's worth of entries: what every operation does, without clocks, locks or futures.
//!
//! The entries lie in a hash table; the namespaces and the expiry queue refer to them by their number.
//!
//! Every method is told what time it is, and sees no entry that is past its expiry, whether or not it was freed yet.
//! What is removed is handed out in `freed`, to be dropped when the lock is released: freeing a large value takes a
//! while.

use store_core::{
    Address, Bytes, Error, ErrorKind, ExpiresAt, Lifetime, ListedKey, Result, SetOptions, SetOutcome, Timestamp, Ttl,
    WriteExpiry, checked_counter_sum, parse_counter,
};

use crate::budget::entry_cost;
use crate::entries::Entries;
use crate::expiry_queue::ExpiryQueue;
use crate::namespaces::{Covered, Namespaces, Place};
use crate::slot::{Payload, Slot};

/// How many entries are walked, removed or evicted under one hold of a lock, at most. A batch may evict as many as it
/// wrote.
pub(crate) const STEP: usize = 256;

/// How many entries eviction looks at for one that was not used lately, at most.
const LOOKS: usize = 16;

/// How many expired entries a new one removes, if there are any. With two, a store without a sweeper frees faster than
/// it fills.
const FREED_BY_INSERT: usize = 2;

/// An address and its hash.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) at: Address<'a>,
    pub(crate) hash: u32,
}

/// What a step of `list` covered.
pub(crate) struct Listed {
    /// How many entries were looked at, expired ones included.
    pub(crate) visited: usize,
    /// Where to go on, unless nothing is left in this shard.
    pub(crate) next: Option<Place>,
}

/// What a step of `clear` did.
pub(crate) struct Cleared {
    /// How many entries were removed that had not expired.
    pub(crate) removed: u64,
    /// Where to go on, unless nothing is left in this shard.
    pub(crate) next: Option<Place>,
}

#[derive(Default)]
pub(crate) struct Shard {
    entries: Entries,
    namespaces: Namespaces,
    expiries: ExpiryQueue,
    /// What the entries cost.
    bytes: usize,
    /// The number of the entry that eviction looks at next.
    hand: usize,
}

impl Shard {
    /// How many entries there are, expired ones that were not freed yet included.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// What the entries and their namespaces cost.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.namespaces.bytes()
    }

    /// Refuses more entries than can be numbered.
    pub(crate) fn check_room(&self, entries: usize) -> Result<()> {
        if entries <= u32::MAX as usize - self.entries.len() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Full, format!("a shard is full; entries={} limit={}", self.entries.len(), u32::MAX)))
    }

    pub(crate) fn get(&self, target: Target<'_>, now: Timestamp) -> Option<(Bytes, ExpiresAt)> {
        let slot = self.find_live(target, now)?;
        slot.mark_used();
        Some((slot.payload.share(), slot.expires_at()))
    }

    /// Reads, and replaces the expiry of an entry that has one.
    pub(crate) fn renew(
        &mut self,
        target: Target<'_>,
        ttl: Ttl,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) -> Option<(Bytes, ExpiresAt)> {
        let number = self.claim(target, now, freed)?;
        if self.entries.get(number).expires_at() != ExpiresAt::Never {
            self.set_expiry(number, Lifetime::In(ttl).expires_at(now));
        }
        let slot = self.entries.get(number);
        slot.mark_used();
        Some((slot.payload.share(), slot.expires_at()))
    }

    /// Writes, if the condition holds. The caller has asked [`check_room`](Self::check_room).
    pub(crate) fn set(
        &mut self,
        target: Target<'_>,
        payload: Payload,
        options: &SetOptions,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) -> Result<SetOutcome> {
        let existing = self.claim(target, now, freed);
        let value = existing.map(|number| self.entries.get(number).payload.value());
        if !options.condition.holds(value) {
            return Ok(SetOutcome::Refused);
        }
        self.put(existing, target, payload, options.expiry, now, freed);
        Ok(SetOutcome::Stored)
    }

    pub(crate) fn delete(
        &mut self,
        target: Target<'_>,
        if_value: Option<&[u8]>,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) -> bool {
        let Some(number) = self.claim(target, now, freed) else { return false };
        if if_value.is_some_and(|expected| expected != self.entries.get(number).payload.value()) {
            return false;
        }
        freed.push(self.remove(number).payload);
        true
    }

    pub(crate) fn expire(
        &mut self,
        target: Target<'_>,
        lifetime: Lifetime,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) -> bool {
        let Some(number) = self.claim(target, now, freed) else { return false };
        let expires_at = lifetime.expires_at(now);
        if expires_at.is_past(now) {
            freed.push(self.remove(number).payload);
        } else {
            self.set_expiry(number, expires_at);
        }
        true
    }

    pub(crate) fn take(&mut self, target: Target<'_>, now: Timestamp, freed: &mut Vec<Payload>) -> Option<Payload> {
        let number = self.claim(target, now, freed)?;
        Some(self.remove(number).payload)
    }

    pub(crate) fn expires_at(&self, target: Target<'_>, now: Timestamp) -> Option<ExpiresAt> {
        self.find_live(target, now).map(Slot::expires_at)
    }

    /// Adds to a counter. The caller has asked [`check_room`](Self::check_room).
    pub(crate) fn add(
        &mut self,
        target: Target<'_>,
        delta: i64,
        on_create: Lifetime,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) -> Result<i64> {
        let existing = self.claim(target, now, freed);
        let current = existing.map_or(Ok(0), |number| parse_counter(self.entries.get(number).payload.value()))?;
        let sum = checked_counter_sum(current, delta)?;
        let payload = Payload::new(target.at.key, sum.to_string().as_bytes());
        self.put(existing, target, payload, WriteExpiry::Keep { missing: on_create }, now, freed);
        Ok(sum)
    }

    /// Lists up to `max` of the covered keys, going on from `place`.
    pub(crate) fn list(
        &self,
        covered: &Covered,
        place: Option<Place>,
        max: usize,
        now: Timestamp,
        keys: &mut Vec<ListedKey>,
    ) -> Listed {
        let mut numbers = Vec::new();
        let next = self.namespaces.walk(covered, place, max.min(STEP), &mut numbers);
        let slots = numbers.iter().map(|&number| self.entries.get(number));
        keys.extend(slots.filter(|slot| !slot.expires_at().is_past(now)).map(|slot| self.listed(slot)));
        Listed { visited: numbers.len(), next }
    }

    /// What is covered of the namespaces that are there now.
    pub(crate) fn present(&self, covered: &Covered) -> Covered {
        self.namespaces.present(covered)
    }

    /// Removes up to [`STEP`] of the covered entries, going on from `place`.
    pub(crate) fn clear(
        &mut self,
        covered: &Covered,
        place: Option<Place>,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) -> Cleared {
        let mut numbers = Vec::new();
        let next = self.namespaces.walk(covered, place, STEP, &mut numbers);
        // From the highest number down: a removal renumbers the last slot, which is then none of those still to go.
        numbers.sort_unstable_by(|one, other| other.cmp(one));
        let mut removed = 0;
        for number in numbers {
            let slot = self.remove(number);
            removed += u64::from(!slot.expires_at().is_past(now));
            freed.push(slot.payload);
        }
        Cleared { removed, next }
    }

    /// Whether [`free_expired`](Self::free_expired) would find something.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expiries.first().is_some_and(|due| due.at <= now)
    }

    /// Removes up to `max` expired entries.
    pub(crate) fn free_expired(&mut self, now: Timestamp, max: usize, freed: &mut Vec<Payload>) {
        let full = freed.len() + max;
        while freed.len() < full
            && let Some(due) = self.expiries.first()
            && due.at <= now
        {
            freed.push(self.remove(due.slot).payload);
        }
    }

    /// Removes entries until `bytes` are free, but never those in `keep`: expired ones first, then those that were not
    /// used for the longest time, as far as one bit an entry can tell.
    ///
    /// At most [`STEP`] of them, or as many as there are in `keep`: finding those again and again for a few removals
    /// each would cost a large batch the square of its length.
    pub(crate) fn evict(&mut self, bytes: usize, keep: &[Target<'_>], now: Timestamp, freed: &mut Vec<Payload>) {
        let (least, most) = (self.bytes().saturating_sub(bytes), STEP.max(keep.len()));
        self.free_expired(now, most, freed);
        keep.iter().filter_map(|&target| self.find(target)).for_each(Slot::keep);
        while freed.len() < most
            && self.bytes() > least
            && let Some(victim) = self.next_victim()
        {
            freed.push(self.remove(victim).payload);
        }
        keep.iter().filter_map(|&target| self.find(target)).for_each(Slot::release);
    }

    /// The next entry that was not used since the hand last came by ("second chance").
    ///
    /// The hand looks at no more than [`LOOKS`] entries. When all of them were used it takes the first.
    fn next_victim(&mut self) -> Option<u32> {
        let start = if self.hand < self.entries.len() { self.hand } else { 0 };
        let around = (start..self.entries.len()).chain(0..start);
        let mut first = None;
        let slots = around.map(|number| self.entries.get(number as u32)).filter(|slot| !slot.is_kept());
        for slot in slots.take(LOOKS) {
            first = first.or(Some(slot.number));
            // The last entry gets the victim's number. It is one of the latest, so the hand goes on behind it.
            self.hand = slot.number as usize + 1;
            if !slot.take_used() {
                return Some(slot.number);
            }
        }
        first
    }

    /// The live entry at the target. One that has expired is removed on the way.
    fn claim(&mut self, target: Target<'_>, now: Timestamp, freed: &mut Vec<Payload>) -> Option<u32> {
        let slot = self.find(target)?;
        let number = slot.number;
        if slot.expires_at().is_past(now) {
            freed.push(self.remove(number).payload);
            return None;
        }
        Some(number)
    }

    fn find_live(&self, target: Target<'_>, now: Timestamp) -> Option<&Slot> {
        self.find(target).filter(|slot| !slot.expires_at().is_past(now))
    }

    fn find(&self, target: Target<'_>) -> Option<&Slot> {
        self.entries.find(target.hash, |slot| {
            slot.payload.key() == target.at.key.as_bytes() && self.namespaces.of(slot.part()) == target.at.namespace
        })
    }

    /// Leaves the entry as a write has to: replaced, new, or absent where its expiry is past.
    fn put(
        &mut self,
        existing: Option<u32>,
        target: Target<'_>,
        payload: Payload,
        expiry: WriteExpiry,
        now: Timestamp,
        freed: &mut Vec<Payload>,
    ) {
        let kept = existing.map(|number| self.entries.get(number).expires_at());
        let expires_at = expiry.expires_at(kept, now);
        match existing {
            Some(number) if expires_at.is_past(now) => freed.push(self.remove(number).payload),
            Some(number) => freed.push(self.replace(number, payload, expires_at)),
            None if expires_at.is_past(now) => {}
            None => {
                self.free_expired(now, FREED_BY_INSERT, freed);
                self.insert(target, payload, expires_at);
            }
        }
    }

    fn insert(&mut self, target: Target<'_>, payload: Payload, expires_at: ExpiresAt) {
        let number = self.entries.next_number();
        let membership = self.namespaces.join(target.at.namespace, number);
        let slot = Slot::new(payload, expires_at, target.hash, number, membership);
        self.bytes += cost(&slot);
        self.entries.push(slot);
        self.expiries.push(expires_at);
    }

    fn replace(&mut self, number: u32, payload: Payload, expires_at: ExpiresAt) -> Payload {
        let slot = self.entries.get_mut(number);
        self.bytes -= cost(slot);
        let old = slot.replace(payload, expires_at);
        self.bytes += cost(slot);
        self.expiries.set(number, expires_at);
        old
    }

    fn set_expiry(&mut self, number: u32, expires_at: ExpiresAt) {
        self.entries.get(number).set_expires_at(expires_at);
        self.expiries.set(number, expires_at);
    }

    /// Takes an entry out. The last one gets its number, so no other number is valid afterwards.
    fn remove(&mut self, number: u32) -> Slot {
        let slot = self.entries.swap_remove(number);
        self.bytes -= cost(&slot);
        self.expiries.swap_remove(number);
        if (number as usize) < self.entries.len() {
            self.namespaces.renumber(self.entries.get(number).membership(), number);
        }
        let membership = slot.membership();
        if let Some(successor) = self.namespaces.leave(membership) {
            self.entries.get(successor).set_membership(membership);
        }
        self.shrink();
        slot
    }

    fn shrink(&mut self) {
        self.entries.shrink();
        let entries = &self.entries;
        self.namespaces.shrink(|number, membership| entries.get(number).set_membership(membership));
    }

    fn listed(&self, slot: &Slot) -> ListedKey {
        let namespace = self.namespaces.of(slot.part()).clone();
        ListedKey::new(namespace, slot.payload.key_buf())
    }
}

fn cost(slot: &Slot) -> usize {
    entry_cost(slot.payload.len())
}

#[cfg(test)]
mod tests;
