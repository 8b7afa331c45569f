//! What the model store is when its data was opened again.

use std::collections::BTreeMap;

use store_core::{ExpiresAt, Namespace};

use super::{Cell, ModelStore, Place};
use crate::fault::Fault;

/// What happened last, for a store that forgets or repeats it when it is opened again.
#[derive(Debug, Default)]
pub(super) struct Journal {
    /// Each counter whose last write was a step, as it was before.
    counted: BTreeMap<Place, Option<Cell>>,
    /// The entry that was deleted last.
    deleted: Option<(Place, (Namespace, Cell))>,
}

impl Journal {
    pub(super) fn counted(&mut self, place: Place, before: Option<&Cell>) {
        self.counted.insert(place, before.cloned());
    }

    /// The step was not the last that became of the entry.
    pub(super) fn written(&mut self, place: &Place) {
        self.counted.remove(place);
    }

    pub(super) fn deleted(&mut self, place: Place, gone: (Namespace, Cell)) {
        self.deleted = Some((place, gone));
    }
}

impl ModelStore {
    /// Closes the data and opens it again.
    pub(crate) fn reopen(&self) {
        let mut state = self.lock();
        let journal = std::mem::take(&mut state.journal);
        match self.fault {
            Fault::ReopenForgetsLifetimes => {
                state.cells.values_mut().for_each(|(_, cell)| cell.expires_at = ExpiresAt::Never);
            }
            Fault::ReopenLosesLastStep => {
                for (place, before) in journal.counted {
                    match (before, state.cells.get_mut(&place)) {
                        (Some(before), Some((_, cell))) => cell.value = before.value,
                        (None, Some(_)) => drop(state.cells.remove(&place)),
                        (_, None) => {}
                    }
                }
            }
            Fault::ReopenRevivesDeleted => {
                if let Some((place, gone)) = journal.deleted {
                    state.cells.entry(place).or_insert(gone);
                }
            }
            _ => {}
        }
    }
}
