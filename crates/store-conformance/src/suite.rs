//! The suite as plain tests: one `#[test]` for each check, beside whatever other tests a file has.

use std::future::Future;
use std::sync::{PoisonError, RwLock};

use crate::environment;
use crate::front::outcome;
use crate::harness::{Harness, HarnessError};
use crate::options::{Matching, Options};
use crate::outputs::Outputs;
use crate::registry::Company;
use crate::run::run;
use crate::trial;

/// Makes a `#[test]` of each check, for test files that have other tests too.
///
/// Takes what [`main!`](crate::main) takes, and needs neither `harness = false` nor a runtime. There is a module for each
/// family, so that tests are called `family::clause`; where such a module would be in the way of another, the line goes
/// into a module of its own. Settings come from the [environment](crate::Options::from_environment), and
/// `STORE_CONFORMANCE_REPORTS` collects the reports of all the tests.
///
/// libtest runs as many tests at a time as there are processors, and `main!` eight times as many where checks mostly wait:
/// on a wall clock, `-- --test-threads 16` makes this as quick.
///
/// ```
/// # mod my_driver {
/// #     use std::{future, sync::Arc};
/// #     pub struct MyHarness;
/// #     impl store_conformance::Harness for MyHarness {
/// #         fn store(&self) -> Arc<dyn store_core::Store> { unreachable!("no test is run here") }
/// #         fn clock(&self) -> store_conformance::ClockControl { unreachable!("no test is run here") }
/// #     }
/// #     impl MyHarness {
/// #         pub async fn start() -> Result<Self, store_conformance::HarnessError> { Ok(Self) }
/// #     }
/// # }
/// # use my_driver::MyHarness;
/// # fn main() {}
/// mod conformance {
///     use super::MyHarness;
///
///     store_conformance::suite!("my-driver", MyHarness::start);
/// }
/// ```
#[macro_export]
macro_rules! suite {
    ($driver:expr, $start:expr $(,)?) => {
        /// The check of this name.
        #[cfg(test)]
        fn __conformance(name: &str) {
            $crate::run_as_test($driver, $start, name);
        }
        $crate::__every_check! {}
    };
}

/// The tests of all families; what `__every_check!` hands its list to.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ($($family:ident { $($clause:ident)* })*) => { $(
        #[cfg(test)]
        mod $family { $(
            #[test]
            fn $clause() {
                super::__conformance(concat!(stringify!($family), "::", stringify!($clause)));
            }
        )* }
    )* };
}

/// Checks with this company have the process for themselves, as far as tests of the suite go.
static COMPANY: RwLock<()> = RwLock::new(());

/// Runs one check as a test: what [`suite!`](crate::suite) expands to.
///
/// # Panics
/// When the check fails, with the report.
#[track_caller]
#[expect(clippy::print_stdout, reason = "libtest shows it beside the name of the test")]
pub fn run_as_test<H, F, S>(driver: &str, start: S, name: &str)
where
    H: Harness,
    F: Future<Output = Result<H, HarnessError>> + Send + 'static,
    S: Fn() -> F + Send + Sync + 'static,
{
    let mut options = Options::from_environment().unwrap_or_else(|wrong| panic!("{wrong}"));
    options.selection.only.push(name.to_owned());
    options.selection.matching = Matching::Whole;
    let alone = trial::selected(&options).any(|trial| trial.company() == Company::Alone);
    let report = match alone {
        true => {
            let _alone = COMPANY.write().unwrap_or_else(PoisonError::into_inner);
            run(driver, start, options)
        }
        false => {
            let _in_company = COMPANY.read().unwrap_or_else(PoisonError::into_inner);
            run(driver, start, options)
        }
    };
    report.all().for_each(|check| println!("{}: {}", check.name(), outcome(check)));
    let written = Outputs { reports: environment::reports(), ..Outputs::default() }.write(&report);
    assert!(report.all().next().is_some(), "there is no check {name}");
    assert!(report.is_success(), "{report}");
    written.unwrap_or_else(|wrong| panic!("{wrong}"));
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;
    use std::path::Path;

    use crate::trial;

    /// Where the list is, and what stands before and behind it.
    const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/every_check.rs");
    const HEAD: &str = "\
//! The list of all checks for `suite!`: a macro cannot read the registry. A test of `suite.rs` writes it from there.

#[doc(hidden)]
#[macro_export]
macro_rules! __every_check {
    () => {
        $crate::__tests! {
";
    const FOOT: &str = "        }\n    };\n}\n";

    fn list() -> String {
        let mut list = HEAD.to_owned();
        let mut family = "";
        for trial in trial::all() {
            if trial.family() != family {
                let end = if family.is_empty() { "" } else { "            }\n" };
                family = trial.family();
                let _ = writeln!(list, "{end}            {family} {{");
            }
            let _ = writeln!(list, "                {}", trial.clause());
        }
        list + "            }\n" + FOOT
    }

    /// A new check makes this fail once: it writes the list anew, and the next run passes.
    #[test]
    fn the_list_of_all_checks_is_that_of_the_registry() {
        let (path, list) = (Path::new(LIST), list());
        let written = std::fs::read_to_string(path).unwrap_or_default();
        if written != list {
            std::fs::write(path, list).unwrap();
            panic!("{LIST} was not the list of all checks; it is now");
        }
    }
}
