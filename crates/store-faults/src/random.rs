//! Random numbers that a seed repeats.

/// Steele and others' SplitMix64: any seed will do, zero and neighbouring ones included.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A sequence of its own for each `stream` of a run.
    pub(crate) fn stream(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03));
        random.next();
        random
    }

    /// Less than `bound`; 0 where that is 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        // The bias is one in 2^64 / bound, far below what any run here could show.
        self.next().checked_rem(bound).unwrap_or(0)
    }

    /// One of `choices`; `None` where there is none.
    pub(crate) fn choose<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let place = self.below(choices.len() as u64);
        choices.get(usize::try_from(place).ok()?)
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
    fn a_seed_repeats_and_its_streams_differ() {
        let draw = |stream| {
            let mut random = Random::stream(7, stream);
            (0..100).map(|_| random.below(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_choice_is_one_of_those_offered() {
        let mut random = Random::new(1);
        assert!((0..100).all(|_| random.choose(&[1, 2, 3]).is_some_and(|it| (1..=3).contains(it))));
        assert_eq!(random.choose::<u8>(&[]), None);
    }
}
