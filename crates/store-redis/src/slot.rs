//! Hash slots: what a cluster splits its keys by.

use std::fmt;

/// How many there are.
pub(crate) const SLOTS: u16 = 16_384;

/// One of the 16,384 hash slots of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u16);

impl Slot {
    /// The slot with this number; `None` from 16,384 on.
    #[must_use]
    pub fn new(number: u16) -> Option<Self> {
        (number < SLOTS).then_some(Self(number))
    }

    /// The slot that a cluster gives to a wire key.
    ///
    /// What stands between the first `{` and the next `}` decides, if that is not empty; else the whole key. See
    /// <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>.
    pub(crate) fn of_wire_key(wire_key: &[u8]) -> Self {
        Self::of_parts([], wire_key)
    }

    /// The slot of a wire key of which there is more before `rest`, without braces in it.
    pub(crate) fn of_parts<const N: usize>(before: [&str; N], rest: &[u8]) -> Self {
        match hash_tag(rest) {
            Some(tag) => Self::of_tag(tag),
            None => Self::of_bytes(before.iter().flat_map(|part| part.bytes()).chain(rest.iter().copied())),
        }
    }

    /// The slot of all wire keys that begin with `stem`, if that decides it.
    pub(crate) fn of_all_that_begin(stem: &[u8]) -> Option<Self> {
        hash_tag(stem).map(Self::of_tag)
    }

    /// The slot of all keys with this hash tag.
    pub(crate) fn of_tag(tag: &[u8]) -> Self {
        Self::of_bytes(tag.iter().copied())
    }

    fn of_bytes(hashed: impl Iterator<Item = u8>) -> Self {
        Self(crc16(hashed) % SLOTS)
    }

    /// The slot's number.
    #[must_use]
    pub fn number(self) -> u16 {
        self.0
    }
}

/// The number.
impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn hash_tag(wire_key: &[u8]) -> Option<&[u8]> {
    let open = wire_key.iter().position(|&byte| byte == b'{')?;
    let after = wire_key.get(open + 1..)?;
    let length = after.iter().position(|&byte| byte == b'}')?;
    after.get(..length).filter(|tag| !tag.is_empty())
}

/// CRC-16/XMODEM, the one of the cluster specification.
fn crc16(bytes: impl Iterator<Item = u8>) -> u16 {
    const POLYNOMIAL: u16 = 0x1021;
    const TABLE: [u16; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < table.len() {
            #[expect(clippy::cast_possible_truncation, reason = "a byte, counted in a type that can index")]
            let mut crc = (byte as u16) << 8;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ POLYNOMIAL };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    bytes.fold(0, |crc, byte| {
        let [high, _] = crc.to_be_bytes();
        // A byte indexes a table of 256.
        crc << 8 ^ TABLE.get(usize::from(high ^ byte)).copied().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_agree_with_the_specification() {
        for (wire_key, slot) in [
            ("123456789", 0x31C3),
            ("foo", 12_182),
            ("foo{bar}", 5061),
            ("bar", 5061),
            ("{bar}{foo}", 5061),
            ("foo{bar", Slot::of_tag(b"foo{bar").number()),
            ("foo{}{bar}", Slot::of_tag(b"foo{}{bar}").number()),
            ("foo{{bar}}zap", Slot::of_tag(b"{bar").number()),
            ("foo}{bar}", 5061),
            ("", 0),
        ] {
            assert_eq!(Slot::of_wire_key(wire_key.as_bytes()).number(), slot, "{wire_key}");
        }
    }

    #[test]
    fn there_are_16_384_slots() {
        assert_eq!(Slot::new(16_383).unwrap().number(), 16_383);
        assert_eq!(Slot::new(16_384), None);
    }
}
