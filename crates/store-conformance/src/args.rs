//! The command line: what libtest understands, so that `cargo test` and nextest can drive the suite, and the suite's own
//! options.

use crate::environment::{families, number, seconds};
use crate::options::{AfterFailure, Extent, Matching, Options};
use crate::outputs::Outputs;

pub(crate) const HELP: &str = "\
Runs the conformance suite.

Usage: [OPTIONS] [FILTER]...

Checks are named `family::clause`; a FILTER selects those that contain it.

  --cases N          programs of the model family (default 2000, or 200 where the suite has to wait for time to pass)
  --time-budget S    seconds after which the model family begins no new program; without --cases, as many as fit
  --idle-limit S     seconds after which a call that does nothing counts as a hang (default 60)
  --shrink-limit S   seconds for which a failing input is made simpler before it is shown (default 10)
  --seed N           repeats a run
  --level L          holds the driver to this level; checks of later ones are previews
  --require F,G      families of which nothing may be unsupported
  --json FILE        also writes the report as JSON
  --markdown FILE    also writes it as Markdown
  --badge FILE       also writes a badge as SVG
  --fail-fast        begins no other check after one that fails
  --test-threads N   checks that run at the same time
  --skip FILTER      leaves out what contains it
  --exact            filters are whole names
  --list             shows the names and runs nothing

In the environment, STORE_CONFORMANCE_CASES, _TIME_BUDGET, _IDLE_LIMIT, _SHRINK_LIMIT, _SEED, _LEVEL and _REQUIRE
say the same, and STORE_CONFORMANCE_REPORTS=DIR has the report written there as JSON, as DIR/driver.json.

Other options of libtest are accepted and change nothing, except --ignored: no check is ignored, so none is run.
";

/// What the command line asks for.
#[derive(Debug)]
pub(crate) enum Command {
    Help,
    List(Options),
    Run(Options, Outputs),
}

/// Reads the arguments behind the program's name, on top of what the environment says.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = String>,
    options: Options,
    outputs: Outputs,
) -> Result<Command, String> {
    let mut parsed = Parsed { options, outputs, mode: Mode::Run };
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

struct Parsed {
    options: Options,
    outputs: Outputs,
    mode: Mode,
}

#[derive(Clone, Copy)]
enum Mode {
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
            "--seed" => self.options.seed = Some(number(name, &value()?)?),
            "--level" => self.options.level = value()?.parse().map_err(|unknown| format!("--level: {unknown}"))?,
            "--require" => self.options.required = families(&value()?),
            "--time-budget" => self.options.time_budget = Some(seconds(name, &value()?)?),
            "--idle-limit" => self.options.idle_limit = Some(seconds(name, &value()?)?),
            "--shrink-limit" => self.options.shrink_limit = Some(seconds(name, &value()?)?),
            "--fail-fast" => self.options.after_failure = AfterFailure::End,
            "--test-threads" => self.options.threads = Some(number(name, &value()?)?),
            "--json" => self.outputs.json = Some(value()?.into()),
            "--markdown" => self.outputs.markdown = Some(value()?.into()),
            "--badge" => self.outputs.badge = Some(value()?.into()),
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
        match self.mode {
            Mode::Help => Command::Help,
            Mode::List => Command::List(self.options),
            Mode::Run => Command::Run(self.options, self.outputs),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::level::Level;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        let arguments = arguments.iter().map(|&argument| argument.to_owned());
        parse(arguments, Options::default(), Outputs::default())
    }

    fn run_options(arguments: &[&str]) -> (Options, Outputs) {
        match parsed(arguments) {
            Ok(Command::Run(options, outputs)) => (options, outputs),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn own_options_are_read_in_both_spellings() {
        let (options, outputs) = run_options(&[
            "--cases",
            "7",
            "--seed=9",
            "--time-budget",
            "0.5",
            "--idle-limit=90",
            "--shrink-limit=0.5",
            "--fail-fast",
            "--json=out.json",
            "--badge",
            "out.svg",
            "--level=2026.2",
            "--require",
            "locks,records",
        ]);
        assert_eq!((options.cases, options.seed), (Some(7), Some(9)));
        assert_eq!(options.time_budget, Some(Duration::from_millis(500)));
        assert_eq!(options.idle_limit, Some(Duration::from_secs(90)));
        assert_eq!(options.after_failure, AfterFailure::End);
        assert_eq!(options.shrink_limit, Some(Duration::from_millis(500)));
        assert_eq!((options.level, options.required), (Level::NEXT, vec!["locks".to_owned(), "records".to_owned()]));
        let (json, badge) = (Some("out.json".into()), Some("out.svg".into()));
        assert_eq!(outputs, Outputs { json, badge, ..Outputs::default() });
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
        let from_environment = || Options::new().seed(5).cases(4);
        let settings = |arguments: &[&str]| {
            let arguments = arguments.iter().map(|&argument| argument.to_owned());
            match parse(arguments, from_environment(), Outputs::default()) {
                Ok(Command::Run(options, _)) => (options.seed, options.cases),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(settings(&[]), (Some(5), Some(4)));
        assert_eq!(settings(&["--seed", "6"]), (Some(6), Some(4)));
    }
}
