//! One lock's worth of entries: what every operation does, without clocks, locks or futures.
//!
//! The entries lie in a dense vector; a hash index, the namespaces and the expiry queue refer to them by their number
//! in it. A removed entry's number goes to the last one (`swap_remove`), so no hole is left, and all memory comes back
//! when entries go.
//!
//! Every method is told what time it is, and sees no entry that is past its expiry, whether or not it was freed yet.
//! What is removed is handed out in `freed`, to be dropped when the lock is released: freeing a large value takes a
//! while.

use hashbrown::HashTable;
use store_core::{
    Address, Bytes, Error, ErrorKind, ExpiresAt, Lifetime, ListedKey, Result, SetOptions, SetOutcome, Timestamp, Ttl,
    WriteExpiry, checked_counter_sum, parse_counter,
};

use crate::budget::entry_cost;
use crate::expiry_queue::ExpiryQueue;
use crate::growth;
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
    slots: Vec<Slot>,
    /// The number of every slot, by hash.
    index: HashTable<u32>,
    namespaces: Namespaces,
    expiries: ExpiryQueue,
    /// What the entries cost.
    bytes: usize,
    /// The slot that eviction looks at next.
    hand: usize,
}

impl Shard {
    /// How many entries there are, expired ones that were not freed yet included.
    pub(crate) fn len(&self) -> usize {
        self.slots.len()
    }

    /// What the entries and their namespaces cost.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes + self.namespaces.bytes()
    }

    /// Refuses more entries than slots can be numbered.
    pub(crate) fn check_room(&self, entries: usize) -> Result<()> {
        if entries <= u32::MAX as usize - self.slots.len() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Full, format!("a shard is full; entries={} limit={}", self.slots.len(), u32::MAX)))
    }

    pub(crate) fn get(&self, target: Target<'_>, now: Timestamp) -> Option<(Bytes, ExpiresAt)> {
        let slot = &self.slots[self.find_live(target, now)? as usize];
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
        if self.slots[number as usize].expires_at() != ExpiresAt::Never {
            self.set_expiry(number, Lifetime::In(ttl).expires_at(now));
        }
        let slot = &self.slots[number as usize];
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
        let value = existing.map(|number| self.slots[number as usize].payload.value());
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
        if if_value.is_some_and(|expected| expected != self.slots[number as usize].payload.value()) {
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
        self.find_live(target, now).map(|number| self.slots[number as usize].expires_at())
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
        let current = existing.map_or(Ok(0), |number| parse_counter(self.slots[number as usize].payload.value()))?;
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
        let slots = numbers.iter().map(|&number| &self.slots[number as usize]);
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
        let kept = |shard: &Self| keep.iter().filter_map(|&target| shard.find(target)).collect::<Vec<_>>();
        for number in kept(self) {
            self.slots[number as usize].keep();
        }
        while freed.len() < most
            && self.bytes() > least
            && let Some(victim) = self.next_victim()
        {
            freed.push(self.remove(victim).payload);
        }
        for number in kept(self) {
            self.slots[number as usize].release();
        }
    }

    /// The next entry that was not used since the hand last came by ("second chance").
    ///
    /// The hand looks at no more than [`LOOKS`] entries. When all of them were used it takes the first.
    fn next_victim(&mut self) -> Option<u32> {
        let start = if self.hand < self.slots.len() { self.hand } else { 0 };
        let around = (start..self.slots.len()).chain(0..start);
        let mut first = None;
        for number in around.filter(|&number| !self.slots[number].is_kept()).take(LOOKS) {
            first = first.or(Some(number));
            // The last slot gets the victim's number. It is one of the latest, so the hand goes on behind it.
            self.hand = number + 1;
            if !self.slots[number].take_used() {
                return Some(number as u32);
            }
        }
        first.map(|number| number as u32)
    }

    /// The live entry at the target. One that has expired is removed on the way.
    fn claim(&mut self, target: Target<'_>, now: Timestamp, freed: &mut Vec<Payload>) -> Option<u32> {
        let number = self.find(target)?;
        if self.slots[number as usize].expires_at().is_past(now) {
            freed.push(self.remove(number).payload);
            return None;
        }
        Some(number)
    }

    fn find_live(&self, target: Target<'_>, now: Timestamp) -> Option<u32> {
        self.find(target).filter(|&number| !self.slots[number as usize].expires_at().is_past(now))
    }

    fn find(&self, target: Target<'_>) -> Option<u32> {
        let matches = |&number: &u32| {
            let slot = &self.slots[number as usize];
            slot.hash == target.hash
                && slot.payload.key() == target.at.key.as_bytes()
                && self.namespaces.of(slot.part) == target.at.namespace
        };
        self.index.find(spread(target.hash), matches).copied()
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
        let kept = existing.map(|number| self.slots[number as usize].expires_at());
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
        let number = self.slots.len() as u32;
        let membership = self.namespaces.join(target.at.namespace, number);
        let slot = Slot::new(payload, expires_at, target.hash, membership);
        self.bytes += cost(&slot);
        growth::push(&mut self.slots, slot);
        self.expiries.push(expires_at);
        let slots = &self.slots;
        self.index.insert_unique(spread(target.hash), number, |&other| spread(slots[other as usize].hash));
    }

    fn replace(&mut self, number: u32, payload: Payload, expires_at: ExpiresAt) -> Payload {
        let slot = &mut self.slots[number as usize];
        self.bytes -= cost(slot);
        let old = slot.replace(payload, expires_at);
        self.bytes += cost(slot);
        self.expiries.set(number, expires_at);
        old
    }

    fn set_expiry(&mut self, number: u32, expires_at: ExpiresAt) {
        self.slots[number as usize].set_expires_at(expires_at);
        self.expiries.set(number, expires_at);
    }

    /// Takes an entry out. The last one gets its number, so no other number is valid afterwards.
    fn remove(&mut self, number: u32) -> Slot {
        let slot = &self.slots[number as usize];
        let (hash, membership) = (slot.hash, slot.membership());
        if let Some(successor) = self.namespaces.leave(membership) {
            self.slots[successor as usize].set_membership(membership);
        }
        self.index.find_entry(spread(hash), |&other| other == number).expect("every slot is indexed").remove();
        self.expiries.swap_remove(number);
        let slot = self.slots.swap_remove(number as usize);
        self.bytes -= cost(&slot);
        self.renumber_last(number);
        self.shrink();
        slot
    }

    /// Tells everyone who refers to the last slot that it is now where `number` was.
    fn renumber_last(&mut self, number: u32) {
        let last = self.slots.len() as u32;
        let Some(moved) = self.slots.get(number as usize) else { return };
        *self.index.find_mut(spread(moved.hash), |&other| other == last).expect("every slot is indexed") = number;
        self.namespaces.renumber(moved.membership(), number);
    }

    fn shrink(&mut self) {
        growth::shrink(&mut self.slots);
        let slots = &mut self.slots;
        self.namespaces.shrink(|slot, membership| slots[slot as usize].set_membership(membership));
        // A table doubles, so it is full by half on average; at an eighth it can be halved twice and still have room.
        if self.index.capacity() > 8 * (self.slots.len() + 1) {
            let slots = &self.slots;
            self.index.shrink_to(2 * slots.len(), |&number| spread(slots[number as usize].hash));
        }
    }

    fn listed(&self, slot: &Slot) -> ListedKey {
        let namespace = self.namespaces.of(slot.part).clone();
        ListedKey::new(namespace, slot.payload.key_buf())
    }
}

fn cost(slot: &Slot) -> usize {
    entry_cost(slot.payload.len())
}

/// The hash as the table wants it: it takes the bucket from the low bits and a tag from the highest.
fn spread(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests;
