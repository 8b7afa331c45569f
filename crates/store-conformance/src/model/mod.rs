//! The model family: generated programs over all operations, each answer judged by a model of the store.

mod batches;
mod coverage;
mod op;
mod oracle;
mod program;
mod show;

use std::cell::RefCell;
use std::time::Instant;

use crate::cases::for_each_case;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure};

pub(crate) use coverage::Coverage;
use op::{Program, Vocabulary};

/// The family and the name of its one check, which belongs to no single clause.
pub(crate) const FAMILY: &str = "model";
pub(crate) const CHECK: &str = "programs_agree_with_the_model";

/// Runs programs until there were enough of them or the time is used up, and says what they covered.
pub(crate) async fn check(context: &Context) -> (CheckResult, Coverage) {
    let vocabulary = if context.has_cache() { Vocabulary::Cache } else { Vocabulary::Store };
    let coverage = RefCell::new(Coverage::default());
    let run = async |scope: &Scope<'_>, program: Program| -> Result<(), Failure> {
        let covered = program::run(scope, program).await?;
        coverage.borrow_mut().absorb(&covered);
        Ok(())
    };
    let end = context.options.time_budget.map(|budget| Instant::now() + budget);
    let enough = || end.is_some_and(|end| Instant::now() >= end);
    let programs = op::programs(vocabulary, &context.time, &context.look_alikes());
    let result = for_each_case(context, context.programs(), &programs, &run, enough).await;
    (result, coverage.into_inner())
}
