//! How thorough a search is.

/// A quicker one gives up ways that a more thorough one follows: an order that it finds is one, but that it finds none means
/// nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effort {
    /// As [`Bounded`](Self::Bounded), and of two ways of which the one needed nothing more than calls without an answer of
    /// which there are plenty, the other is given up. So is every such call that is about a value of which no answer tells,
    /// not even in the end.
    Quick,
    /// Ways that differ in which calls without an answer they needed are given up where there are many of them.
    Bounded,
    Exhaustive,
}

impl Effort {
    /// How many are kept of ways that differ in nothing else.
    pub(super) fn most_alike(self) -> usize {
        match self {
            Self::Quick | Self::Bounded => 4,
            Self::Exhaustive => usize::MAX,
        }
    }

    /// Of how many calls of a kind nobody has to be sparing.
    pub(super) fn plenty(self) -> usize {
        match self {
            Self::Quick => 8,
            Self::Bounded | Self::Exhaustive => usize::MAX,
        }
    }
}
