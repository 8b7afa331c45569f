//! Wakes the callers that wait long, so that those who do not need no timer.
//!
//! A timer for each call is a tenth of what a call costs, and more where several threads share the timers of a runtime. So
//! nearly all calls have none: one thread of the process passes all lines that are in use, time and again, and whoever has
//! waited from one pass to the next is woken, and sets a timer then. It is a thread because a task would live on one
//! runtime, and may stand still while a caller on another waits. While nobody waits for anything it sleeps.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, Weak};
use std::task::Waker;
use std::thread::{self, Builder, Thread};
use std::time::Duration;

use crate::connection::lock::lock;
use crate::connection::multiplex::queue::Queue;

/// From one pass to the next.
const PERIOD: Duration = Duration::from_millis(25);

/// A caller is woken within this time, which is two passes, and one more for a thread that comes late. Who has to be
/// woken earlier does not rely on the watch.
pub(in crate::connection) const WATCHED_WITHIN: Duration = Duration::from_millis(75);

static LINES: Mutex<Vec<Weak<Queue>>> = Mutex::new(Vec::new());

/// `None` where the system has no thread left for us.
static THREAD: OnceLock<Option<Thread>> = OnceLock::new();

/// Has a line watched from now on, if there is anybody to do so.
pub(super) fn add(queue: &Arc<Queue>) {
    let spawn = || Builder::new().name("store-redis-watch".to_owned()).spawn(run);
    if THREAD.get_or_init(|| spawn().ok().map(|watch| watch.thread().clone())).is_some() {
        queue.note_watched();
        lock(&LINES).push(Arc::downgrade(queue));
    }
}

/// Begins to pass the lines, one of which is in use again.
pub(super) fn rouse() {
    if let Some(Some(watch)) = THREAD.get() {
        watch.unpark();
    }
}

fn run() {
    loop {
        thread::park();
        // First the pause: a caller that is answered before its end has cost no pass, however often that happens.
        loop {
            thread::sleep(PERIOD);
            if !pass() {
                break;
            }
        }
    }
}

/// Whether any line is in use.
fn pass() -> bool {
    let mut queues = Vec::new();
    lock(&LINES).retain(|line| {
        let queue = line.upgrade();
        let is_there = queue.is_some();
        queues.extend(queue);
        is_there
    });
    let (mut is_any_in_use, mut late) = (false, Vec::new());
    for queue in queues {
        is_any_in_use |= queue.pass(&mut late);
    }
    late.into_iter().for_each(wake);
    is_any_in_use
}

fn wake(caller: Waker) {
    // An executor of somebody's that panics here does not take the deadlines of all others with it.
    let _panicked = catch_unwind(AssertUnwindSafe(|| caller.wake()));
}
