//! Virtual environments of Python: made of exact versions, used again as long as those stay.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};

use crate::{run, set_up};

/// What the youngest of the pinned packages ask for.
const OLDEST: (u32, u32) = (3, 11);

/// The file that an environment gets last: what it was made of.
const STAMP: &str = "made-of";

pub(crate) struct Environment {
    pub(crate) directory: PathBuf,
    /// A file of pip's, with every package and its exact version.
    pub(crate) constraints: PathBuf,
}

/// Makes what is not there yet, all at once: most of the time goes into waiting for downloads.
pub(crate) fn make(environments: &[Environment]) -> Result<()> {
    set_up::python()?;
    let version = version()?;
    thread::scope(|scope| {
        let makers: Vec<_> = environments.iter().map(|it| scope.spawn(|| it.make(&version))).collect();
        let made: Vec<_> = makers.into_iter().map(|maker| maker.join().expect("a maker does not panic")).collect();
        made.into_iter().collect()
    })
}

/// As in `3.11.2`.
fn version() -> Result<String> {
    let program = "import platform, sys; print(*sys.version_info[:2], platform.python_version())";
    let output = run::capture(python().args(["-c", program]))?;
    let mut words = output.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).context("python3 told no version");
    let is = (number()?, number()?);
    let (major, minor) = OLDEST;
    ensure!(is >= OLDEST, "python3 is {}.{}: install Python {major}.{minor} or later as python3", is.0, is.1);
    words.next().map(str::to_owned).context("python3 told no version")
}

fn python() -> Command {
    Command::new("python3")
}

impl Environment {
    fn make(&self, version: &str) -> Result<()> {
        let made_of = self.made_of(version)?;
        let shown = self.directory.display();
        if self.is_made_of(&made_of) {
            eprintln!("found {shown}");
            return Ok(());
        }
        self.remove()?;
        run::run(python().args(["-m", "venv"]).arg(&self.directory).stdout(io::stderr()))?;
        // Without resolving: what is not pinned does not get in, and the check finds what is missing.
        self.pip(
            &["install", "--quiet", "--only-binary", ":all:", "--no-deps", "--requirement"],
            &[&self.constraints],
        )?;
        self.pip(&["check"], &[])?;
        fs::write(self.directory.join(STAMP), made_of).with_context(|| format!("completing {shown}"))
    }

    fn made_of(&self, version: &str) -> Result<String> {
        let constraints = fs::read_to_string(&self.constraints);
        let constraints = constraints.with_context(|| format!("reading {}", self.constraints.display()))?;
        // Scripts in an environment hold its path, so one that was moved is not complete.
        Ok(format!("python {version} in {}\n{constraints}", self.directory.display()))
    }

    fn is_made_of(&self, made_of: &str) -> bool {
        fs::read_to_string(self.directory.join(STAMP)).is_ok_and(|stamp| stamp == made_of)
    }

    /// One of something else, or one that was not completed.
    fn remove(&self) -> Result<()> {
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("removing {}", self.directory.display()))
            }
            _ => Ok(()),
        }
    }

    fn pip(&self, arguments: &[&str], files: &[&Path]) -> Result<()> {
        let mut pip = Command::new(self.directory.join("bin").join("python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]).args(arguments).args(files);
        // Standard output is for results, and this is progress.
        run::run(pip.stdin(Stdio::null()).stdout(io::stderr()))
    }
}
