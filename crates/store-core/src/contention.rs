//! Loops that read, compute, and write if nobody wrote in between: how often, and how they make room for each other.

use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::task::Poll;

use crate::error::{Error, ErrorKind};

/// How often such a loop tries before it gives up.
pub(crate) const ATTEMPTS: u32 = 64;

/// The longest that a loser stands back, in turns that it leaves to other tasks.
const MOST_TURNS: u64 = 1 << 12;

/// Stands back after a lost attempt, for a random number of turns up to a limit that doubles each time.
///
/// Whoever lost together would otherwise read together again, and all but one lose again. Turns instead of time,
/// because this crate knows no timer; on a busy runtime a turn lasts as long as the others need.
pub(crate) async fn stand_back(lost: u32) {
    let limit = MOST_TURNS.min(1 << lost.min(63));
    for _ in 0..=RandomState::new().hash_one(()) % limit {
        give_way().await;
    }
}

async fn give_way() {
    let mut gave_way = false;
    poll_fn(|context| {
        if gave_way {
            return Poll::Ready(());
        }
        gave_way = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The error of a loop that never found the entry unchanged.
pub(crate) fn contended() -> Error {
    Error::new(ErrorKind::Overloaded, format!("other writers kept changing the entry; attempts={ATTEMPTS}"))
}
