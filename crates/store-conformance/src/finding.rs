//! What a check came to, and the report that is made of it.

use crate::failure::{CheckResult, Failure, Verdict};
use crate::model::Coverage;
use crate::options::Options;
use crate::report::{CheckReport, Status};
use crate::trial::Trial;

/// A check with its report, and what the model family covered in it.
pub(crate) type Ended = (Trial, CheckReport, Coverage);

/// What a check came to.
pub(crate) struct Finding {
    status: Status,
    cases: u64,
    note: Option<String>,
    leaks: Vec<String>,
    coverage: Coverage,
}

impl Finding {
    pub(crate) fn not_run(reason: String) -> Self {
        Self::without_a_case(Status::NotRun, reason)
    }

    /// The check failed before it had a case, or was left behind with all that it had.
    pub(crate) fn failed(reason: String) -> Self {
        Self::without_a_case(Status::Fail, reason)
    }

    fn without_a_case(status: Status, reason: String) -> Self {
        Self { status, cases: 0, note: Some(reason), leaks: Vec::new(), coverage: Coverage::default() }
    }

    pub(crate) fn of(result: CheckResult, cases: u64, leaks: Vec<String>, coverage: Coverage) -> Self {
        let (status, note) = match result {
            Ok(Verdict::Pass) => (Status::Pass, None),
            Ok(Verdict::Unsupported(reason)) => (Status::Unsupported, Some(reason)),
            Err(failure) => (Status::Fail, Some(failure.to_string())),
        };
        Self { status, cases, note, leaks, coverage }
    }

    /// A deviation that has gone is a failure, because its reason still stands in the harness. One that has not tells also
    /// what was seen, so that nobody takes another defect of the same clause for it.
    pub(crate) fn expected_to_fail(self, reason: &str) -> Self {
        let (status, note) = match self.status {
            Status::Fail => {
                let seen = self.note.as_deref().and_then(|note| note.lines().next()).unwrap_or_default();
                (Status::Deviation, format!("{reason}; seen: {seen}"))
            }
            Status::NotRun => return self,
            _ => (Status::Fail, format!("listed as a deviation ({reason}), but does not fail: strike it off")),
        };
        Self { status, note: Some(note), ..self }
    }

    /// The same of a driver or a harness that panicked or hung when the check was over.
    pub(crate) fn with_trouble(self, trouble: &Failure) -> Self {
        let notes: Vec<_> = self.note.into_iter().chain([trouble.to_string()]).collect();
        Self { status: Status::Fail, note: Some(notes.join("\n")), ..self }
    }

    pub(crate) fn ended(self, trial: Trial, options: &Options, seconds: f64) -> Ended {
        let Self { status, cases, note, leaks, coverage } = self;
        let report = CheckReport {
            family: trial.family(),
            clause: trial.clause(),
            level: trial.level(),
            standing: trial.standing(options),
            status,
            cases,
            seconds,
            note,
            leaks,
        };
        (trial, report, coverage)
    }
}

/// What is told of checks that there is nothing to run on.
pub(crate) fn not_run(trials: &[Trial], options: &Options, reason: &str, watch: &impl Fn(&CheckReport)) -> Vec<Ended> {
    let end = |&trial: &Trial| {
        let ended = Finding::not_run(reason.to_owned()).ended(trial, options, 0.0);
        watch(&ended.1);
        ended
    };
    trials.iter().map(end).collect()
}
