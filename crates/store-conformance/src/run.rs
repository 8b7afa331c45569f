//! The engine: runs every selected check on a harness of its own, many at a time.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};

use crate::acquaintance::Acquaintance;
use crate::examination::Examiner;
use crate::finding::{Ended, Finding, not_run};
use crate::guard::Guard;
use crate::harness::{ClockControl, Deviation, Harness, HarnessError, Start};
use crate::leaks;
use crate::model::Subject;
use crate::options::{AfterFailure, Options};
use crate::race::MOST_THREADS;
use crate::registry::Company;
use crate::report::{CheckReport, Driver, ModelReport, Report};
use crate::trial::{self, Trial};

/// How many threads share a processor where checks mostly wait.
const WAITING_CHECKS_PER_PROCESSOR: usize = 8;

/// Runs the suite on a driver.
///
/// `start` is called once for each check, and again to clean up after one that closed what it would be cleaned up by. When
/// it fails, the check is "not run", and the report is no success.
///
/// A driver or a harness that panics or hangs, in a check or anywhere else, fails the check and not the run: see
/// [`Options::idle_limit`].
///
/// The engine brings its own runtime, on which `start` and all of the driver run, and holds up the thread that calls it
/// until the report is there. It may be called from within a runtime; there `spawn_blocking` is its place, or other tasks
/// are held up too, and what a harness awaits of a runtime with a single thread never comes.
pub fn run<H, F, S>(driver: &str, start: S, options: Options) -> Report
where
    H: Harness,
    F: Future<Output = Result<H, HarnessError>> + Send + 'static,
    S: Fn() -> F + Send + Sync + 'static,
{
    run_watched(driver, start, options, |_| {})
}

/// As [`run`], and tells how each check ended as soon as it did.
pub(crate) fn run_watched<H, F, S>(
    driver: &str,
    start: S,
    options: Options,
    watch: impl Fn(&CheckReport) + Sync,
) -> Report
where
    H: Harness,
    F: Future<Output = Result<H, HarnessError>> + Send + 'static,
    S: Fn() -> F + Send + Sync + 'static,
{
    let start = move || -> BoxFuture<'static, Result<Arc<dyn Harness>, HarnessError>> {
        let harness = start();
        Box::pin(async move { Ok(Arc::new(harness.await?) as Arc<dyn Harness>) })
    };
    let start: Box<Start> = Box::new(start);
    // On a thread of its own: where the caller's is one of a runtime's, another runtime can neither be waited for nor end.
    thread::scope(|scope| {
        let run = scope.spawn(|| run_all(driver, start, options, &watch));
        run.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn run_all(driver: &str, start: Box<Start>, options: Options, watch: &(impl Fn(&CheckReport) + Sync)) -> Report {
    let began = Instant::now();
    let mut report = Report {
        driver: driver.to_owned(),
        subject: Driver::default(),
        level: options.level,
        seed: options.effective_seed(),
        seconds: 0.0,
        of: trial::all().count(),
        checks: Vec::new(),
        model: None,
        record_model: None,
        leaks: Vec::new(),
    };
    let trials: Vec<_> = trial::selected(&options).collect();
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(processors().max(2)).max_blocking_threads(MOST_THREADS).enable_all();
    let ended = match runtime.build() {
        Err(error) => not_run(&trials, &options, &format!("no runtime: {error}"), watch),
        Ok(runtime) => {
            let engine = Engine::new(runtime, start, options, report.seed);
            let ended = engine.run(&trials, &mut report.subject, watch);
            report.leaks.extend(engine.end());
            ended
        }
    };
    for (trial, check, coverage) in ended {
        match trial {
            Trial::Clause(..) => report.checks.push(check),
            Trial::Model(Subject::Entries) => report.model = Some(ModelReport { check, coverage }),
            Trial::Model(Subject::Records) => report.record_model = Some(ModelReport { check, coverage }),
        }
    }
    report.seconds = began.elapsed().as_secs_f64();
    report
}

struct Engine {
    runtime: Runtime,
    examiner: Arc<Examiner>,
    /// Whether a thread was left behind, with whatever handles it has.
    left_behind: AtomicBool,
    /// Whether a check failed after which no other is to begin.
    ended: AtomicBool,
}

impl Engine {
    fn new(runtime: Runtime, start: Box<Start>, options: Options, seed: u64) -> Self {
        let examiner = Examiner { runtime: runtime.handle().clone(), start, options, seed };
        Self {
            runtime,
            examiner: Arc::new(examiner),
            left_behind: AtomicBool::new(false),
            ended: AtomicBool::new(false),
        }
    }

    fn options(&self) -> &Options {
        &self.examiner.options
    }

    /// Does something of the driver's where it can be left behind.
    fn guarded<T: Send + 'static>(
        &self,
        job: impl AsyncFnOnce(Arc<Examiner>, &Guard) -> T + Send + 'static,
    ) -> Result<T, String> {
        let examiner = Arc::clone(&self.examiner);
        let limit = self.options().effective_idle_limit();
        let done = Guard::on_thread(limit, move |guard| {
            let runtime = examiner.runtime.clone();
            runtime.block_on(job(examiner, guard))
        });
        done.map_err(|failure| {
            self.left_behind.fetch_or(failure.is_hang(), Ordering::Relaxed);
            failure.to_string()
        })
    }

    /// A first harness is to know whom the report is about, and to try once instead of for each check what is not there.
    fn run(&self, trials: &[Trial], subject: &mut Driver, watch: &(impl Fn(&CheckReport) + Sync)) -> Vec<Ended> {
        let met = self.guarded(async |examiner, guard| Acquaintance::make(&examiner.start, guard).await);
        let acquaintance = match met.and_then(|met| met) {
            Ok(acquaintance) => acquaintance,
            Err(reason) => return not_run(trials, self.options(), &reason, watch),
        };
        *subject = acquaintance.subject.clone();
        let ended = match self.known(&acquaintance.deviations) {
            Ok(()) => self.run_each(trials, self.threads(&acquaintance.clock), watch),
            Err(mistake) => not_run(trials, self.options(), &mistake, watch),
        };
        // What comes of it a check sees too, with a harness of its own.
        drop(self.guarded(async |_, guard| drop(guard.call("dropping a harness", || drop(acquaintance)))));
        ended
    }

    /// What misses its aim would silently hold the driver to less, or to more.
    fn known(&self, deviations: &[Deviation]) -> Result<(), String> {
        if let Some(unknown) = deviations.iter().find(|deviation| !trial::is_clause(deviation.clause)) {
            return Err(format!("a deviation from a clause that does not exist: {}", unknown.clause));
        }
        match self.options().required.iter().find(|family| !trial::is_family(family)) {
            Some(unknown) => Err(format!("a required family that does not exist: {unknown}")),
            None => Ok(()),
        }
    }

    fn threads(&self, clock: &ClockControl) -> usize {
        let default = match clock {
            ClockControl::Manual(_) => processors(),
            ClockControl::Wall { .. } => processors() * WAITING_CHECKS_PER_PROCESSOR,
        };
        self.options().threads.unwrap_or(default).max(1)
    }

    fn run_each(&self, trials: &[Trial], threads: usize, watch: &(impl Fn(&CheckReport) + Sync)) -> Vec<Ended> {
        let (alone, together): (VecDeque<_>, VecDeque<_>) =
            trials.iter().copied().enumerate().partition(|(_, trial)| trial.company() == Company::Alone);
        let mut ended = self.run_queue(together, threads, watch);
        ended.extend(self.run_queue(alone, 1, watch));
        ended.sort_by_key(|(place, _)| *place);
        ended.into_iter().map(|(_, ended)| ended).collect()
    }

    fn run_queue(
        &self,
        queue: VecDeque<(usize, Trial)>,
        threads: usize,
        watch: &(impl Fn(&CheckReport) + Sync),
    ) -> Vec<(usize, Ended)> {
        let threads = threads.min(queue.len());
        let (queue, ended) = (Mutex::new(queue), Mutex::new(Vec::new()));
        let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || {
            while let Some((place, trial)) = next() {
                let one = self.run_unless_ended(trial);
                watch(&one.1);
                ended.lock().unwrap_or_else(PoisonError::into_inner).push((place, one));
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        ended.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_unless_ended(&self, trial: Trial) -> Ended {
        if self.ended.load(Ordering::Relaxed) {
            let reason = "another check failed, and the run was to end there".to_owned();
            return Finding::not_run(reason).ended(trial, self.options(), 0.0);
        }
        let ended = self.run_one(trial);
        if self.options().after_failure == AfterFailure::End && !ended.1.is_success() {
            self.ended.store(true, Ordering::Relaxed);
        }
        ended
    }

    /// On a thread of its own and not as a task: what a check does itself must not hold up the driver's tasks.
    fn run_one(&self, trial: Trial) -> Ended {
        let began = Instant::now();
        let found = self.guarded(async move |examiner, guard| examiner.find(trial, guard).await);
        let again = || format!("  again: --exact {} --seed {}", trial.name(), self.examiner.seed);
        let finding = found.unwrap_or_else(|reason| Finding::failed(format!("{reason}\n{}", again())));
        finding.ended(trial, self.options(), began.elapsed().as_secs_f64())
    }

    /// Ends the runtime without waiting for what blocks its threads, and tells what it was still busy with.
    fn end(self) -> Option<String> {
        const PATIENCE: Duration = Duration::from_secs(1);

        // What was left behind has handles.
        let leaks = if self.left_behind.into_inner() { None } else { leaks::tasks(self.runtime.handle()) };
        self.runtime.shutdown_timeout(PATIENCE);
        leaks
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
