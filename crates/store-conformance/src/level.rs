//! The levels of the suite: what a run is held to, so that a new check breaks nobody's build on the day it arrives.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

/// A level of the suite, such as `2026.1`: the year and the number of the level in it.
///
/// Every check belongs to the level at which it counts. A run is held to one level, [`CURRENT`](Self::CURRENT) unless told
/// otherwise; checks of later ones run as previews, which are reported and fail nothing.
///
/// ```
/// use store_conformance::Level;
///
/// let level: Level = "2026.1".parse()?;
/// assert!(level <= Level::CURRENT && Level::CURRENT < Level::NEXT);
/// # Ok::<(), store_conformance::UnknownLevel>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level {
    year: u16,
    number: u8,
}

impl Level {
    /// What a run is held to unless told otherwise.
    pub const CURRENT: Self = Self::new(2026, 1);

    /// What previews belong to.
    pub const NEXT: Self = Self::new(2026, 2);

    /// All that a run can be held to; those of the past stay.
    const KNOWN: [Self; 2] = [Self::CURRENT, Self::NEXT];

    pub(crate) const fn new(year: u16, number: u8) -> Self {
        Self { year, number }
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::CURRENT
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.year, self.number)
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    /// # Errors
    /// For everything but the levels that this version of the suite has.
    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        Self::KNOWN.into_iter().find(|level| level.to_string() == text).ok_or_else(|| UnknownLevel(text.to_owned()))
    }
}

/// A level that this version of the suite does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownLevel(String);

impl fmt::Display for UnknownLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = Level::KNOWN.map(|level| level.to_string()).join(", ");
        write!(f, "no level {:?} in this version of the suite, which has {known}", self.0)
    }
}

impl Error for UnknownLevel {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_read_as_it_is_shown() {
        for level in Level::KNOWN {
            assert_eq!(level.to_string().parse(), Ok(level));
        }
        let unknown = "2026.01".parse::<Level>().unwrap_err();
        assert_eq!(unknown.to_string(), "no level \"2026.01\" in this version of the suite, which has 2026.1, 2026.2");
    }

    #[test]
    fn levels_are_ordered_by_year_and_then_by_number() {
        assert!(Level::new(2026, 9) < Level::new(2026, 10) && Level::new(2026, 10) < Level::new(2027, 1));
    }
}
