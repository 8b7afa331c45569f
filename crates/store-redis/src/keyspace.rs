//! Spells wire keys in the native layout, and reads them back.
//!
//! A wire key is `{root}`, then `/child` for each nested segment, then `:`, then the key as it is; without a namespace
//! it is `:` and the key. Segments are percent-encoded by [`Namespace::as_encoded`], which leaves neither a separator
//! (`/`, `:`) nor a brace nor a glob character in them. So
//! * the first `:` ends the namespace, whatever the key contains, and two addresses never share a wire key;
//! * the hash tag is the root alone: whatever is nested in it lies in one slot, and no brace in a key can move it;
//! * a pattern for SCAN needs no escaping.

use std::io::{self, Write};

use redis::{RedisWrite, ToRedisArgs};
use store_core::{Address, KeyBuf, ListedKey, Namespace, Scope};

/// Ends the namespace part.
const KEY_SEPARATOR: &str = ":";
/// Stands before every nested segment.
const SEGMENT_SEPARATOR: char = '/';

/// The wire key of an address, written straight into a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WireKey<'a>(Address<'a>);

impl<'a> WireKey<'a> {
    pub(crate) fn new(at: Address<'a>) -> Self {
        Self(at)
    }

    /// Its length in bytes.
    pub(crate) fn len(self) -> usize {
        self.parts().map(str::len).iter().sum()
    }

    /// What it is put together of.
    fn parts(self) -> [&'a str; 6] {
        let [open, root, close, nested] = stem(self.0.namespace);
        [open, root, close, nested, KEY_SEPARATOR, self.0.key.as_str()]
    }
}

impl ToRedisArgs for WireKey<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        let mut argument = out.writer_for_next_arg();
        for part in self.parts() {
            // Writing to a command in memory has no way to fail.
            let _: io::Result<()> = argument.write_all(part.as_bytes());
        }
    }
}

/// What all keys of a namespace and of all nested in it begin with.
fn stem(namespace: &Namespace) -> [&str; 4] {
    if namespace.is_empty() {
        return [""; 4];
    }
    let path = namespace.as_encoded();
    let (root, nested) = path.split_at(path.find(SEGMENT_SEPARATOR).unwrap_or(path.len()));
    ["{", root, "}", nested]
}

/// The namespace that a wire key lies in and the bytes of its key; `None` for what this layout never writes.
fn decode(wire_key: &[u8]) -> Option<(Namespace, &[u8])> {
    let (head, key) = split_once(wire_key, KEY_SEPARATOR)?;
    if key.is_empty() {
        return None;
    }
    let namespace = if head.is_empty() { Namespace::EMPTY } else { decode_stem(head)? };
    Some((namespace, key))
}

fn decode_stem(stem: &[u8]) -> Option<Namespace> {
    let (root, nested) = std::str::from_utf8(stem).ok()?.strip_prefix('{')?.split_once('}')?;
    let root_is_one_segment = !root.is_empty() && !root.contains(SEGMENT_SEPARATOR);
    let nested_is_separate = nested.is_empty() || nested.starts_with(SEGMENT_SEPARATOR);
    if !(root_is_one_segment && nested_is_separate) {
        return None;
    }
    Namespace::from_encoded(&[root, nested].concat())
}

fn split_once<'a>(bytes: &'a [u8], separator: &str) -> Option<(&'a [u8], &'a [u8])> {
    let at = bytes.windows(separator.len()).position(|window| window == separator.as_bytes())?;
    Some((bytes.get(..at)?, bytes.get(at + separator.len()..)?))
}

/// The wire keys that an enumeration covers: one namespace, or one with all that is nested in it.
#[derive(Debug)]
pub(crate) struct Region {
    namespace: Namespace,
    scope: Scope,
    /// What the keys directly in the namespace begin with, so that the usual key is recognised without decoding it.
    head: String,
}

impl Region {
    pub(crate) fn new(namespace: &Namespace, scope: Scope) -> Self {
        Self { namespace: namespace.clone(), scope, head: stem(namespace).concat() + KEY_SEPARATOR }
    }

    /// The pattern that finds them. It may find more, so [`contains`](Self::contains) has the last word.
    pub(crate) fn pattern(&self) -> String {
        match self.scope {
            Scope::Namespace => format!("{}*", self.head),
            Scope::Subtree if self.namespace.is_empty() => "[:{]*".to_owned(),
            // Without the class after the stem, `app` would walk over the keys of `app/le` only to reject `apple`.
            Scope::Subtree => stem(&self.namespace).concat() + "[:/]*",
        }
    }

    /// Whether a wire key is one of them, be its key text or not.
    pub(crate) fn contains(&self, wire_key: &[u8]) -> bool {
        self.locate(wire_key).is_some()
    }

    /// A wire key as `list` shows it; `None` when it is not one of them, or when its key is no valid key.
    pub(crate) fn listed(&self, wire_key: &[u8]) -> Option<ListedKey> {
        let (namespace, key) = self.locate(wire_key)?;
        let key = KeyBuf::new(std::str::from_utf8(key).ok()?).ok()?;
        Some(ListedKey::new(namespace, key))
    }

    fn locate<'k>(&self, wire_key: &'k [u8]) -> Option<(Namespace, &'k [u8])> {
        match wire_key.strip_prefix(self.head.as_bytes()) {
            Some([]) => None,
            Some(key) => Some((self.namespace.clone(), key)),
            None => decode(wire_key).filter(|(namespace, _)| self.covers(namespace)),
        }
    }

    fn covers(&self, namespace: &Namespace) -> bool {
        match self.scope {
            Scope::Namespace => *namespace == self.namespace,
            Scope::Subtree => namespace.is_within(&self.namespace),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use store_core::Key;

    use super::*;

    fn namespace(segments: &[&str]) -> Namespace {
        Namespace::try_from(segments).unwrap()
    }

    /// The wire key as a command carries it.
    fn spelled(namespace: &Namespace, key: &str) -> String {
        let wire_key = WireKey::new(Address { namespace, key: Key::new(key).unwrap() });
        let [argument] = <[_; 1]>::try_from(wire_key.to_redis_args()).unwrap();
        assert_eq!(argument.len(), wire_key.len());
        String::from_utf8(argument).unwrap()
    }

    fn wire(segments: &[&str], key: &str) -> String {
        spelled(&namespace(segments), key)
    }

    #[test]
    fn wire_keys_are_spelled_as_documented() {
        for (segments, key, expected) in [
            (&[][..], "k", ":k"),
            (&[], "{app}:k", ":{app}:k"),
            (&["app"], "k", "{app}:k"),
            (&["app", "sub"], "k", "{app}/sub:k"),
            (&["app", "sub", "x"], "k", "{app}/sub/x:k"),
            (&["A-z_0.9"], "k", "{A-z_0.9}:k"),
            (&["a", "b"], "k", "{a}/b:k"),
            (&["a_b"], "k", "{a_b}:k"),
            (&["a:b"], "k", "{a%3Ab}:k"),
            (&["a/b"], "k", "{a%2Fb}:k"),
            (&["a%2Fb"], "k", "{a%252Fb}:k"),
            (&["[ab]"], "k", "{%5Bab%5D}:k"),
            (&["}{", "*?"], "k", "{%7D%7B}/%2A%3F:k"),
            (&["é"], "é", "{%C3%A9}:é"),
            (&["\0", "\n"], "\0\n", "{%00}/%0A:\0\n"),
            (&["app"], ":{}/*?[]\\^-%", "{app}::{}/*?[]\\^-%"),
        ] {
            assert_eq!(wire(segments, key), expected);
        }
    }

    #[test]
    fn every_ascii_punctuation_in_a_segment_is_plain_or_escaped() {
        for byte in (0..128u8).filter(|byte| !byte.is_ascii_alphanumeric()) {
            let segment = char::from(byte).to_string();
            let spelled = if b"._-".contains(&byte) { segment.clone() } else { format!("%{byte:02X}") };
            assert_eq!(wire(&[&segment, &segment], "k"), format!("{{{spelled}}}/{spelled}:k"));
        }
    }

    #[test]
    fn what_the_layout_never_writes_is_not_ours() {
        let foreign: &[&[u8]] = &[
            b"",
            b"k",
            b":",
            b"{app}",
            b"{app}:",
            b"{}:k",
            b"{app}x:k",
            b"{app}/:k",
            b"{app}//x:k",
            b"{a/b}:k",
            b"{app:k",
            b"app:k",
            b"app}:k",
            b"{%r}:k",
            b"{a%2f}:k",
            b"{%41}:k",
            b"{\xff}:k",
            b"{a}/%zz:k",
            b"x{a}:k",
        ];
        for wire_key in foreign {
            assert_eq!(decode(wire_key), None, "{}", wire_key.escape_ascii());
        }
    }

    #[test]
    fn patterns_hold_no_escaped_character() {
        for (segments, scope, expected) in [
            (&[][..], Scope::Namespace, ":*"),
            (&[], Scope::Subtree, "[:{]*"),
            (&["app"], Scope::Namespace, "{app}:*"),
            (&["app"], Scope::Subtree, "{app}[:/]*"),
            (&["[ab]", "?"], Scope::Subtree, "{%5Bab%5D}/%3F[:/]*"),
        ] {
            assert_eq!(Region::new(&namespace(segments), scope).pattern(), expected);
        }
    }

    #[test]
    fn a_region_holds_its_namespace_and_what_is_nested_and_nothing_else() {
        let app = namespace(&["app"]);
        let (alone, subtree) = (Region::new(&app, Scope::Namespace), Region::new(&app, Scope::Subtree));
        for (wire_key, in_alone, in_subtree) in [
            (&b"{app}:k"[..], true, true),
            (b"{app}:\xff", true, true),
            (b"{app}/le:k", false, true),
            (b"{app}/le/x:\xff", false, true),
            (b"{apple}:k", false, false),
            (b"{app}le:k", false, false),
            (b"{app}/%r:k", false, false),
            (b"{app}:", false, false),
            (b":{app}:k", false, false),
            (b"app:k", false, false),
        ] {
            assert_eq!(alone.contains(wire_key), in_alone, "{}", wire_key.escape_ascii());
            assert_eq!(subtree.contains(wire_key), in_subtree, "{}", wire_key.escape_ascii());
        }
        let nested = Region::new(&namespace(&["app", "sub"]), Scope::Subtree);
        assert!(nested.contains(b"{app}/sub:k") && nested.contains(b"{app}/sub/x:k"));
        assert!(!nested.contains(b"{app}:k") && !nested.contains(b"{app}/subtle:k"));
    }

    #[test]
    fn only_text_is_listed() {
        let region = Region::new(&namespace(&["app"]), Scope::Subtree);
        let listed = region.listed(b"{app}/x:k:1").unwrap();
        assert_eq!((listed.namespace, listed.key.as_str()), (namespace(&["app", "x"]), "k:1"));
        assert_eq!(region.listed(b"{app}:\xff"), None);
        let too_long = format!("{{app}}:{}", "x".repeat(Key::MAX_BYTES + 1));
        assert_eq!(region.listed(too_long.as_bytes()), None);
        assert!(region.contains(too_long.as_bytes()));
    }

    /// The slot that a cluster gives to a wire key: CRC-16/XMODEM of the hash tag, or of all of it when there is none.
    fn slot(wire_key: &[u8]) -> u16 {
        let tagged = || {
            let (_, after) = split_once(wire_key, "{")?;
            let (tag, _) = split_once(after, "}")?;
            (!tag.is_empty()).then_some(tag)
        };
        let crc = tagged().unwrap_or(wire_key).iter().fold(0u16, |crc, &byte| {
            (0..8).fold(
                crc ^ u16::from(byte) << 8,
                |crc, _| {
                    if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
                },
            )
        });
        crc % 16_384
    }

    #[test]
    fn slot_agrees_with_published_values() {
        assert_eq!(slot(b"123456789"), 0x31C3);
        assert_eq!(slot(b"foo{bar}"), slot(b"bar"));
        assert_eq!(slot(b"foo{}{bar}"), slot(b"foo{}{bar}"));
    }

    /// Few and awkward characters, so that look-alikes come up.
    fn segment() -> impl Strategy<Value = String> {
        prop_oneof!["[ab/:_%{}*?\\[\\]\\\\^0-9F-]{1,4}", "\\PC{1,6}", Just("%r".to_owned()), Just("\0".to_owned())]
    }

    fn address() -> impl Strategy<Value = (Vec<String>, String)> {
        (vec(segment(), 0..4), prop_oneof![segment(), "[:/{}ab]{1,6}"])
    }

    fn spell((segments, key): &(Vec<String>, String)) -> (Namespace, String) {
        let namespace = Namespace::new(segments).unwrap();
        let wire_key = spelled(&namespace, key);
        (namespace, wire_key)
    }

    proptest! {
        #[test]
        fn a_wire_key_reads_back_as_its_address(at in address()) {
            let (namespace, wire_key) = spell(&at);
            prop_assert_eq!(decode(wire_key.as_bytes()), Some((namespace, at.1.as_bytes())));
        }

        #[test]
        fn what_reads_back_is_spelled_the_same(wire_key in "[{}/:%2Fab]{0,12}") {
            if let Some((namespace, key)) = decode(wire_key.as_bytes()) {
                prop_assert_eq!(spelled(&namespace, std::str::from_utf8(key).unwrap()), wire_key);
            }
        }

        #[test]
        fn different_addresses_have_different_wire_keys(one in address(), other in address()) {
            prop_assert_eq!(one == other, spell(&one).1 == spell(&other).1);
        }

        #[test]
        fn a_region_covers_exactly_its_namespaces(at in address(), region in vec(segment(), 0..3)) {
            let (namespace, wire_key) = spell(&at);
            let region = Namespace::new(&region).unwrap();
            let covered = |scope| Region::new(&region, scope).contains(wire_key.as_bytes());
            prop_assert_eq!(covered(Scope::Namespace), namespace == region);
            prop_assert_eq!(covered(Scope::Subtree), namespace.is_within(&region));
        }

        #[test]
        fn a_root_and_all_nested_in_it_share_a_slot(root in segment(), one in address(), other in address()) {
            let below = |at: &(Vec<String>, String)| {
                let mut segments = vec![root.clone()];
                segments.extend(at.0.iter().cloned());
                spell(&(segments, at.1.clone())).1
            };
            prop_assert_eq!(slot(below(&one).as_bytes()), slot(below(&other).as_bytes()));
        }
    }
}
