//! Arbitrary numbers from a seed (splitmix64): close seeds give unrelated numbers.

/// A stream of arbitrary numbers.
#[derive(Clone, Debug)]
pub(crate) struct Choices(u64);

impl Choices {
    /// A stream that depends on the seed and on a name.
    pub(crate) fn named(seed: u64, name: &str) -> Self {
        let mut choices = Self(seed);
        for byte in name.bytes() {
            choices.0 = choices.next() ^ u64::from(byte);
        }
        choices
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from zero to below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// A number from zero to below one.
    pub(crate) fn fraction(&mut self) -> f64 {
        /// As many bits as an `f64` holds exactly.
        const BITS: u32 = f64::MANTISSA_DIGITS;
        (self.next() >> (u64::BITS - BITS)) as f64 / (1u64 << BITS) as f64
    }
}
