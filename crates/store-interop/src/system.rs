//! A system to share data with, and how its cases are run: on a server and with a Python process of their own.

use std::path::Path;

use anyhow::{Context, Result};

use crate::case::Case;
use crate::report::{Report, Status};
use crate::server::{Server, ServerKind};
use crate::sides::Sides;
use crate::worker::Worker;

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
    pub(crate) async fn run(&self, python: &Path, cases: Vec<Case>, report: &mut Report) {
        let sides = match self.start(python).await {
            Ok(sides) => sides,
            Err(error) => {
                return cases.iter().for_each(|case| report.add(self.name, case, Status::NotRun(format!("{error:#}"))));
            }
        };
        for case in &cases {
            report.add(self.name, case, Status::of(self.run_case(&sides, case).await));
        }
    }

    async fn run_case(&self, sides: &Sides, case: &Case) -> Result<()> {
        sides.begin().await.context("clearing what the case before left")?;
        (case.run)(sides).await
    }

    async fn start(&self, python: &Path) -> Result<Sides> {
        let server = Server::start(self.server, python).await?;
        let worker = Worker::start(python, self.name, server.redis.url()).await?;
        Sides::new(server, worker)
    }
}
