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
use crate::checks::FAMILIES;
use crate::context::Context;
use crate::failure::{CheckResult, Failure, Verdict};
use crate::harness::{ClockControl, Harness, HarnessError, Start};
use crate::model::{self, Coverage, Subject};
use crate::options::Options;
use crate::race::MOST_THREADS;
use crate::registry::{Check, Company, Needs};
use crate::report::{CheckReport, Driver, ModelReport, Report, Status};

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

/// The names of all checks that the options select, in order.
pub(crate) fn names(options: &Options) -> Vec<String> {
    trials(options).map(|trial| trial.name()).collect()
}

/// One check to run.
#[derive(Clone, Copy)]
enum Trial {
    Clause(&'static str, &'static Check),
    Model(Subject),
}

impl Trial {
    fn family(self) -> &'static str {
        match self {
            Self::Clause(family, _) => family,
            Self::Model(_) => model::FAMILY,
        }
    }

    fn clause(self) -> &'static str {
        match self {
            Self::Clause(_, check) => check.clause,
            Self::Model(subject) => subject.check(),
        }
    }

    fn name(self) -> String {
        format!("{}::{}", self.family(), self.clause())
    }

    fn needs(self) -> Needs {
        match self {
            Self::Clause(_, check) => check.needs,
            Self::Model(subject) => subject.needs(),
        }
    }

    fn company(self) -> Company {
        match self {
            Self::Clause(_, check) => check.company,
            Self::Model(_) => Company::Others,
        }
    }
}

/// The model family first: it takes longest.
fn trials(options: &Options) -> impl Iterator<Item = Trial> {
    let clauses =
        FAMILIES.iter().flat_map(|family| family.checks.iter().map(|check| Trial::Clause(family.name, check)));
    let models = Subject::ALL.map(Trial::Model).into_iter();
    models.chain(clauses).filter(|trial| options.selection.includes(&trial.name()))
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
            seed,
            seconds: 0.0,
            checks: Vec::new(),
            model: None,
            record_model: None,
        };
        let trials: Vec<_> = trials(&options).collect();
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(processors().max(2)).max_blocking_threads(MOST_THREADS).enable_all();
        let ended = match runtime.build() {
            Err(error) => not_run(&trials, &format!("no runtime: {error}"), watch),
            Ok(runtime) => {
                let engine = Self { runtime, start, options, seed };
                engine.run_on_harness(&trials, &mut report.subject, watch)
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
            Err(error) => return not_run(trials, &format!("no harness: {error}"), watch),
        };
        *subject = Driver {
            server: harness.server(),
            protocol: harness.protocol(),
            slot_policy: harness.slot_policy(),
            capabilities: Some(harness.store().capabilities().clone()),
        };
        if let Some(unknown) = harness.deviations().iter().find(|deviation| !is_clause(deviation.clause)) {
            return not_run(
                trials,
                &format!("a deviation from a clause that does not exist: {}", unknown.clause),
                watch,
            );
        }
        self.run_all(trials, self.threads(&*harness), watch)
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
        let Finding { status, cases, note, coverage } = self.runtime.block_on(self.find(trial));
        let seconds = began.elapsed().as_secs_f64();
        (CheckReport { family: trial.family(), clause: trial.clause(), status, cases, seconds, note }, coverage)
    }

    async fn find(&self, trial: Trial) -> Finding {
        let harness = match (self.start)().await {
            Ok(harness) => harness,
            Err(error) => return Finding::not_run(format!("no harness: {error}")),
        };
        let deviation = harness.deviations().into_iter().find(|deviation| deviation.clause == trial.clause());
        let context = match Context::new(harness, self.options.clone(), trial.name(), self.seed).await {
            Ok(context) => context,
            Err(failure) => return Finding::of(Err(failure), 0, Coverage::default()),
        };
        let (mut result, coverage) = match AssertUnwindSafe(examine(trial, &context)).catch_unwind().await {
            Ok(examined) => examined,
            Err(_) => (Err(Failure::new("panicked outside of a case")), Coverage::default()),
        };
        if let Err(failure) = context.clean_up(self.start).await {
            result = result.and(Err(failure));
        }
        let finding = Finding::of(result, context.cases(), coverage);
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
    coverage: Coverage,
}

impl Finding {
    fn not_run(reason: String) -> Self {
        Self { status: Status::NotRun, cases: 0, note: Some(reason), coverage: Coverage::default() }
    }

    fn of(result: CheckResult, cases: u64, coverage: Coverage) -> Self {
        let (status, note) = match result {
            Ok(Verdict::Pass) => (Status::Pass, None),
            Ok(Verdict::Unsupported(reason)) => (Status::Unsupported, Some(reason)),
            Err(failure) => (Status::Fail, Some(failure.to_string())),
        };
        Self { status, cases, note, coverage }
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

fn not_run(trials: &[Trial], reason: &str, watch: &impl Fn(&CheckReport)) -> Vec<Ended> {
    let end = |&trial: &Trial| {
        let (family, clause, status, note) = (trial.family(), trial.clause(), Status::NotRun, Some(reason.to_owned()));
        let report = CheckReport { family, clause, status, cases: 0, seconds: 0.0, note };
        watch(&report);
        (trial, report, Coverage::default())
    };
    trials.iter().map(end).collect()
}

/// Whether a driver can deviate from it: also the model sees what breaks a clause.
fn is_clause(name: &str) -> bool {
    Subject::ALL.iter().any(|subject| subject.check() == name)
        || FAMILIES.iter().flat_map(|family| family.checks).any(|check| check.clause == name)
}

fn processors() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
