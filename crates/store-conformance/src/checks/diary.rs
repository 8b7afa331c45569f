//! What one caller of a recorded history writes down. Now and then it drops a call before it is answered, so that what
//! an operation leaves behind when it is given up is judged with everything else.

use std::future::Future;

use store_core::Error;

use super::cancellation::{MAX_POLLS, drop_after};
use crate::choices::Choices;
use crate::failure::Failure;
use crate::history::{Call, History, Operation, Returned, Watch};

/// Of so many calls one is dropped, unless it is answered before.
const ONE_IS_DROPPED_OF: u64 = 8;

/// The calls of one caller on one object.
pub(super) struct Diary<O: Operation> {
    caller: usize,
    watch: Watch,
    choices: Choices,
    calls: Vec<Call<O>>,
}

impl<O: Operation> Diary<O> {
    pub(super) fn new(caller: usize, watch: Watch, choices: Choices) -> Self {
        Self { caller, watch, choices, calls: Vec::new() }
    }

    /// Makes the call and writes it down; the answer is `None` when it was dropped.
    pub(super) async fn note(
        &mut self,
        operation: O,
        call: impl Future<Output = Result<O::Answer, Error>>,
    ) -> Result<Option<O::Answer>, Error> {
        let is_dropped = self.choices.below(ONE_IS_DROPPED_OF) == 0;
        let polls = if is_dropped { 1 + self.choices.below(MAX_POLLS as u64) as usize } else { usize::MAX };
        let called = self.watch.now();
        let answer = drop_after(polls, call).await.transpose()?;
        let returned = answer.map(|answer| Returned { at: self.watch.now(), answer });
        self.calls.push(Call { caller: self.caller, called, operation, returned });
        Ok(answer)
    }

    pub(super) fn into_calls(self) -> Vec<Call<O>> {
        self.calls
    }
}

/// Fails unless some order explains all calls on one object.
#[track_caller]
pub(super) fn judge<O: Operation>(history: &History<O>) -> Result<(), Failure> {
    match history.judge() {
        Ok(()) => Ok(()),
        Err(violation) => Err(Failure::new(violation.to_string())),
    }
}
