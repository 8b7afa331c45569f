//! How a check ends, and what that means for the run.

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// The clause holds.
    Pass,
    /// It does not.
    Fail,
    /// The driver does not declare what the clause is about, and was seen to refuse it without effect.
    Unsupported,
    /// It does not hold, which the harness declares with a reason.
    Deviation,
    /// There was nothing to run it on.
    NotRun,
}

impl Status {
    /// All of them, in the order of reports.
    pub(crate) const ALL: [Self; 5] = [Self::Pass, Self::Fail, Self::Unsupported, Self::Deviation, Self::NotRun];

    /// The spelling in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unsupported => "unsupported",
            Self::Deviation => "deviation",
            Self::NotRun => "not_run",
        }
    }
}

/// What the end of a check means for the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standing {
    /// The run fails with it.
    Counts,
    /// It is of a family that was [required](crate::Options::require): the run fails also when the driver does not declare
    /// what it is about.
    Required,
    /// It belongs to a later [level](crate::Level) than the run is held to, which succeeds without it.
    Preview,
}

impl Standing {
    /// The spelling in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counts => "counts",
            Self::Required => "required",
            Self::Preview => "preview",
        }
    }

    /// Whether a run may succeed with a check that ended so.
    pub(crate) fn accepts(self, status: Status) -> bool {
        match self {
            Self::Counts => !matches!(status, Status::Fail | Status::NotRun),
            Self::Required => matches!(status, Status::Pass | Status::Deviation),
            Self::Preview => true,
        }
    }
}
