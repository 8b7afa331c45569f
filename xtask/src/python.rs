//! Virtual environments of Python: made of exact versions, used again as long as those stay.

use std::borrow::Cow;
use std::ffi::OsStr;
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

/// One for each file of constraints in a directory, of the same name.
pub(crate) fn environments(constraints: &Path, directory: &Path) -> Result<Vec<Environment>> {
    let reading = || format!("reading {}", constraints.display());
    let entries = fs::read_dir(constraints).with_context(reading)?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>().with_context(reading)?;
    files.sort();
    let environment = |file: PathBuf| Environment {
        directory: directory.join(file.file_stem().unwrap_or_default()),
        constraints: file,
    };
    Ok(files.into_iter().map(environment).collect())
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
    let output = run::capture(command("python3").args(["-c", program]))?;
    let mut words = output.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok()).context("python3 told no version");
    let is = (number()?, number()?);
    let (major, minor) = OLDEST;
    ensure!(is >= OLDEST, "python3 is {}.{}: install Python {major}.{minor} or later as python3", is.0, is.1);
    words.next().map(str::to_owned).context("python3 told no version")
}

/// A Python without what else this machine has for it: neither what the environment names nor packages of the user.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").arg("-s");
    // For the processes that it starts.
    command.env("PYTHONNOUSERSITE", "1");
    command
}

impl Environment {
    pub(crate) fn name(&self) -> Cow<'_, str> {
        self.directory.file_name().unwrap_or_default().to_string_lossy()
    }

    fn make(&self, version: &str) -> Result<()> {
        self.make_by(Self::install, version)
    }

    /// Has it made unless it is there, whole and of what it should be.
    fn make_by(&self, install: impl FnOnce(&Self) -> Result<()>, version: &str) -> Result<()> {
        let made_of = self.made_of(version)?;
        let shown = self.directory.display();
        if self.is_made_of(&made_of) {
            eprintln!("found {shown}");
            return Ok(());
        }
        self.remove()?;
        install(self)?;
        fs::write(self.directory.join(STAMP), made_of).with_context(|| format!("completing {shown}"))
    }

    fn install(&self) -> Result<()> {
        run::run(command("python3").args(["-m", "venv"]).arg(&self.directory).stdout(io::stderr()))?;
        // Without resolving: what is not pinned does not get in, and the check finds what is missing.
        self.pip(
            &["install", "--quiet", "--only-binary", ":all:", "--no-deps", "--requirement"],
            &[&self.constraints],
        )?;
        self.pip(&["check"], &[])
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
        let mut pip = command(self.directory.join("bin").join("python"));
        pip.args(["-m", "pip", "--disable-pip-version-check", "--no-input"]).args(arguments).args(files);
        // Standard output is for results, and this is progress.
        run::run(pip.stdin(Stdio::null()).stdout(io::stderr()))
    }
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;

    /// An environment in a directory of its own.
    struct Scratch {
        directory: PathBuf,
        environment: Environment,
    }

    impl Scratch {
        fn new(name: &str) -> Self {
            let directory = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
            fs::create_dir_all(&directory).unwrap();
            let environment = Environment {
                directory: directory.join("environment"),
                constraints: directory.join("constraints.txt"),
            };
            let scratch = Self { directory, environment };
            scratch.pin("a==1");
            scratch
        }

        fn pin(&self, constraints: &str) {
            fs::write(&self.environment.constraints, constraints).unwrap();
        }

        /// Whether it had to be installed.
        fn is_made_anew(&self, version: &str) -> bool {
            let mut installed = false;
            let install = |it: &Environment| {
                assert!(!it.directory.exists(), "what was there before is there still");
                fs::create_dir(&it.directory)?;
                installed = true;
                Ok(())
            };
            self.environment.make_by(install, version).unwrap();
            installed
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }

    #[test]
    fn every_package_of_every_environment_has_one_version() {
        for constraints in [crate::interop::CONSTRAINTS, crate::bench::CONSTRAINTS] {
            let constraints = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(constraints);
            for environment in environments(&constraints, Path::new("directory")).unwrap() {
                let text = fs::read_to_string(&environment.constraints).unwrap();
                for line in text.lines().filter(|line| !line.starts_with('#')) {
                    let pinned = line.split(';').next().unwrap_or_default().trim().split_once("==");
                    let is_plain =
                        |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
                    let pinned = pinned.is_some_and(|(name, version)| is_plain(name) && is_plain(version));
                    assert!(pinned, "{}: {line}", environment.constraints.display());
                }
            }
        }
    }

    #[test]
    fn an_environment_is_used_again_until_something_that_it_was_made_of_changes() {
        let mut scratch = Scratch::new("stamps");
        assert!(scratch.is_made_anew("3.11.2"));
        assert!(!scratch.is_made_anew("3.11.2"));
        assert!(scratch.is_made_anew("3.12.0"), "another Python");
        scratch.pin("a==2");
        assert!(scratch.is_made_anew("3.12.0"), "other constraints");
        assert!(!scratch.is_made_anew("3.12.0"));
        let moved = scratch.directory.join("moved");
        fs::rename(&scratch.environment.directory, &moved).unwrap();
        scratch.environment.directory = moved;
        assert!(scratch.is_made_anew("3.12.0"), "another place");
    }

    #[test]
    fn an_environment_that_was_made_half_is_made_anew() {
        let scratch = Scratch::new("halves");
        let interrupted = |it: &Environment| {
            fs::create_dir(&it.directory)?;
            bail!("no network")
        };
        assert!(scratch.environment.make_by(interrupted, "3.11.2").is_err());
        assert!(scratch.is_made_anew("3.11.2"));
        fs::remove_file(scratch.environment.directory.join(STAMP)).unwrap();
        assert!(scratch.is_made_anew("3.11.2"));
        fs::remove_file(&scratch.environment.constraints).unwrap();
        assert!(scratch.environment.make("3.11.2").is_err(), "without constraints nothing is made");
    }

    #[test]
    fn python_is_run_without_what_the_machine_has_for_it() {
        let command = command("python3");
        let unset: Vec<_> = command.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        assert_eq!(unset, ["PYTHONHOME", "PYTHONPATH"]);
        assert_eq!(command.get_args().collect::<Vec<_>>(), ["-s"]);
    }
}
