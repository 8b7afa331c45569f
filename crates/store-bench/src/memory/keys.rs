//! The keys, and the order in which they are read.

/// The exponent of the distribution: the second most popular key is read about half as often as the first.
const SKEW: f64 = 0.99;

/// Odd and without a factor in common with a power of ten, so that its multiples meet every key: popular keys lie anywhere.
const STRIDE: usize = 7_919;

pub(super) struct Keys {
    names: Vec<Box<str>>,
    /// How likely a key of this rank or a more popular one is read.
    cumulated: Vec<f64>,
}

impl Keys {
    pub(super) fn new(count: usize) -> Self {
        let names = (0..count).map(|number| format!("k{number}").into()).collect();
        let mut sum = 0.0;
        let mut cumulated: Vec<f64> = (1..=count)
            .map(|rank| {
                sum += (rank as f64).powf(-SKEW);
                sum
            })
            .collect();
        cumulated.iter_mut().for_each(|share| *share /= sum);
        Self { names, cumulated }
    }

    /// The key of this number.
    pub(super) fn at(&self, number: usize) -> &str {
        &self.names[number]
    }

    pub(super) fn all(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// So many keys as they are read: the same for the same seed. They are drawn when this is called, not when they are
    /// taken: to draw one takes as long as a hit, so this is called before the time is.
    pub(super) fn drawn(&self, count: usize, seed: u64) -> impl Iterator<Item = &str> {
        let mut random = Random(seed);
        let ranks: Vec<u32> = (0..count)
            .map(|_| {
                let share = random.fraction();
                let rank = self.cumulated.partition_point(|&cumulated| cumulated < share);
                (rank.min(self.names.len() - 1) * STRIDE % self.names.len()) as u32
            })
            .collect();
        ranks.into_iter().map(|rank| &*self.names[rank as usize])
    }
}

/// SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 up to, and without, 1.
    pub(super) fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn popular_keys_are_read_more_often_and_all_can_be() {
        let keys = Keys::new(1000);
        let mut counts = BTreeMap::<_, usize>::new();
        for key in keys.drawn(100_000, 1) {
            *counts.entry(key).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_values().collect();
        counts.sort_unstable_by(|one, other| other.cmp(one));
        assert!(counts[0] > counts[1] && counts[1] > 4 * counts[9], "{:?}", &counts[..10]);
        assert!(counts.len() > 990, "{}", counts.len());
        assert!(keys.drawn(100, 1).eq(keys.drawn(100, 1)));
    }
}
