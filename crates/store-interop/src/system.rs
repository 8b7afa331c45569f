//! A system to share data with, and how its cases are run: on a server and with a Python process of their own.

use std::any::Any;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use futures_util::FutureExt;
use tokio::time::timeout;

use crate::case::Case;
use crate::report::{Report, Status};
use crate::server::{Server, ServerKind};
use crate::sides::Sides;
use crate::worker::Worker;

/// For a case, of which the longest runs a suite.
const LIMIT: Duration = Duration::from_secs(300);

/// A Python library.
pub(crate) struct System {
    /// Also that of its environment, and the beginning of that of its worker.
    pub(crate) name: &'static str,
    pub(crate) server: ServerKind,
    pub(crate) cases: &'static [&'static [Case]],
}

impl System {
    pub(crate) fn cases(&self) -> impl Iterator<Item = Case> {
        self.cases.iter().copied().flatten().copied()
    }

    /// Runs the cases one after the other: each begins with an empty database. What cannot be run is in the report too.
    pub(crate) async fn run(&self, python: &Path, cases: &[Case], report: &mut Report) {
        let mut started = None;
        for (at, case) in cases.iter().enumerate() {
            let sides = match started.take() {
                Some(sides) => Ok(sides),
                None => self.start(python).await,
            };
            let sides = match sides {
                Ok(sides) => sides,
                Err(error) => {
                    let not_run = |case| report.add(self.name, case, Status::NotRun(format!("{error:#}")));
                    return cases[at..].iter().for_each(not_run);
                }
            };
            match ended(LIMIT, run_case(&sides, case)).await {
                Ended::Itself(outcome) => {
                    report.add(self.name, case, Status::of(outcome));
                    started = sides.are_usable().await.then_some(sides);
                }
                // In the middle of something, so the next one gets others.
                Ended::Otherwise(error) => report.add(self.name, case, Status::of(Err(error))),
            }
        }
    }

    async fn start(&self, python: &Path) -> Result<Sides> {
        let server = Server::start(self.server, python).await?;
        let worker = Worker::start(python, self.name, server.redis.url()).await?;
        Sides::new(server, worker)
    }
}

async fn run_case(sides: &Sides, case: &Case) -> Result<()> {
    sides.begin().await.context("clearing what the case before left")?;
    (case.run)(sides).await
}

/// How a case came to its end.
enum Ended {
    Itself(Result<()>),
    /// By a panic, or by the limit.
    Otherwise(anyhow::Error),
}

async fn ended(limit: Duration, case: impl Future<Output = Result<()>>) -> Ended {
    match timeout(limit, AssertUnwindSafe(case).catch_unwind()).await {
        Ok(Ok(outcome)) => Ended::Itself(outcome),
        Ok(Err(panic)) => Ended::Otherwise(anyhow!("it panicked: {}", message(&*panic))),
        Err(_) => Ended::Otherwise(anyhow!("it did not end within {limit:?}")),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a text")
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test]
    async fn a_case_that_hangs_or_panics_is_one_that_fails() {
        let hung = ended(Duration::ZERO, pending()).await;
        assert!(matches!(hung, Ended::Otherwise(error) if error.to_string() == "it did not end within 0ns"));
        let panicked = ended(LIMIT, async { panic!("at {}", 5) }).await;
        assert!(matches!(panicked, Ended::Otherwise(error) if error.to_string() == "it panicked: at 5"));
        let failed = ended(LIMIT, async { Err(anyhow!("it broke")) }).await;
        assert!(matches!(failed, Ended::Itself(Err(error)) if error.to_string() == "it broke"));
        assert!(matches!(ended(LIMIT, async { Ok(()) }).await, Ended::Itself(Ok(()))));
    }
}
