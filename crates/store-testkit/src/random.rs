//! Random numbers that a seed repeats.

/// A sequence of numbers that its seed repeats: Steele and others' SplitMix64, for which any seed will do, zero and
/// neighbouring ones included.
#[derive(Debug, Clone, Default)]
pub struct Random(u64);

impl Random {
    /// The sequence of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence of its own for each `stream` of a seed.
    #[must_use]
    pub fn stream(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        random.next();
        random
    }

    /// Less than `bound`; 0 where that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is one in 2^64 / bound, far below what any run here could show.
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// A place in a list of so many items; 0 where there is none.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// One of `choices`; `None` where there is none.
    pub fn choose<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        choices.get(self.index(choices.len()))
    }

    /// At least 0 and less than 1.
    pub fn fraction(&mut self) -> f64 {
        // The upper 53 bits are as many as an `f64` holds exactly.
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
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

    fn draw(mut random: Random) -> Vec<u64> {
        (0..100).map(|_| random.below(1_000)).collect()
    }

    #[test]
    fn a_seed_repeats_and_another_one_differs() {
        assert_eq!(draw(Random::new(0)), draw(Random::new(0)));
        assert_ne!(draw(Random::new(0)), draw(Random::new(1)));
    }

    #[test]
    fn the_streams_of_a_seed_repeat_and_differ() {
        assert_eq!(draw(Random::stream(7, 1)), draw(Random::stream(7, 1)));
        assert_ne!(draw(Random::stream(7, 1)), draw(Random::stream(7, 2)));
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

    #[test]
    fn a_choice_is_one_of_those_offered() {
        let mut random = Random::new(1);
        let choices: std::collections::BTreeSet<_> = (0..100).filter_map(|_| random.choose(&[1, 2, 3])).collect();
        assert_eq!(choices, [1, 2, 3].iter().collect());
        assert_eq!(random.choose::<u8>(&[]), None);
    }
}
