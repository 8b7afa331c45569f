//! The entries of a shard, by the hash of their address and by number.
//!
//! A hit is a few steps each of which misses the processor's caches in a large store, and little else; so there are as
//! few as can be: from the hash to a bucket, and from there to the entry's block. The buckets are in the order of the
//! hashes, so that the first one looked into mostly is the right one, and whatever else is looked into lies beside it
//! ("linear probing"). There are no marks of what was removed: what follows a removed entry closes up.
//!
//! All else goes by number. Numbers are dense: a removed entry's number goes to the last one, so no hole is left, and
//! all memory comes back when entries go. An entry is found by number in the same table, for which its hash is noted.

use crate::growth;
use crate::slot::Slot;

#[derive(Default)]
pub(crate) struct Entries {
    /// One at least is empty, where every search ends; or there is none.
    buckets: Box<[Option<Slot>]>,
    /// By number.
    hashes: Vec<u32>,
}

impl Entries {
    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// The entry with this hash that `matches`.
    pub(crate) fn find(&self, hash: u32, matches: impl Fn(&Slot) -> bool) -> Option<&Slot> {
        self.buckets[self.position(hash, matches)?].as_ref()
    }

    pub(crate) fn get(&self, number: u32) -> &Slot {
        self.buckets[self.position_of(number)].as_ref().expect(NUMBERED)
    }

    pub(crate) fn get_mut(&mut self, number: u32) -> &mut Slot {
        self.buckets[self.position_of(number)].as_mut().expect(NUMBERED)
    }

    /// The number that the next entry has to have.
    pub(crate) fn next_number(&self) -> u32 {
        self.len() as u32
    }

    pub(crate) fn push(&mut self, slot: Slot) {
        growth::push(&mut self.hashes, slot.hash);
        if growth::is_crowded(self.len(), self.buckets.len()) {
            self.move_to(growth::room_for(self.len()));
        }
        self.place(slot);
    }

    /// Takes an entry out. The last one gets its number, so no other number is valid afterwards.
    pub(crate) fn swap_remove(&mut self, number: u32) -> Slot {
        let removed = self.take(self.position_of(number));
        let last = self.next_number() - 1;
        if number != last {
            self.get_mut(last).number = number;
        }
        self.hashes.swap_remove(number as usize);
        removed
    }

    /// Gives memory back once less than half of it is in use.
    pub(crate) fn shrink(&mut self) {
        growth::shrink(&mut self.hashes);
        if growth::is_sparse(self.len(), self.buckets.len()) {
            self.move_to(growth::room_for(self.len()));
        }
    }

    fn move_to(&mut self, room: usize) {
        let buckets = std::iter::repeat_with(|| None).take(room).collect();
        for slot in std::mem::replace(&mut self.buckets, buckets).into_iter().flatten() {
            self.place(slot);
        }
    }

    fn place(&mut self, slot: Slot) {
        let mut position = self.home(slot.hash);
        while self.buckets[position].is_some() {
            position = self.after(position);
        }
        self.buckets[position] = Some(slot);
    }

    /// Empties a bucket, and moves into each gap what could not be placed as far ahead because of it.
    fn take(&mut self, mut gap: usize) -> Slot {
        let taken = self.buckets[gap].take().expect(NUMBERED);
        let mut position = self.after(gap);
        while let Some(slot) = &self.buckets[position] {
            if self.distance(self.home(slot.hash), position) >= self.distance(gap, position) {
                self.buckets.swap(gap, position);
                gap = position;
            }
            position = self.after(position);
        }
        taken
    }

    fn position_of(&self, number: u32) -> usize {
        self.position(self.hashes[number as usize], |slot| slot.number == number).expect(NUMBERED)
    }

    fn position(&self, hash: u32, matches: impl Fn(&Slot) -> bool) -> Option<usize> {
        let mut position = self.home(hash);
        while let Some(slot) = self.buckets.get(position)? {
            if slot.hash == hash && matches(slot) {
                return Some(position);
            }
            position = self.after(position);
        }
        None
    }

    /// Where an entry with this hash is, unless others were in its way: as far into the buckets as the hash is into all
    /// hashes.
    fn home(&self, hash: u32) -> usize {
        ((u64::from(hash) * self.buckets.len() as u64) >> u32::BITS) as usize
    }

    fn after(&self, position: usize) -> usize {
        if position + 1 < self.buckets.len() { position + 1 } else { 0 }
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        if from <= to { to - from } else { to + self.buckets.len() - from }
    }
}

const NUMBERED: &str = "every number up to the last is of an entry";

#[cfg(test)]
impl Entries {
    pub(crate) fn room(&self) -> usize {
        self.hashes.capacity().max(self.buckets.len())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use store_core::{ExpiresAt, Key};

    use super::*;
    use crate::namespaces::Membership;
    use crate::slot::Payload;

    /// The name of an entry, by which it is told from others, is its value.
    fn slot(name: u32, hash: u32, number: u32) -> Slot {
        let payload = Payload::new(Key::new("k").unwrap(), &name.to_ne_bytes());
        Slot::new(payload, ExpiresAt::Never, hash, number, Membership::default())
    }

    fn check(entries: &Entries, model: &[(u32, u32)]) {
        assert_eq!(entries.len(), model.len());
        assert_eq!(entries.buckets.iter().flatten().count(), model.len());
        for (number, &(name, hash)) in model.iter().enumerate() {
            let found = entries.find(hash, |slot| slot.payload.value() == name.to_ne_bytes()).unwrap();
            assert_eq!((found.number, found.hash), (number as u32, hash));
            assert_eq!(entries.get(number as u32).payload.value(), name.to_ne_bytes());
        }
    }

    proptest! {
        /// Few hashes, most of them at the end of the buckets, so that entries are in each other's way beyond it.
        #[test]
        fn entries_are_found_by_hash_and_by_number(
            steps in prop::collection::vec((any::<bool>(), 0usize..40, 0u32..8), 1..200),
        ) {
            let (mut entries, mut model) = (Entries::default(), Vec::<(u32, u32)>::new());
            for (name, (removes, index, hash)) in (0u32..).zip(steps) {
                let hash = u32::MAX - hash * hash * 0x0300_0000;
                if removes && !model.is_empty() {
                    let number = index % model.len();
                    let (name, _) = model.swap_remove(number);
                    let removed = entries.swap_remove(number as u32);
                    prop_assert_eq!(removed.payload.value(), name.to_ne_bytes());
                    entries.shrink();
                } else {
                    entries.push(slot(name, hash, entries.next_number()));
                    model.push((name, hash));
                }
                check(&entries, &model);
                prop_assert!(entries.find(hash, |_| false).is_none());
            }
        }
    }

    #[test]
    fn the_empty_bucket_of_a_slot_takes_no_more() {
        assert_eq!(size_of::<Option<Slot>>(), 16);
    }
}
