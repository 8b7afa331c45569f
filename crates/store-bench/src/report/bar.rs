//! What a figure has to reach.

use std::fmt::{self, Display, Formatter};

use serde::Serialize;

use super::figures::Figures;
use super::number::Number;

/// A limit to one of a row's figures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Bar {
    of: Of,
    #[serde(flatten)]
    limit: Limit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Of {
    Ratio,
    Ours,
    Difference,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Limit {
    AtLeast(f64),
    AtMost(f64),
}

impl Bar {
    pub(crate) fn ratio_at_least(limit: f64) -> Self {
        Self { of: Of::Ratio, limit: Limit::AtLeast(limit) }
    }

    pub(crate) fn ratio_at_most(limit: f64) -> Self {
        Self { of: Of::Ratio, limit: Limit::AtMost(limit) }
    }

    /// Of ours by itself, in the row's unit.
    pub(crate) fn ours_at_most(limit: f64) -> Self {
        Self { of: Of::Ours, limit: Limit::AtMost(limit) }
    }

    /// So much more than the peer, in the row's unit.
    pub(crate) fn more_at_most(limit: f64) -> Self {
        Self { of: Of::Difference, limit: Limit::AtMost(limit) }
    }

    pub(crate) fn is_met(self, figures: &Figures) -> bool {
        let figure = match self.of {
            Of::Ratio => figures.ratio,
            Of::Ours => figures.ours,
            Of::Difference => figures.difference,
        };
        match self.limit {
            Limit::AtLeast(limit) => figure >= limit,
            Limit::AtMost(limit) => figure <= limit,
        }
    }
}

/// As in `ratio ≥ 1.40`.
impl Display for Bar {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        let of = match self.of {
            Of::Ratio => "ratio",
            Of::Ours => "ours",
            Of::Difference => "ours - theirs",
        };
        match self.limit {
            Limit::AtLeast(limit) => write!(to, "{of} ≥ {}", Number(limit)),
            Limit::AtMost(limit) => write!(to, "{of} ≤ {}", Number(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Round;

    #[test]
    fn a_bar_is_met_at_its_limit_and_on_one_side_of_it() {
        let figures = Figures::of(&[Round { ours: 60.0, peer: 40.0 }]);
        assert!(Bar::ratio_at_least(1.5).is_met(&figures) && !Bar::ratio_at_least(1.51).is_met(&figures));
        assert!(Bar::ratio_at_most(1.5).is_met(&figures) && !Bar::ratio_at_most(1.49).is_met(&figures));
        assert!(Bar::ours_at_most(60.0).is_met(&figures) && !Bar::ours_at_most(59.0).is_met(&figures));
        assert!(Bar::more_at_most(20.0).is_met(&figures) && !Bar::more_at_most(19.0).is_met(&figures));
    }

    #[test]
    fn nothing_measured_meets_no_bar() {
        let nothing = Figures::of(&[]);
        assert!(!Bar::ratio_at_least(0.0).is_met(&nothing) && !Bar::ours_at_most(f64::MAX).is_met(&nothing));
    }

    #[test]
    fn a_bar_is_shown_and_kept_with_what_it_limits() {
        assert_eq!(Bar::ratio_at_least(1.4).to_string(), "ratio ≥ 1.40");
        assert_eq!(Bar::ours_at_most(6500.0).to_string(), "ours ≤ 6,500");
        assert_eq!(Bar::more_at_most(40.0).to_string(), "ours - theirs ≤ 40.0");
        let json = serde_json::to_string(&Bar::ratio_at_least(1.4)).unwrap();
        assert_eq!(json, r#"{"of":"ratio","at_least":1.4}"#);
    }
}
