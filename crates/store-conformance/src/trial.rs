//! What can be run: the check of every clause, and those of the model family.

use crate::checks::FAMILIES;
use crate::level::Level;
use crate::model::{self, Subject};
use crate::options::Options;
use crate::registry::{Check, Company, Needs};
use crate::report::Standing;

/// One check to run.
#[derive(Clone, Copy)]
pub(crate) enum Trial {
    Clause(&'static str, &'static Check),
    Model(Subject),
}

impl Trial {
    pub(crate) fn family(self) -> &'static str {
        match self {
            Self::Clause(family, _) => family,
            Self::Model(_) => model::FAMILY,
        }
    }

    pub(crate) fn clause(self) -> &'static str {
        match self {
            Self::Clause(_, check) => check.clause,
            Self::Model(subject) => subject.check(),
        }
    }

    pub(crate) fn name(self) -> String {
        format!("{}::{}", self.family(), self.clause())
    }

    pub(crate) fn needs(self) -> Needs {
        match self {
            Self::Clause(_, check) => check.needs,
            Self::Model(subject) => subject.needs(),
        }
    }

    pub(crate) fn company(self) -> Company {
        match self {
            Self::Clause(_, check) => check.company,
            Self::Model(_) => Company::Others,
        }
    }

    pub(crate) fn level(self) -> Level {
        match self {
            Self::Clause(_, check) => check.since,
            Self::Model(_) => Check::FIRST,
        }
    }

    /// What its end means for a run with these options.
    pub(crate) fn standing(self, options: &Options) -> Standing {
        if self.level() > options.level {
            Standing::Preview
        } else if options.required.iter().any(|family| family == self.family()) {
            Standing::Required
        } else {
            Standing::Counts
        }
    }
}

/// All there are. The model family first: it takes longest.
pub(crate) fn all() -> impl Iterator<Item = Trial> {
    let clauses =
        FAMILIES.iter().flat_map(|family| family.checks.iter().map(|check| Trial::Clause(family.name, check)));
    Subject::ALL.map(Trial::Model).into_iter().chain(clauses)
}

/// Those that the options select.
pub(crate) fn selected(options: &Options) -> impl Iterator<Item = Trial> {
    all().filter(|trial| options.selection.includes(&trial.name()))
}

/// Whether a driver can deviate from it: also the model sees what breaks a clause.
pub(crate) fn is_clause(name: &str) -> bool {
    all().any(|trial| trial.clause() == name)
}

pub(crate) fn is_family(name: &str) -> bool {
    all().any(|trial| trial.family() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::check;

    async fn nothing(_: &crate::context::Context) -> crate::failure::CheckResult {
        Ok(crate::failure::Verdict::Pass)
    }

    static OLD: Check = check!(nothing, Nothing);
    static NEW: Check = check!(nothing, Nothing).since(Level::NEXT);

    #[test]
    fn a_check_of_a_later_level_is_a_preview_until_the_run_is_held_to_it() {
        let (old, new) = (Trial::Clause("keys", &OLD), Trial::Clause("keys", &NEW));
        let current = Options::new();
        assert_eq!((old.standing(&current), new.standing(&current)), (Standing::Counts, Standing::Preview));
        let next = Options::new().level(Level::NEXT);
        assert_eq!((old.standing(&next), new.standing(&next)), (Standing::Counts, Standing::Counts));
    }

    #[test]
    fn to_require_a_family_makes_no_preview_count() {
        let options = Options::new().require("keys");
        let standing = |family, check| Trial::Clause(family, check).standing(&options);
        assert_eq!(standing("keys", &OLD), Standing::Required);
        assert_eq!(standing("values", &OLD), Standing::Counts);
        assert_eq!(standing("keys", &NEW), Standing::Preview);
    }
}
