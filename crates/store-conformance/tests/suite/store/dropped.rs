//! What calls leave behind that were dropped before they ended: nothing, in a healthy store.

use store_core::Entry;

use super::ModelStore;
use crate::fault::Fault;

/// What was left behind.
#[derive(Debug, Default)]
pub(super) struct Traces {
    answer: Option<Option<Entry>>,
    broken: bool,
}

impl Traces {
    /// The answer to a call that is not there any more.
    pub(super) fn take_answer(&mut self) -> Option<Option<Entry>> {
        self.answer.take()
    }

    /// Whether the last call was left in the middle, of which only the next one is told.
    pub(super) fn is_broken(&mut self) -> bool {
        std::mem::take(&mut self.broken)
    }
}

/// A call under way; `done` when its caller got the answer.
#[derive(Debug)]
pub(super) struct UnderWay<'a> {
    store: &'a ModelStore,
    answer: Option<Entry>,
    is_done: bool,
}

impl<'a> UnderWay<'a> {
    pub(super) fn new(store: &'a ModelStore, answer: Option<Entry>) -> Self {
        Self { store, answer, is_done: false }
    }

    pub(super) fn done(mut self) -> Option<Entry> {
        self.is_done = true;
        self.answer.take()
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let traces = &mut self.store.lock().dropped;
        match self.store.fault {
            Fault::DroppedAnswerGoesToTheNext => traces.answer = Some(self.answer.take()),
            _ => traces.broken = true,
        }
    }
}
