//! The way from server to server, on which no key escapes by moving meanwhile.

use std::collections::VecDeque;

use store_core::{Error, ErrorKind, Outcome, Result, Retry};

use crate::connection::{Executor, Placement, ServerId};
use crate::slot::Slot;

/// How often a tour begins again. More says that the servers change faster than they can be visited.
const RESTARTS: usize = 16;

/// The servers to visit, in the order in which that has to be done.
pub(super) fn stops(slot: Option<Slot>, placement: &Placement) -> impl Iterator<Item = ServerId> {
    let rounds = if slot.is_none() && placement.is_moving() { 2 } else { 1 };
    (0..rounds).flat_map(|_| placement.servers().iter().copied())
}

/// Leads through all servers that have keys of one slot, or of all slots. It is at its end when they still are those,
/// in the same parts, as when it began; otherwise it begins again.
#[derive(Debug)]
pub(crate) struct Tour<'a> {
    executor: &'a Executor,
    slot: Option<Slot>,
    /// What it went by since it last began.
    placement: Option<Placement>,
    ahead: VecDeque<ServerId>,
    begun: usize,
}

impl<'a> Tour<'a> {
    pub(crate) fn of(executor: &'a Executor, slot: Option<Slot>) -> Self {
        Self { executor, slot, placement: None, ahead: VecDeque::new(), begun: 0 }
    }

    pub(crate) fn of_all_slots(executor: &'a Executor) -> Self {
        Self::of(executor, None)
    }

    /// The next server; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<ServerId>> {
        if let Some(server) = self.ahead.pop_front() {
            return Ok(Some(server));
        }
        let placement = self.executor.placement(self.slot).await?;
        if self.placement.as_ref() == Some(&placement) {
            return Ok(None);
        }
        if self.begun > RESTARTS {
            return Err(restless());
        }
        self.begun += 1;
        self.ahead = stops(self.slot, &placement).collect();
        self.placement = Some(placement);
        Ok(self.ahead.pop_front())
    }

    /// Another server than the one that was visited has answered: the tour begins again.
    pub(crate) fn interrupt(&mut self) {
        self.placement = None;
        self.ahead.clear();
    }
}

fn restless() -> Error {
    let message = format!("the servers changed during every walk through their keys; limit={RESTARTS} restarts");
    Error::new(ErrorKind::Unavailable, message).with_retry(Retry::AfterBackoff).with_outcome(Outcome::NotApplied)
}
