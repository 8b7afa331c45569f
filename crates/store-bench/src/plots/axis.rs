//! A logarithmic axis: where a figure lies, and which figures are written beside it.

use std::ops::RangeInclusive;

/// From one pixel to another, which may be above it.
pub(super) struct Axis {
    least: f64,
    most: f64,
    from: f64,
    to: f64,
}

impl Axis {
    /// From the least to the greatest of figures, which differ and are above zero.
    pub(super) fn between(figures: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let least = figures.clone().fold(f64::INFINITY, f64::min);
        Self { least, most: figures.fold(0.0, f64::max), from, to }
    }

    /// With room for all figures, which are above zero. It begins and ends at a figure that is easily read.
    pub(super) fn around(figures: impl Iterator<Item = f64> + Clone, from: f64, to: f64) -> Self {
        let Self { least, most, .. } = Self::between(figures, from, to);
        let below = steps(least).filter(|step| *step <= least).fold(0.0, f64::max);
        let above = steps(most).filter(|step| *step >= most).fold(f64::INFINITY, f64::min);
        // A single figure has an axis too.
        let above = if above > below { above } else { below * 10.0 };
        Self { least: below, most: above, from, to }
    }

    pub(super) fn place(&self, figure: f64) -> f64 {
        let share = (figure / self.least).ln() / (self.most / self.least).ln();
        self.from + share * (self.to - self.from)
    }

    /// Figures to be written beside the axis: 1, 2 and 5 of each power of ten.
    pub(super) fn marks(&self) -> Vec<f64> {
        // What is computed from a logarithm may lie beside the end by a rounding.
        let within = |step: &f64| *step >= self.least * 0.999 && *step <= self.most * 1.001;
        let powers = exponents(self.least, self.most);
        powers.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power))).filter(within).collect()
    }
}

/// Steps around a figure.
fn steps(figure: f64) -> impl Iterator<Item = f64> {
    exponents(figure, figure).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)))
}

/// Of all powers of ten around these figures, and one beyond.
fn exponents(least: f64, most: f64) -> RangeInclusive<i32> {
    least.log10().floor() as i32 - 1..=most.log10().ceil() as i32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_room_for_all_figures_and_ends_at_round_ones() {
        let axis = Axis::around([130.0, 4_100.0, 300.0].into_iter(), 400.0, 0.0);
        assert_eq!(axis.marks(), [100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0]);
        assert_eq!((axis.place(100.0), axis.place(5_000.0)), (400.0, 0.0));
    }

    #[test]
    fn equal_factors_are_equal_distances() {
        let axis = Axis::between([1.0, 1_000.0].into_iter(), 0.0, 300.0);
        for (figure, place) in [(1.0, 0.0), (10.0, 100.0), (100.0, 200.0), (1_000.0, 300.0)] {
            assert!((axis.place(figure) - place).abs() < 1e-9, "{figure} at {}", axis.place(figure));
        }
    }

    #[test]
    fn one_figure_has_an_axis() {
        let axis = Axis::around([5.0].into_iter(), 0.0, 100.0);
        assert_eq!((axis.place(5.0), axis.place(50.0)), (0.0, 100.0));
    }
}
