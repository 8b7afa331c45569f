//! Random numbers that a seed repeats.

/// Steele and others' SplitMix64: any seed will do, zero and neighbouring ones included.
#[derive(Debug, Clone, Default)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// At least 0 and less than 1.
    pub(super) fn fraction(&mut self) -> f64 {
        // The upper 53 bits are as many as an `f64` holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Less than `bound`; 0 where that is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.fraction() * bound as f64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_another_one_differs() {
        let draw = |seed| {
            let mut random = Random::new(seed);
            (0..100).map(|_| random.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(0), draw(0));
        assert_ne!(draw(0), draw(1));
    }

    #[test]
    fn fractions_fill_their_range_evenly() {
        let mut random = Random::new(3);
        let tenths: Vec<usize> = (0..10_000).map(|_| (random.fraction() * 10.0) as usize).collect();
        for tenth in 0..10 {
            let hits = tenths.iter().filter(|it| **it == tenth).count();
            assert!((800..1_200).contains(&hits), "{tenth}: {hits}");
        }
    }
}
