//! What environment variables say, for runners that pass no options of the suite on.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::options::Options;

const SEED: &str = "STORE_CONFORMANCE_SEED";
const CASES: &str = "STORE_CONFORMANCE_CASES";
const TIME_BUDGET: &str = "STORE_CONFORMANCE_TIME_BUDGET";
const IDLE_LIMIT: &str = "STORE_CONFORMANCE_IDLE_LIMIT";
const SHRINK_LIMIT: &str = "STORE_CONFORMANCE_SHRINK_LIMIT";
const LEVEL: &str = "STORE_CONFORMANCE_LEVEL";
const REQUIRE: &str = "STORE_CONFORMANCE_REQUIRE";
const REPORTS: &str = "STORE_CONFORMANCE_REPORTS";

impl Options {
    /// The options that the environment names, and else the default ones: `STORE_CONFORMANCE_SEED`, `_CASES`,
    /// `_TIME_BUDGET`, `_IDLE_LIMIT` and `_SHRINK_LIMIT` in seconds, `_LEVEL`, and `_REQUIRE` with families between commas. A
    /// variable that is empty is none.
    ///
    /// # Errors
    /// When one of them has a value that it cannot have; the text names both.
    pub fn from_environment() -> Result<Self, String> {
        options(of_process)
    }
}

/// The directory that reports are collected in, where there is one.
pub(crate) fn reports() -> Option<PathBuf> {
    of_process(REPORTS).map(PathBuf::from)
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn options(variable: impl Fn(&str) -> Option<String>) -> Result<Options, String> {
    let mut options = Options {
        seed: variable(SEED).map(|value| number(SEED, &value)).transpose()?,
        cases: variable(CASES).map(|value| number(CASES, &value)).transpose()?,
        time_budget: variable(TIME_BUDGET).map(|value| seconds(TIME_BUDGET, &value)).transpose()?,
        idle_limit: variable(IDLE_LIMIT).map(|value| seconds(IDLE_LIMIT, &value)).transpose()?,
        shrink_limit: variable(SHRINK_LIMIT).map(|value| seconds(SHRINK_LIMIT, &value)).transpose()?,
        ..Options::default()
    };
    if let Some(level) = variable(LEVEL) {
        options.level = level.parse().map_err(|unknown| format!("{LEVEL}: {unknown}"))?;
    }
    options.required = variable(REQUIRE).map(|value| families(&value)).unwrap_or_default();
    Ok(options)
}

/// The names between commas.
pub(crate) fn families(list: &str) -> Vec<String> {
    list.split(',').map(|family| family.trim().to_owned()).filter(|family| !family.is_empty()).collect()
}

pub(crate) fn number<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} takes a number, not {value:?}"))
}

pub(crate) fn seconds(name: &str, value: &str) -> Result<Duration, String> {
    let seconds = number(name, value)?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{name} takes a number of seconds, not {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::Level;

    fn read(variables: &[(&str, &str)]) -> Result<Options, String> {
        options(|name| variables.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn every_option_that_has_a_variable_is_read() {
        let numbers = [(SEED, "5"), (CASES, "7"), (TIME_BUDGET, "0.5"), (IDLE_LIMIT, "90"), (SHRINK_LIMIT, "0")];
        let names = [(LEVEL, "2026.2"), (REQUIRE, "locks, records")];
        let options = read(&[&numbers[..], &names].concat()).unwrap();
        assert_eq!((options.seed, options.cases), (Some(5), Some(7)));
        let limits = (options.time_budget, options.idle_limit, options.shrink_limit);
        assert_eq!(limits, (Some(Duration::from_millis(500)), Some(Duration::from_secs(90)), Some(Duration::ZERO)));
        assert_eq!((options.level, options.required), (Level::NEXT, vec!["locks".to_owned(), "records".to_owned()]));
    }

    #[test]
    fn a_wrong_value_is_named_with_its_variable() {
        for (name, value) in [(SEED, "one"), (CASES, "-1"), (TIME_BUDGET, "-1"), (LEVEL, "1999.1")] {
            let wrong = read(&[(name, value)]).unwrap_err();
            assert!(wrong.contains(name) && wrong.contains(value), "{wrong}");
        }
    }
}
