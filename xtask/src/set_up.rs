//! Installing what a command needs and the machine lacks: by apt, where we may.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use store_testkit::{Backend, Release, find_program};

use crate::workspace::Workspace;
use crate::{images, python, run};

/// A program that one of several names provides, and the package that brings it.
struct Need {
    programs: &'static [&'static str],
    package: &'static str,
    otherwise: &'static str,
}

impl Need {
    fn find(&self) -> Option<PathBuf> {
        self.programs.iter().find_map(|program| find_program(program))
    }
}

const SERVER: Need = Need {
    programs: &["redis-server", "valkey-server"],
    package: "redis-server",
    otherwise: "or set STORE_TEST_BACKEND to the URL of a server",
};

const VALGRIND: Need = Need { programs: &["valgrind"], package: "valgrind", otherwise: "to count instructions" };

/// A server for tests: what the backend needs.
pub(crate) fn server_for_tests(workspace: &Workspace) -> Result<()> {
    match Backend::from_environment()? {
        Backend::Process => server_binary(workspace),
        Backend::Docker => images::ensure_image(workspace, Release::from_environment()?.unwrap_or(Release::Redis70)),
        // The user's server is there or it is not; the tests will say.
        _ => Ok(()),
    }
}

/// What cargo has to be told for tests of a crate that depends on store-testkit to find containers built in.
pub(crate) const CONTAINERS: &[&str] = &["--features", "store-testkit/containers"];

/// What cargo has to be told for such tests to find the backend built in that the environment names.
pub(crate) fn backend_features() -> Result<&'static [&'static str]> {
    match Backend::from_environment()? {
        Backend::Docker => Ok(CONTAINERS),
        _ => Ok(&[]),
    }
}

/// A server that can be started here: of the release that the environment names, or what the machine has.
pub(crate) fn server_binary(workspace: &Workspace) -> Result<()> {
    match Release::from_environment()? {
        None => ensure(&SERVER),
        Some(release) => images::ensure_program(workspace, release),
    }
}

/// Python, with what makes virtual environments.
pub(crate) fn python() -> Result<()> {
    // Debian has the module without what puts pip into an environment, which is in the package.
    let complete = || {
        let asked = python::command("python3").args(["-c", "import ensurepip, venv"]).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    if complete() {
        return Ok(());
    }
    let Some(apt) = AptGet::usable()? else {
        bail!("no python3 on PATH that makes virtual environments: install the package python3-venv");
    };
    apt.install("python3-venv")?;
    ensure!(complete(), "the package python3-venv is installed and yet python3 on PATH makes no virtual environments");
    Ok(())
}

/// Valgrind, for its instruction counts.
pub(crate) fn valgrind() -> Result<()> {
    ensure(&VALGRIND)
}

fn ensure(need: &Need) -> Result<()> {
    if let Some(program) = need.find() {
        eprintln!("found {}", program.display());
        return Ok(());
    }
    let Need { package, otherwise, .. } = need;
    let programs = need.programs.join(" or ");
    let Some(apt) = AptGet::usable()? else {
        bail!("no {programs} on PATH: install the package {package} {otherwise}");
    };
    apt.install(package)?;
    ensure!(need.find().is_some(), "the package {package} is installed and yet there is no {programs} on PATH");
    Ok(())
}

/// apt-get, with the rights to install.
struct AptGet {
    prefix: &'static [&'static str],
}

impl AptGet {
    fn usable() -> Result<Option<Self>> {
        if find_program("apt-get").is_none() {
            return Ok(None);
        }
        if run::capture(Command::new("id").arg("-u"))?.trim() == "0" {
            return Ok(Some(Self { prefix: &["env"] }));
        }
        let sudo = find_program("sudo").is_some() && sudo_asks_nothing()?;
        Ok(sudo.then_some(Self { prefix: &["sudo", "-n", "env"] }))
    }

    fn install(&self, package: &str) -> Result<()> {
        self.run(&["update"])?;
        self.run(&["install", "--yes", "--no-install-recommends", package])
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        let (program, options) = self.prefix.split_first().context("a prefix is never empty")?;
        // In run level 1 the package's scripts do not start a daemon: tests start servers of their own.
        let environment = ["DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"];
        let mut command = Command::new(program);
        command.args(options).args(environment).arg("apt-get").args(arguments);
        // Standard output is for results, and this is progress.
        run::run(command.stdout(std::io::stderr()))
    }
}

fn sudo_asks_nothing() -> Result<bool> {
    let status = Command::new("sudo").args(["-n", "true"]).stderr(Stdio::null()).status().context("starting sudo")?;
    Ok(status.success())
}
