//! Which slots of a shard expire, the earliest first.
//!
//! A binary heap in which every slot knows its place, so that an expiry can be moved or taken back at once: nothing
//! stale stays behind, however often entries are renewed or rewritten. Because lifetimes are mostly alike, a new expiry
//! is mostly the latest and stays where it is appended.

use std::num::NonZeroU32;

use store_core::{ExpiresAt, Timestamp};

use crate::growth;

#[derive(Default)]
pub(crate) struct ExpiryQueue {
    heap: Vec<Due>,
    /// For every slot of the shard, where it is in the heap.
    places: Vec<Option<Place>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) at: Timestamp,
    pub(crate) slot: u32,
}

/// A position in the heap, counted from 1 so that the option takes no more room.
#[derive(Clone, Copy)]
struct Place(NonZeroU32);

impl Place {
    fn of(position: usize) -> Option<Self> {
        // Slots are numbered by `u32` from 0 and each is in the heap at most once, so a position from 1 fits as well.
        u32::try_from(position + 1).ok().and_then(NonZeroU32::new).map(Self)
    }

    fn position(self) -> usize {
        self.0.get() as usize - 1
    }
}

impl ExpiryQueue {
    /// The slot that expires first.
    pub(crate) fn first(&self) -> Option<Due> {
        self.heap.first().copied()
    }

    /// Follows the shard when it appends a slot.
    pub(crate) fn push(&mut self, expires_at: ExpiresAt) {
        let slot = self.places.len() as u32;
        growth::push(&mut self.places, None);
        self.set(slot, expires_at);
    }

    /// Follows the shard when it removes a slot and puts the last one in its place.
    pub(crate) fn swap_remove(&mut self, slot: u32) {
        self.set(slot, ExpiresAt::Never);
        self.places.swap_remove(slot as usize);
        if let Some(Some(moved)) = self.places.get(slot as usize) {
            self.heap[moved.position()].slot = slot;
        }
        growth::shrink(&mut self.places);
    }

    /// Gives a slot another expiry.
    pub(crate) fn set(&mut self, slot: u32, expires_at: ExpiresAt) {
        match (self.places[slot as usize], expires_at) {
            (None, ExpiresAt::Never) => {}
            (None, ExpiresAt::At(at)) => {
                growth::push(&mut self.heap, Due { at, slot });
                self.sift_up(self.heap.len() - 1);
            }
            (Some(place), ExpiresAt::At(at)) => {
                self.heap[place.position()].at = at;
                self.restore(place.position());
            }
            (Some(place), ExpiresAt::Never) => {
                self.heap.swap_remove(place.position());
                self.places[slot as usize] = None;
                if place.position() < self.heap.len() {
                    self.restore(place.position());
                }
                growth::shrink(&mut self.heap);
            }
        }
    }

    fn restore(&mut self, position: usize) {
        let position = self.sift_up(position);
        self.sift_down(position);
    }

    fn sift_up(&mut self, mut position: usize) -> usize {
        let due = self.heap[position];
        while position > 0 {
            let parent = (position - 1) / 2;
            if self.heap[parent].at <= due.at {
                break;
            }
            self.put(position, self.heap[parent]);
            position = parent;
        }
        self.put(position, due);
        position
    }

    fn sift_down(&mut self, mut position: usize) {
        let due = self.heap[position];
        while let Some(child) = self.earlier_child(position)
            && self.heap[child].at < due.at
        {
            self.put(position, self.heap[child]);
            position = child;
        }
        self.put(position, due);
    }

    fn earlier_child(&self, position: usize) -> Option<usize> {
        let (left, right) = (2 * position + 1, 2 * position + 2);
        let later_than_right = |right: &Due| right.at < self.heap[left].at;
        match self.heap.get(right) {
            Some(due) if later_than_right(due) => Some(right),
            _ => (left < self.heap.len()).then_some(left),
        }
    }

    fn put(&mut self, position: usize, due: Due) {
        self.heap[position] = due;
        self.places[due.slot as usize] = Place::of(position);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(millis: u16) -> ExpiresAt {
        ExpiresAt::At(Timestamp::from_unix_millis(millis.into()).unwrap())
    }

    fn check(queue: &ExpiryQueue, model: &[ExpiresAt]) {
        for (position, due) in queue.heap.iter().enumerate() {
            assert_eq!(queue.places[due.slot as usize].unwrap().position(), position);
            assert_eq!(ExpiresAt::At(due.at), model[due.slot as usize]);
            assert!(queue.heap[position.saturating_sub(1) / 2].at <= due.at);
        }
        assert_eq!(queue.places.len(), model.len());
        assert_eq!(queue.heap.len(), model.iter().filter(|&&expiry| expiry != ExpiresAt::Never).count());
    }

    proptest! {
        #[test]
        fn queue_follows_the_slots(steps in prop::collection::vec((0u8..4, any::<u16>(), 0u16..20), 1..200)) {
            let mut queue = ExpiryQueue::default();
            let mut model = Vec::new();
            for (step, slot, millis) in steps {
                let slot = usize::from(slot) % model.len().max(1);
                match step {
                    0 => { queue.push(at(millis)); model.push(at(millis)); }
                    1 => { queue.push(ExpiresAt::Never); model.push(ExpiresAt::Never); }
                    _ if model.is_empty() => {}
                    2 => {
                        let expiry = if millis == 0 { ExpiresAt::Never } else { at(millis) };
                        queue.set(slot as u32, expiry);
                        model[slot] = expiry;
                    }
                    _ => { queue.swap_remove(slot as u32); model.swap_remove(slot); }
                }
                check(&queue, &model);
            }
        }
    }
}
