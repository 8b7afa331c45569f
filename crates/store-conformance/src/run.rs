//! The engine: runs every selected check on a harness of its own, many at a time.

use std::collections::VecDeque;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::{Builder, Runtime};

use crate::absence::verify_absent;
use crate::context::Context;
use crate::failure::{CheckResult, Failure, Verdict};
use crate::granularity;
use crate::harness::{ClockControl, Deviation, Harness, HarnessError, Start};
use crate::leaks;
use crate::model::{self, Coverage, Subject};
use crate::options::Options;
use crate::race::MOST_THREADS;
use crate::registry::Company;
use crate::report::{CheckReport, Driver, ModelReport, Report, Status};
use crate::trial::{self, Trial};

/// How many threads share a processor where checks mostly wait.
const WAITING_CHECKS_PER_PROCESSOR: usize = 8;

/// Runs the suite on a driver.
///
/// `start` is called once for each check, and again to clean up after one that closed all its clients. When it fails, the
/// check is "not run", and the report is no success.
///
/// The engine brings its own runtime, so it is called from outside of any.
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
    Engine::run(driver, &start, options, &watch)
}

struct Engine<'a> {
    runtime: Runtime,
    start: &'a Start,
    options: Options,
    seed: u64,
}

/// How a check ended and what the model family covered in it.
type Ended = (Trial, CheckReport, Coverage);

impl<'a> Engine<'a> {
    fn run(driver: &str, start: &'a Start, options: Options, watch: &(impl Fn(&CheckReport) + Sync)) -> Report {
        let (seed, began) = (options.effective_seed(), Instant::now());
        let mut report = Report {
            driver: driver.to_owned(),
            subject: Driver::default(),
            level: options.level,
            seed,
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
                let engine = Self { runtime, start, options, seed };
                let ended = engine.run_on_harness(&trials, &mut report.subject, watch);
                report.leaks.extend(leaks::tasks(&engine.runtime));
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

    fn run_on_harness(
        &self,
        trials: &[Trial],
        subject: &mut Driver,
        watch: &(impl Fn(&CheckReport) + Sync),
    ) -> Vec<Ended> {
        // A first harness, to know whom the report is about, and to try once instead of for each check what is not there.
        let harness = match self.runtime.block_on((self.start)()) {
            Ok(harness) => harness,
            Err(error) => return not_run(trials, &self.options, &format!("no harness: {error}"), watch),
        };
        *subject = Driver {
            server: harness.server(),
            protocol: harness.protocol(),
            slot_policy: harness.slot_policy(),
            capabilities: Some(harness.store().capabilities().clone()),
            granularity: self.runtime.block_on(granularity::observe(&harness.store())),
        };
        if let Err(mistake) = self.known(&harness.deviations()) {
            return not_run(trials, &self.options, &mistake, watch);
        }
        self.run_all(trials, self.threads(&*harness), watch)
    }

    /// What is misspelt would silently hold the driver to less, or to more.
    fn known(&self, deviations: &[Deviation]) -> Result<(), String> {
        if let Some(unknown) = deviations.iter().find(|deviation| !trial::is_clause(deviation.clause)) {
            return Err(format!("a deviation from a clause that does not exist: {}", unknown.clause));
        }
        match self.options.required.iter().find(|family| !trial::is_family(family)) {
            Some(unknown) => Err(format!("a required family that does not exist: {unknown}")),
            None => Ok(()),
        }
    }

    fn threads(&self, harness: &dyn Harness) -> usize {
        let default = match harness.clock() {
            ClockControl::Manual(_) => processors(),
            ClockControl::Wall { .. } => processors() * WAITING_CHECKS_PER_PROCESSOR,
        };
        self.options.threads.unwrap_or(default).max(1)
    }

    fn run_all(&self, trials: &[Trial], threads: usize, watch: &(impl Fn(&CheckReport) + Sync)) -> Vec<Ended> {
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
                let (report, coverage) = self.run_one(trial);
                watch(&report);
                ended.lock().unwrap_or_else(PoisonError::into_inner).push((place, (trial, report, coverage)));
            }
        };
        // A check runs on a thread of its own and not as a task: what it does itself must not hold up the driver's tasks.
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        ended.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn run_one(&self, trial: Trial) -> (CheckReport, Coverage) {
        let began = Instant::now();
        let Finding { status, cases, note, leaks, coverage } = self.runtime.block_on(self.find(trial));
        let seconds = began.elapsed().as_secs_f64();
        (CheckReport { cases, seconds, leaks, ..ended(trial, &self.options, status, note) }, coverage)
    }

    async fn find(&self, trial: Trial) -> Finding {
        let harness = match (self.start)().await {
            Ok(harness) => harness,
            Err(error) => return Finding::not_run(format!("no harness: {error}")),
        };
        let deviation = harness.deviations().into_iter().find(|deviation| deviation.clause == trial.clause());
        let context = match Context::new(harness, self.options.clone(), trial.name(), self.seed).await {
            Ok(context) => context,
            Err(failure) => return Finding::of(Err(failure), 0, Vec::new(), Coverage::default()),
        };
        let (mut result, coverage) = match AssertUnwindSafe(examine(trial, &context)).catch_unwind().await {
            Ok(examined) => examined,
            Err(_) => (Err(Failure::new("panicked outside of a case")), Coverage::default()),
        };
        let leaks = context.clean_up(self.start).await.unwrap_or_else(|failure| {
            result = std::mem::replace(&mut result, Ok(Verdict::Pass)).and(Err(failure));
            Vec::new()
        });
        let finding = Finding::of(result, context.cases(), leaks, coverage);
        match deviation {
            None => finding,
            Some(deviation) => finding.expected_to_fail(deviation.reason),
        }
    }
}

async fn examine(trial: Trial, context: &Context) -> (CheckResult, Coverage) {
    if let Some(lacking) = trial.needs().lacking(context) {
        let verified = verify_absent(context, trial.needs()).await;
        let verdict = verified.map(|()| Verdict::Unsupported(format!("the driver does not declare {lacking}")));
        return (verdict, Coverage::default());
    }
    match trial {
        Trial::Clause(_, check) => ((check.body)(context).await, Coverage::default()),
        Trial::Model(subject) => model::check(context, subject).await,
    }
}

/// What a check came to.
struct Finding {
    status: Status,
    cases: u64,
    note: Option<String>,
    leaks: Vec<String>,
    coverage: Coverage,
}

impl Finding {
    fn not_run(reason: String) -> Self {
        let (note, leaks, coverage) = (Some(reason), Vec::new(), Coverage::default());
        Self { status: Status::NotRun, cases: 0, note, leaks, coverage }
    }

    fn of(result: CheckResult, cases: u64, leaks: Vec<String>, coverage: Coverage) -> Self {
        let (status, note) = match result {
            Ok(Verdict::Pass) => (Status::Pass, None),
            Ok(Verdict::Unsupported(reason)) => (Status::Unsupported, Some(reason)),
            Err(failure) => (Status::Fail, Some(failure.to_string())),
        };
        Self { status, cases, note, leaks, coverage }
    }

    /// A deviation that has gone is a failure, because its reason still stands in the harness.
    fn expected_to_fail(self, reason: String) -> Self {
        let (status, note) = match self.status {
            Status::Fail => (Status::Deviation, reason),
            Status::NotRun => return self,
            _ => (Status::Fail, format!("listed as a deviation ({reason}), but does not fail: strike it off")),
        };
        Self { status, note: Some(note), ..self }
    }
}

fn not_run(trials: &[Trial], options: &Options, reason: &str, watch: &impl Fn(&CheckReport)) -> Vec<Ended> {
    let end = |&trial: &Trial| {
        let report = ended(trial, options, Status::NotRun, Some(reason.to_owned()));
        watch(&report);
        (trial, report, Coverage::default())
    };
    trials.iter().map(end).collect()
}

/// The report of a check that took no time and left nothing.
fn ended(trial: Trial, options: &Options, status: Status, note: Option<String>) -> CheckReport {
    CheckReport {
        family: trial.family(),
        clause: trial.clause(),
        level: trial.level(),
        standing: trial.standing(options),
        status,
        cases: 0,
        seconds: 0.0,
        note,
        leaks: Vec::new(),
    }
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
