//! The dependency and licence check: cargo-deny, installed under the target directory where it is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use store_testkit::{find_program, wait_until};

use crate::run;
use crate::steps::Outcome;
use crate::workspace::Workspace;

const VERSION: &str = "0.20.2";

/// Fetching the advisories takes a few seconds where it works; where it does not, some networks just never answer.
const FETCH_LIMIT: Duration = Duration::from_secs(20);

/// Bans, licences and sources always; advisories where their database can be reached.
pub(crate) fn check(workspace: &Workspace) -> Result<Outcome> {
    let deny = CargoDeny::get(workspace)?;
    run::run(&mut deny.command(workspace, &["check", "bans", "licenses", "sources"]))?;
    if !deny.fetches_advisories(workspace)? {
        return Ok(Outcome::PassedExcept("advisories not checked: their database cannot be reached".to_owned()));
    }
    run::run(&mut deny.command(workspace, &["check", "--disable-fetch", "advisories"]))?;
    Ok(Outcome::Passed)
}

struct CargoDeny {
    program: PathBuf,
}

impl CargoDeny {
    fn get(workspace: &Workspace) -> Result<Self> {
        let tools = workspace.output_directory("tools")?;
        let own = tools.join("bin").join("cargo-deny");
        let mut candidates = find_program("cargo-deny").into_iter().chain([own.clone()]);
        let found = candidates.find(|program| has_version(program));
        if let Some(program) = found {
            return Ok(Self { program });
        }
        // Without optimisation it builds in a fraction of the time, and its check takes a second either way.
        let mut install = workspace.cargo(["install", "cargo-deny", "--locked", "--debug", "--force"]);
        install.args(["--version", VERSION]).arg("--root").arg(&tools);
        run::run(install.arg("--target-dir").arg(workspace.output_directory("tools-build")?))?;
        Ok(Self { program: own })
    }

    fn command(&self, workspace: &Workspace, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(workspace.root()).args(["--all-features", "--locked"]).args(arguments);
        command
    }

    fn fetches_advisories(&self, workspace: &Workspace) -> Result<bool> {
        let mut command = self.command(workspace, &["fetch", "db"]);
        eprintln!("$ {}", run::shown(&command));
        let mut fetch = command.stdin(Stdio::null()).spawn().context("starting cargo-deny")?;
        match wait_until("the advisory database", FETCH_LIMIT, || fetch.try_wait().transpose()) {
            Ok(status) => Ok(status.context("waiting for cargo-deny")?.success()),
            Err(_) => {
                fetch.kill().and_then(|()| fetch.wait()).context("ending cargo-deny")?;
                Ok(false)
            }
        }
    }
}

fn has_version(program: &Path) -> bool {
    let output = Command::new(program).arg("--version").output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == format!("cargo-deny {VERSION}"))
}
