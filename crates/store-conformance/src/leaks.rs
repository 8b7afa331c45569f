//! What outlives a run: tasks that a driver spawned and never ended.

use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;

/// How long tasks may take to notice that nobody needs them any more.
const GRACE: Duration = Duration::from_millis(500);

/// Between two looks: the runtime tells nobody when a task ends.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// Says how many tasks are alive, when all stores have been dropped and none of them ought to be.
pub(crate) fn tasks(runtime: &Handle) -> Option<String> {
    let deadline = Instant::now() + GRACE;
    loop {
        match runtime.metrics().num_alive_tasks() {
            0 => return None,
            alive if Instant::now() >= deadline => {
                return Some(format!("{alive} tasks go on {GRACE:?} after every handle was dropped"));
            }
            _ => thread::sleep(LOOK_EVERY),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;

    #[test]
    fn a_task_that_goes_on_is_told_and_one_that_ends_is_not() {
        let runtime = Builder::new_multi_thread().worker_threads(1).build().unwrap();
        assert_eq!(tasks(runtime.handle()), None);
        runtime.spawn(std::future::pending::<()>());
        assert_eq!(tasks(runtime.handle()).as_deref(), Some("1 tasks go on 500ms after every handle was dropped"));
    }
}
