//! What a list may show that others write to while it is under way.

use std::collections::{BTreeMap, BTreeSet};

use store_core::Listing;

use super::{Judgement, Model, Place};
use crate::failure::{Failure, ensure};
use crate::model::op::Meanwhile;
use crate::time::{Deadline, Moment, Presence, Span};

/// A walk over all places that were asked for, from its first page to its last.
pub(crate) struct Walk {
    begun: Moment,
    /// What may be listed, because it was there at some time.
    may: BTreeSet<Place>,
    /// What has to be, if it is still there at the end, with the expiry that it had at the beginning.
    must: BTreeMap<Place, Deadline>,
}

impl Model<'_> {
    /// Begins a walk over all places that `covers` says.
    pub(crate) fn begin_walk(&self, covers: impl Fn(usize) -> bool) -> Walk {
        let begun = self.time.now();
        let covered = self.cells.iter().filter(|((space, _), _)| covers(*space));
        let must: BTreeMap<_, _> = covered.map(|(&place, cell)| (place, cell.deadline)).collect();
        let begin = Span { sent: begun, acked: begun };
        let may = must.iter().filter(|(_, deadline)| deadline.presence(begin) != Presence::Absent);
        Walk { begun, may: may.map(|(&place, _)| place).collect(), must }
    }
}

impl Walk {
    /// This was written meanwhile, inside of what is walked over. What was removed and comes back is another entry.
    pub(crate) fn note(&mut self, write: &Meanwhile) {
        let place = (write.space, write.key);
        match write.value {
            Some(_) => drop(self.may.insert(place)),
            None => drop(self.must.remove(&place)),
        }
    }

    /// Judges what was listed by now, when every page has been seen; `seen` says how often each came up.
    pub(crate) fn judge(&self, now: Moment, seen: &BTreeMap<Place, usize>, listing: Listing) -> Judgement {
        let during = Span { sent: self.begun, acked: now };
        for (place, times) in seen {
            ensure!(self.may.contains(place), "listed an entry that was never there: {place:?}");
            let once = listing != Listing::ByteOrder || *times == 1;
            ensure!(once, "listed an entry {times} times while others were written: {place:?}");
        }
        let stayed = self.must.iter().filter(|(_, deadline)| deadline.presence(during) == Presence::Present);
        match stayed.map(|(place, _)| place).find(|place| !seen.contains_key(place)) {
            Some(place) => Err(Failure::new(format!("did not list an entry that stayed all the time: {place:?}"))),
            None => Ok(()),
        }
    }
}
