//! The model family: generated programs over all operations, each answer judged by a model of what was written.

mod batches;
mod coverage;
mod enumeration;
mod locking;
mod op;
mod oracle;
mod program;
mod records;
mod regression;
mod show;
mod terms;

use std::cell::RefCell;
use std::fmt::Debug;
use std::time::Instant;

use proptest::strategy::Strategy;

use crate::cases::for_each_case;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure};
use crate::registry::Needs;

pub(crate) use coverage::Coverage;
use op::Vocabulary;

/// The family; its checks belong to no single clause.
pub(crate) const FAMILY: &str = "model";

/// What programs are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// Stores, and caches where there are any.
    Entries,
    /// Collections of records.
    Records,
}

impl Subject {
    pub(crate) const ALL: [Self; 2] = [Self::Entries, Self::Records];

    /// The name of the check that runs them.
    pub(crate) fn check(self) -> &'static str {
        match self {
            Self::Entries => "programs_agree_with_the_model",
            Self::Records => "record_programs_agree_with_the_model",
        }
    }

    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::Entries => Needs::Nothing,
            Self::Records => Needs::Records,
        }
    }
}

/// Runs programs until there were enough of them or the time is used up, and says what they covered.
pub(crate) async fn check(context: &Context, subject: Subject) -> (CheckResult, Coverage) {
    match subject {
        Subject::Entries => {
            let vocabulary = if context.has_cache() { Vocabulary::Cache } else { Vocabulary::Store };
            run_all(context, op::programs(vocabulary, &context.time, &context.look_alikes()), program::run).await
        }
        Subject::Records => {
            run_all(context, records::programs(&context.time, context.access_times()), records::run).await
        }
    }
}

async fn run_all<P: Debug>(
    context: &Context,
    programs: impl Strategy<Value = P>,
    run: impl AsyncFn(&Scope<'_>, P) -> Result<Coverage, Failure>,
) -> (CheckResult, Coverage) {
    let coverage = RefCell::new(Coverage::default());
    let run = async |scope: &Scope<'_>, program: P| -> Result<(), Failure> {
        let covered = run(scope, program).await?;
        coverage.borrow_mut().absorb(&covered);
        Ok(())
    };
    let end = context.options.time_budget.map(|budget| Instant::now() + budget);
    let enough = || end.is_some_and(|end| Instant::now() >= end);
    let result = for_each_case(context, context.programs(), &programs, &run, enough).await;
    (result, coverage.into_inner())
}
