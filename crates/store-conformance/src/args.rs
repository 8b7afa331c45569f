//! The command line: what libtest understands, so that `cargo test` and nextest can drive the suite, and the suite's own
//! options.

use std::path::PathBuf;
use std::time::Duration;

use crate::options::{Extent, Matching, Options};

/// The environment variable that replays a run.
const SEED_VARIABLE: &str = "STORE_CONFORMANCE_SEED";

/// The environment variable that names a directory for reports.
const REPORTS_VARIABLE: &str = "STORE_CONFORMANCE_REPORTS";

pub(crate) const HELP: &str = "\
Runs the conformance suite.

Usage: [OPTIONS] [FILTER]...

Checks are named `family::clause`; a FILTER selects those that contain it.

  --cases N          programs of the model family (default 2000, or 200 where the suite has to wait for time to pass)
  --seed N           repeats a run; so does STORE_CONFORMANCE_SEED=N
  --time-budget S    seconds after which the model family begins no new program
  --json FILE        also writes the report as JSON; so does STORE_CONFORMANCE_REPORTS=DIR, as DIR/driver.json
  --test-threads N   checks that run at the same time
  --skip FILTER      leaves out what contains it
  --exact            filters are whole names
  --list             shows the names and runs nothing

Other options of libtest are accepted and change nothing, except --ignored: no check is ignored, so none is run.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    List(Options),
    Run(Options, Option<Destination>),
}

/// Where a report is to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    File(PathBuf),
    /// One that other drivers write to as well: the file has the driver's name.
    Directory(PathBuf),
}

impl Destination {
    pub(crate) fn file(&self, driver: &str) -> PathBuf {
        match self {
            Self::File(file) => file.clone(),
            Self::Directory(directory) => directory.join(format!("{driver}.json")),
        }
    }
}

/// Reads the arguments behind the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Command, String> {
    let mut parsed = Parsed {
        seed: variable(SEED_VARIABLE).map(|seed| number(SEED_VARIABLE, &seed)).transpose()?,
        report: variable(REPORTS_VARIABLE)
            .filter(|directory| !directory.is_empty())
            .map(|directory| Destination::Directory(directory.into())),
        ..Parsed::default()
    };
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name.to_owned(), Some(value.to_owned())),
            _ => (argument, None),
        };
        let mut value = || inline.clone().or_else(|| arguments.next()).ok_or_else(|| format!("{name} needs a value"));
        parsed.take(&name, &mut value)?;
    }
    Ok(parsed.into_command())
}

#[derive(Default)]
struct Parsed {
    options: Options,
    seed: Option<u64>,
    report: Option<Destination>,
    mode: Mode,
}

#[derive(Clone, Copy, Default)]
enum Mode {
    #[default]
    Run,
    List,
    Help,
}

impl Parsed {
    fn take(&mut self, name: &str, value: &mut dyn FnMut() -> Result<String, String>) -> Result<(), String> {
        let selection = &mut self.options.selection;
        match name {
            "--help" | "-h" => self.mode = Mode::Help,
            "--list" => self.mode = Mode::List,
            "--exact" => selection.matching = Matching::Whole,
            "--skip" => selection.skip.push(value()?),
            "--ignored" => selection.extent = Extent::Ignored,
            "--cases" => self.options.cases = Some(number(name, &value()?)?),
            "--seed" => self.seed = Some(number(name, &value()?)?),
            "--time-budget" => self.options.time_budget = Some(seconds(name, &value()?)?),
            "--test-threads" => self.options.threads = Some(number(name, &value()?)?),
            "--json" => self.report = Some(Destination::File(value()?.into())),
            "--format" | "--color" | "--logfile" | "--shuffle-seed" | "-Z" => drop(value()?),
            "--nocapture"
            | "--no-capture"
            | "--show-output"
            | "--quiet"
            | "-q"
            | "--test"
            | "--bench"
            | "--include-ignored"
            | "--report-time"
            | "--ensure-time"
            | "--shuffle"
            | "--force-run-in-process" => {}
            joined if joined.starts_with("-Z") => {}
            unknown if unknown.starts_with('-') => return Err(format!("unknown option {unknown}")),
            filter => selection.only.push(filter.to_owned()),
        }
        Ok(())
    }

    fn into_command(self) -> Command {
        let options = Options { seed: self.seed, ..self.options };
        match self.mode {
            Mode::Help => Command::Help,
            Mode::List => Command::List(options),
            Mode::Run => Command::Run(options, self.report),
        }
    }
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} takes a number, not {value:?}"))
}

fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    let seconds = number(name, value)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{name} takes a number of seconds, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        parse(arguments.iter().map(|&argument| argument.to_owned()), |_| None)
    }

    fn run_options(arguments: &[&str]) -> (Options, Option<Destination>) {
        match parsed(arguments) {
            Ok(Command::Run(options, report)) => (options, report),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn own_options_are_read_in_both_spellings() {
        let (options, report) = run_options(&["--cases", "7", "--seed=9", "--time-budget", "0.5", "--json=out.json"]);
        assert_eq!((options.cases, options.seed), (Some(7), Some(9)));
        assert_eq!(options.time_budget, Some(Duration::from_millis(500)));
        assert_eq!(report, Some(Destination::File("out.json".into())));
    }

    #[test]
    fn what_cargo_test_and_nextest_pass_is_accepted() {
        let (options, _) =
            run_options(&["keys", "--nocapture", "--test-threads=1", "--color", "always", "-Zunstable-options"]);
        assert!(options.selection.includes("keys::key_limits"));
        assert!(!options.selection.includes("values::missing_is_none"));
        assert!(matches!(parsed(&["--list", "--format", "terse"]), Ok(Command::List(_))));
        let (options, _) = run_options(&["--exact", "keys::key_limits", "--nocapture"]);
        assert!(options.selection.includes("keys::key_limits"));
        assert!(!options.selection.includes("keys::key_limits_too"));
    }

    #[test]
    fn nothing_is_ignored_so_only_ignored_is_nothing() {
        let (options, _) = run_options(&["--ignored", "--exact"]);
        assert!(!options.selection.includes("keys::key_limits"));
    }

    #[test]
    fn a_wrong_argument_is_named() {
        assert_eq!(parsed(&["--cases", "many"]).unwrap_err(), "--cases takes a number, not \"many\"");
        assert_eq!(parsed(&["--cases"]).unwrap_err(), "--cases needs a value");
        assert_eq!(parsed(&["--what"]).unwrap_err(), "unknown option --what");
    }

    #[test]
    fn the_command_line_outranks_the_environment() {
        let settings = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|&argument| argument.to_owned());
            let environment = [(SEED_VARIABLE, "5"), (REPORTS_VARIABLE, "reports")];
            let variable = |name: &str| environment.iter().find(|(set, _)| *set == name).map(|(_, value)| value);
            match parse(arguments, |name| variable(name).map(|&value| value.to_owned())) {
                Ok(Command::Run(options, report)) => (options.seed, report.map(|report| report.file("my-driver"))),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(settings(&[]), (Some(5), Some("reports/my-driver.json".into())));
        assert_eq!(settings(&["--seed", "6", "--json", "out.json"]), (Some(6), Some("out.json".into())));
    }
}
