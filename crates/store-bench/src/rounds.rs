//! Taking turns: everybody works once in each round, and each round begins with another one.
//!
//! From one second to the next the machine itself may be faster or slower by a third, so what is compared are figures
//! of one round.

use std::cmp::Ordering;
use std::ops::Range;

use crate::report::{Figures, Round, median};

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) side: usize,
    /// From 1; 0 for the turns that warm up.
    pub(crate) round: usize,
}

/// A turn each for so many sides, whose figures do not count.
pub(crate) fn warm_up(sides: usize) -> impl Iterator<Item = Turn> {
    (0..sides).map(|side| Turn { side, round: 0 })
}

/// A turn for each side in each of so many rounds.
pub(crate) fn turns(sides: usize, rounds: usize) -> impl Iterator<Item = Turn> {
    (1..=rounds).flat_map(move |round| (0..sides).map(move |turn| Turn { side: (turn + round) % sides, round }))
}

/// What each side made of its turns.
pub(crate) struct Rounds<T> {
    sides: Vec<Vec<T>>,
}

impl<T> Rounds<T> {
    pub(crate) fn of(sides: usize) -> Self {
        Self { sides: (0..sides).map(|_| Vec::new()).collect() }
    }

    /// Keeps what came of a turn, unless that only warmed up.
    pub(crate) fn note(&mut self, turn: Turn, outcome: T) {
        if turn.round > 0 {
            self.sides[turn.side].push(outcome);
        }
    }

    /// One side beside another one, by a figure of what they made.
    pub(crate) fn compare(&self, ours: usize, peer: usize, figure: impl Fn(&T) -> f64) -> Figures {
        let pairs = self.sides[ours].iter().zip(&self.sides[peer]);
        let rounds: Vec<_> = pairs.map(|(ours, peer)| Round { ours: figure(ours), peer: figure(peer) }).collect();
        Figures::of(&rounds)
    }

    /// One side beside the best of the peers, which is the one with the best median: the best of each round would be
    /// none that anybody could have chosen.
    pub(crate) fn compare_with_best(
        &self,
        ours: usize,
        peers: Range<usize>,
        better: Better,
        figure: impl Fn(&T) -> f64,
    ) -> Figures {
        let median_of = |side: usize| median(self.sides[side].iter().map(&figure).collect());
        let best = peers.min_by(|&one, &other| better.order(median_of(one), median_of(other)));
        best.map_or_else(|| Figures::of(&[]), |best| self.compare(ours, best, &figure))
    }
}

/// Which of two figures is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
}

impl Better {
    /// The better one first.
    fn order(self, one: f64, other: f64) -> Ordering {
        match self {
            Self::Less => one.total_cmp(&other),
            Self::More => other.total_cmp(&one),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_turn_in_each_round_and_begins_one() {
        let turns: Vec<_> = turns(3, 3).map(|turn| (turn.round, turn.side)).collect();
        assert_eq!(turns, [(1, 1), (1, 2), (1, 0), (2, 2), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]);
    }

    #[test]
    fn a_side_is_compared_with_what_the_other_did_in_the_same_round() {
        let mut rounds = Rounds::of(2);
        for turn in warm_up(2).chain(turns(2, 3)) {
            let machine = [1e9, 1.0, 2.0, 4.0][turn.round];
            rounds.note(turn, machine * [10.0, 5.0][turn.side]);
        }
        let figures = rounds.compare(0, 1, |figure| *figure);
        assert_eq!((figures.ours, figures.peer_value, figures.ratio, figures.spread), (20.0, 10.0, 2.0, 0.0));
    }

    #[test]
    fn the_best_peer_is_the_one_with_the_best_median() {
        let mut rounds = Rounds::of(3);
        for (round, outcomes) in [[10.0, 20.0, 5.0], [10.0, 20.0, 40.0], [10.0, 20.0, 40.0]].into_iter().enumerate() {
            for (side, outcome) in outcomes.into_iter().enumerate() {
                rounds.note(Turn { side, round: round + 1 }, outcome);
            }
        }
        let best = |better| rounds.compare_with_best(0, 1..3, better, |figure| *figure);
        assert_eq!((best(Better::Less).peer_value, best(Better::Less).ratio), (20.0, 0.5));
        assert_eq!((best(Better::More).peer_value, best(Better::More).ratio), (40.0, 0.25));
        assert!(rounds.compare_with_best(0, 1..1, Better::Less, |figure| *figure).ratio.is_nan());
    }
}
