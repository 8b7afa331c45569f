//! What rounds come to.

use serde::Serialize;

/// What one round measured.
#[derive(Clone, Copy)]
pub(crate) struct Round {
    pub(crate) ours: f64,
    pub(crate) peer: f64,
}

/// Medians over the rounds.
#[derive(Clone, Copy, Serialize, Debug, PartialEq)]
pub(crate) struct Figures {
    pub(crate) ours: f64,
    pub(crate) peer_value: f64,
    /// Ours by the peer's, within one round.
    pub(crate) ratio: f64,
    /// Ours less the peer's, within one round.
    pub(crate) difference: f64,
    /// By how much the ratios of the rounds differ: the largest less the smallest, by the median.
    pub(crate) spread: f64,
}

impl Figures {
    /// Without a round no figure is a number, and none is good enough for any bar.
    pub(crate) fn of(rounds: &[Round]) -> Self {
        let sorted = |figure: fn(&Round) -> f64| {
            let mut values: Vec<_> = rounds.iter().map(figure).collect();
            values.sort_by(f64::total_cmp);
            values
        };
        let ratios = sorted(|round| round.ours / round.peer);
        let ratio = middle(&ratios);
        Self {
            ours: middle(&sorted(|round| round.ours)),
            peer_value: middle(&sorted(|round| round.peer)),
            ratio,
            difference: middle(&sorted(|round| round.ours - round.peer)),
            spread: ratios.last().zip(ratios.first()).map_or(f64::NAN, |(most, least)| (most - least) / ratio),
        }
    }
}

/// The middle one; of an even number, the greater of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    middle(&values)
}

fn middle(sorted: &[f64]) -> f64 {
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_medians_and_ratio_and_difference_are_taken_within_a_round() {
        let rounds = [(100.0, 100.0), (220.0, 200.0), (150.0, 125.0)].map(|(ours, peer)| Round { ours, peer });
        let figures = Figures::of(&rounds);
        assert_eq!((figures.ours, figures.peer_value, figures.ratio), (150.0, 125.0, 1.1));
        assert_eq!(figures.difference, 20.0);
        assert!((figures.spread - 0.2 / 1.1).abs() < 1e-9, "{figures:?}");
    }

    #[test]
    fn no_round_gives_no_number() {
        let figures = Figures::of(&[]);
        assert!(figures.ours.is_nan() && figures.ratio.is_nan() && figures.spread.is_nan(), "{figures:?}");
    }

    #[test]
    fn the_median_of_an_even_number_is_one_of_them() {
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 3.0);
    }
}
