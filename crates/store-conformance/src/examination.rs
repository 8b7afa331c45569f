//! One check, from the start of its harness to the end of it.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::absence::verify_absent;
use crate::context::Context;
use crate::failure::{CheckResult, Verdict};
use crate::finding::Finding;
use crate::guard::Guard;
use crate::harness::{Deviation, Harness, Start};
use crate::model::{self, Coverage};
use crate::options::Options;
use crate::trial::Trial;

/// What all checks of a run have in common.
pub(crate) struct Examiner {
    pub(crate) runtime: Handle,
    pub(crate) start: Box<Start>,
    pub(crate) options: Options,
    pub(crate) seed: u64,
}

impl Examiner {
    /// Runs one check on a harness of its own and cleans up.
    pub(crate) async fn find(&self, trial: Trial, guard: &Guard) -> Finding {
        match guard.within("starting a harness", async { (self.start)().await }).await {
            Ok(Ok(harness)) => self.find_with(harness, trial, guard).await,
            Ok(Err(error)) => Finding::not_run(format!("no harness: {error}")),
            Err(failure) => Finding::not_run(failure.to_string()),
        }
    }

    async fn find_with(&self, harness: Arc<dyn Harness>, trial: Trial, guard: &Guard) -> Finding {
        let deviation = match guard.call("asking for deviations", || deviation_from(&*harness, trial)) {
            Ok(deviation) => deviation,
            Err(failure) => return Finding::failed(failure.to_string()),
        };
        let context = Context::new(harness, self.options.clone(), trial.name(), self.seed, guard.progress());
        let context = match guard.within("asking for the store and its clock", context).await {
            Ok(Ok(context)) => context,
            Ok(Err(failure)) | Err(failure) => return Finding::failed(failure.to_string()),
        };
        let examined = guard.around_cases(examine(trial, &context)).await;
        let (mut result, coverage) = examined.unwrap_or_else(|failure| (Err(failure), Coverage::default()));
        // What goes wrong with the harness is no part of what it declares to break.
        let mut trouble = None;
        let leaks = match guard.within("cleaning up", context.clean_up(&self.start)).await {
            Ok(Ok(leaks)) => leaks,
            Ok(Err(failure)) => {
                result = result.and(Err(failure));
                Vec::new()
            }
            Err(failure) => {
                trouble = Some(failure);
                Vec::new()
            }
        };
        let finding = Finding::of(result, context.cases(), leaks, coverage);
        let ended = guard.call("dropping the harness", || drop(context));
        let finding = match deviation {
            None => finding,
            Some(deviation) => finding.expected_to_fail(&deviation.reason),
        };
        match trouble.or(ended.err()) {
            None => finding,
            Some(trouble) => finding.with_trouble(&trouble),
        }
    }
}

fn deviation_from(harness: &dyn Harness, trial: Trial) -> Option<Deviation> {
    harness.deviations().into_iter().find(|deviation| deviation.clause == trial.clause())
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
