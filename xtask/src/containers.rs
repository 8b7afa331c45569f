//! The tests that need a container engine, as a step of CI.

use anyhow::Result;
use store_testkit::{BACKEND_VARIABLE, Release, SERVER_VARIABLE};

use crate::steps::Outcome;
use crate::workspace::Workspace;
use crate::{images, run};

/// The one release whose packages stay as they are for years.
const RELEASE: Release = Release::Redis70;

/// Starts servers, a Sentinel deployment and a Cluster in containers, where that is possible.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    if let Some(lacking) = images::lacking(RELEASE)? {
        return Ok(Outcome::PassedExcept(format!("nothing ran in containers: {lacking}")));
    }
    images::ensure_image(workspace, RELEASE)?;
    let mut tests = workspace.cargo(["test", "--package", "store-testkit", "--features", "containers"]);
    tests.args(["--test", "containers", "--test", "owner_death", "--", "--ignored"]);
    tests.env(BACKEND_VARIABLE, "docker").env(SERVER_VARIABLE, RELEASE.name());
    run::run(&mut tests).map(|()| Outcome::Passed)
}
