//! Looks at a topology again: once for all who ask for it, and by itself from time to time.

use std::fmt;
use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures_util::future::select;
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::connection::task::Task;
use crate::environment::Environment;

/// The least time between two looks. What happens meanwhile is seen by the next one.
const BREATH: Duration = Duration::from_millis(50);

/// A topology that can be looked at. Dropping the last handle ends its watch.
pub(super) trait Watchable: Send + Sync + 'static {
    /// Asks the servers who is who; whether that changed anything.
    fn look(&self) -> impl Future<Output = Changed> + Send;

    /// Waits for announcements, and says with [`Wanted`] when there is one. For topologies in which nobody announces
    /// anything it never ends.
    fn listen(&self, _wanted: Wanted) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(pending())
    }
}

/// Whether a look found anything new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    Yes,
    No,
}

/// Asks for a look.
#[derive(Clone)]
pub(super) struct Wanted(Arc<Notify>);

impl Wanted {
    pub(super) fn soon(&self) {
        self.0.notify_one();
    }
}

/// The watch over one topology.
pub(super) struct Watch {
    wanted: Wanted,
    /// Counts the looks that found something new.
    changes: watch::Sender<u64>,
    interval: Option<Duration>,
    environment: Arc<Environment>,
    runner: Mutex<Option<Runner>>,
}

struct Runner {
    task: Task,
    /// When a look that was asked for and has not taken place shows that the task's runtime stands still.
    overdue: Option<Instant>,
}

impl Watch {
    /// A watch that looks at least every `interval`, once it is started.
    pub(super) fn new(interval: Option<Duration>, environment: &Arc<Environment>) -> Self {
        Self {
            wanted: Wanted(Arc::new(Notify::new())),
            changes: watch::Sender::new(0),
            interval,
            environment: Arc::clone(environment),
            runner: Mutex::new(None),
        }
    }

    /// Asks for a look. Its task runs on the runtime of whoever asked first; where that has been shut down, or stands
    /// still, on that of the caller.
    pub(super) fn want<T: Watchable>(&self, topology: &Arc<T>, watch_of: fn(&T) -> &Self) {
        if Handle::try_current().is_err() {
            return;
        }
        let mut runner = self.runner();
        let now = Instant::now();
        match &mut *runner {
            Some(runner) if !runner.task.is_finished() && runner.overdue.is_none_or(|time| now < time) => {
                runner.overdue.get_or_insert(now + self.patience());
            }
            stale => {
                let task = Task::spawn(run(Arc::downgrade(topology), watch_of, self.parts()));
                *stale = Some(Runner { task, overdue: Some(now + self.patience()) });
            }
        }
        drop(runner);
        self.wanted.soon();
    }

    /// The next look that finds something new.
    pub(super) async fn changed(&self) {
        // An error says that the watch is gone, and then its owner with it.
        let _ = self.changes.subscribe().changed().await;
    }

    pub(super) fn stop(&self) {
        *self.runner() = None;
    }

    fn runner(&self) -> MutexGuard<'_, Option<Runner>> {
        // No step between two consistent states can panic.
        self.runner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self) -> Duration {
        self.environment.config.connect_timeout * 4
    }

    fn parts(&self) -> Parts {
        Parts { wanted: self.wanted.clone(), interval: self.interval, environment: Arc::clone(&self.environment) }
    }

    fn note(&self, changed: Changed) {
        if let Some(runner) = &mut *self.runner() {
            runner.overdue = None;
        }
        if changed == Changed::Yes {
            self.environment.counters.note_topology_change();
            self.changes.send_modify(|changes| *changes += 1);
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("changes", &*self.changes.borrow()).finish_non_exhaustive()
    }
}

struct Parts {
    wanted: Wanted,
    interval: Option<Duration>,
    environment: Arc<Environment>,
}

/// Runs until the topology is gone.
async fn run<T: Watchable>(topology: Weak<T>, watch_of: fn(&T) -> &Watch, parts: Parts) {
    let Some(announcements) = topology.upgrade().map(|topology| topology.listen(parts.wanted.clone())) else { return };
    let _listening = Task::spawn(announcements);
    loop {
        let (wanted, alarm) = (pin!(parts.wanted.0.notified()), pin!(parts.environment.alarm.notified()));
        let woken = select(wanted, alarm);
        match parts.interval {
            Some(interval) => {
                let _woken_or_due = timeout(interval, woken).await;
            }
            None => {
                let _woken = woken.await;
            }
        }
        let Some(topology) = topology.upgrade() else { return };
        let changed = topology.look().await;
        watch_of(&topology).note(changed);
        drop(topology);
        sleep(BREATH).await;
    }
}
