//! What a driver or its harness does outside of a case: a panic and a hang are failures there too, and say in what.
//!
//! A hang is noticed in two places. A future that does not come is given up by whoever awaits it, who goes on and cleans up.
//! A call that blocks its thread lets nobody on that thread notice anything, so each check has one of its own, which is
//! left behind.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;

use crate::failure::Failure;
use crate::progress::{Idleness, Progress};

/// Watches what one thread does for the suite, step by step.
#[derive(Clone)]
pub(crate) struct Guard {
    limit: Duration,
    progress: Progress,
    step: Arc<Mutex<&'static str>>,
}

impl Guard {
    fn new(limit: Duration) -> Self {
        Self { limit, progress: Progress::new(), step: Arc::new(Mutex::new("starting a thread")) }
    }

    /// What has to be noted whenever anything was done.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    /// Does a job on a thread of its own, and waits for it as long as it gets somewhere.
    ///
    /// # Errors
    /// When the thread was blocked for half as long again as anything may do nothing, so that what is awaited is given up
    /// first, by the thread itself. The thread is left behind then, with all that it has.
    pub(crate) fn on_thread<T: Send + 'static>(
        limit: Duration,
        job: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let guard = Self::new(limit);
        let (theirs, (sender, answer)) = (guard.clone(), mpsc::channel());
        let work = move || {
            let result = theirs.call("the thread of a check", || job(&theirs));
            // Nobody waits any more for who was left behind.
            drop(sender.send(result));
        };
        let spawned = thread::Builder::new().spawn(work);
        spawned.map_err(|error| Failure::new(format!("no thread: {error}")))?;
        guard.wait(&answer)
    }

    fn wait<T>(&self, answer: &Receiver<Result<T, Failure>>) -> Result<T, Failure> {
        let limit = self.limit + self.limit / 2;
        let mut idleness = Idleness::of(&self.progress);
        while !idleness.is_hang() {
            match answer.recv_timeout(Idleness::pause(limit)) {
                Ok(result) => return result,
                Err(RecvTimeoutError::Timeout) => idleness.look(),
                Err(RecvTimeoutError::Disconnected) => return Err(Failure::new("a thread ended without an answer")),
            }
        }
        Err(Failure::blocked(self.step(), limit))
    }

    /// Awaits something.
    ///
    /// # Errors
    /// When it panicked, or did nothing for as long as the options allow.
    pub(crate) async fn within<T>(&self, step: &'static str, doing: impl Future<Output = T>) -> Result<T, Failure> {
        self.begin(step);
        self.watch(step, self.limit, doing).await
    }

    /// Awaits a whole check, which is watched case by case from within, and so is given a quarter more.
    ///
    /// # Errors
    /// When it panicked outside of its cases, or did nothing there.
    pub(crate) async fn around_cases<T>(&self, doing: impl Future<Output = T>) -> Result<T, Failure> {
        self.begin("the check");
        self.watch("the check, outside of its cases,", self.limit + self.limit / 4, doing).await
    }

    async fn watch<T>(&self, what: &str, limit: Duration, doing: impl Future<Output = T>) -> Result<T, Failure> {
        match self.progress.watch(limit, AssertUnwindSafe(doing).catch_unwind()).await {
            Some(Ok(result)) => Ok(result),
            Some(Err(panic)) => Err(Failure::of_panic_in(what, &*panic)),
            None => Err(Failure::hang_in(what, limit)),
        }
    }

    /// Does something that awaits nothing.
    ///
    /// # Errors
    /// When it panicked.
    pub(crate) fn call<T>(&self, step: &'static str, doing: impl FnOnce() -> T) -> Result<T, Failure> {
        self.begin(step);
        catch_unwind(AssertUnwindSafe(doing)).map_err(|panic| Failure::of_panic_in(step, &*panic))
    }

    fn begin(&self, step: &'static str) {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner) = step;
        self.progress.note();
    }

    fn step(&self) -> &'static str {
        *self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    #[tokio::test(start_paused = true)]
    async fn what_never_comes_is_given_up_and_named() {
        let guard = Guard::new(LIMIT);
        let failure = guard.within("opening", pending::<()>()).await.unwrap_err();
        assert_eq!(failure.message(), "opening hung: nothing was done for 200ms");
        let failure = guard.around_cases(pending::<()>()).await.unwrap_err();
        assert_eq!(failure.message(), "the check, outside of its cases, hung: nothing was done for 250ms");
    }

    #[tokio::test]
    async fn a_panic_is_named_with_its_step() {
        let guard = Guard::new(LIMIT);
        let awaited = guard.within("opening", async { panic!("no door") }).await;
        let called = guard.call("closing", || panic!("no key"));
        let messages = [awaited, called].map(|result: Result<(), _>| result.unwrap_err().message().to_owned());
        assert_eq!(messages, ["opening panicked: no door", "closing panicked: no key"]);
    }

    #[test]
    fn a_thread_that_is_blocked_is_left_behind() {
        let blocked = Guard::on_thread(LIMIT, |guard| {
            guard.call("opening", || {
                loop {
                    thread::park();
                }
            })
        });
        let message = blocked.map(drop).unwrap_err().message().to_owned();
        assert_eq!(message, "opening hung: it blocked its thread for 300ms");
    }

    #[test]
    fn a_thread_that_gets_somewhere_is_waited_for() {
        let (steps, limit) = (10, Duration::from_secs(1));
        let seen = Guard::on_thread(limit, move |guard| {
            for _ in 0..steps {
                thread::park_timeout(limit / 5);
                guard.progress().note();
            }
            steps
        });
        assert_eq!(seen.unwrap(), steps);
    }
}
