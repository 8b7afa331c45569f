//! Every spelling, byte for byte, and what holds for all of them.

use proptest::collection::vec;
use proptest::prelude::*;
use store_core::{ErrorKind, Key};

use super::*;

const ROOT: Keyspace = native(SlotPolicy::Root);
const PER_NAMESPACE: Keyspace = native(SlotPolicy::PerNamespace);
const PER_KEY: Keyspace = native(SlotPolicy::PerKey);
const ALL: [Keyspace; 3] = [ROOT, PER_NAMESPACE, PER_KEY];

const fn native(policy: SlotPolicy) -> Keyspace {
    Keyspace { spelling: Spelling::Native(Native(policy)), spread: Spread::Slots }
}

/// What the layout makes of a wire key, whatever region is looked at.
fn decode(keyspace: Keyspace, wire_key: &[u8]) -> Option<(Namespace, &[u8])> {
    match keyspace.spelling {
        Spelling::Native(layout) => layout.decode(wire_key),
        Spelling::Compatible(layout) => layout.decode(&Namespace::EMPTY, "", wire_key),
    }
}

fn namespace(segments: &[&str]) -> Namespace {
    Namespace::try_from(segments).unwrap()
}

/// The wire key as a command carries it.
fn spelled(keyspace: Keyspace, namespace: &Namespace, key: &str) -> String {
    let wire_key = keyspace.wire_key(Address { namespace, key: Key::new(key).unwrap() }).unwrap();
    let [argument] = <[_; 1]>::try_from(wire_key.to_redis_args()).unwrap();
    assert_eq!(argument.len(), wire_key.len());
    assert_eq!(wire_key.slot(), Slot::of_wire_key(&argument), "{}", argument.escape_ascii());
    String::from_utf8(argument).unwrap()
}

fn spellings(segments: &[&str], key: &str) -> [String; 3] {
    ALL.map(|keyspace| spelled(keyspace, &namespace(segments), key))
}

#[test]
fn wire_keys_are_spelled_as_documented() {
    for (segments, key, expected) in [
        (&[][..], "k", [":k", ":k", ":k"]),
        (&[], "{app}:k", [":{app}:k", ":{app}:k", ":{app}:k"]),
        (&["app"], "k", ["{app}:k", "{app}:k", "app:k"]),
        (&["app", "sub"], "k", ["{app}/sub:k", "{app/sub}:k", "app/sub:k"]),
        (&["app", "sub", "x"], "k", ["{app}/sub/x:k", "{app/sub/x}:k", "app/sub/x:k"]),
        (&["A-z_0.9"], "k", ["{A-z_0.9}:k", "{A-z_0.9}:k", "A-z_0.9:k"]),
        (&["a_b"], "k", ["{a_b}:k", "{a_b}:k", "a_b:k"]),
        (&["a:b"], "k", ["{a%3Ab}:k", "{a%3Ab}:k", "a%3Ab:k"]),
        (&["a/b"], "k", ["{a%2Fb}:k", "{a%2Fb}:k", "a%2Fb:k"]),
        (&["a%2Fb"], "k", ["{a%252Fb}:k", "{a%252Fb}:k", "a%252Fb:k"]),
        (&["[ab]"], "k", ["{%5Bab%5D}:k", "{%5Bab%5D}:k", "%5Bab%5D:k"]),
        (&["}{", "*?"], "k", ["{%7D%7B}/%2A%3F:k", "{%7D%7B/%2A%3F}:k", "%7D%7B/%2A%3F:k"]),
        (&["é"], "é", ["{%C3%A9}:é", "{%C3%A9}:é", "%C3%A9:é"]),
        (&["\0", "\n"], "\0\n", ["{%00}/%0A:\0\n", "{%00/%0A}:\0\n", "%00/%0A:\0\n"]),
        (&["app"], ":{}/*?[]\\^-%", ["{app}::{}/*?[]\\^-%", "{app}::{}/*?[]\\^-%", "app::{}/*?[]\\^-%"]),
    ] {
        assert_eq!(spellings(segments, key), expected);
    }
}

#[test]
fn every_ascii_punctuation_in_a_segment_is_plain_or_escaped() {
    for byte in (0..128u8).filter(|byte| !byte.is_ascii_alphanumeric()) {
        let segment = char::from(byte).to_string();
        let plain = if b"._-".contains(&byte) { segment.clone() } else { format!("%{byte:02X}") };
        let expected =
            [format!("{{{plain}}}/{plain}:k"), format!("{{{plain}/{plain}}}:k"), format!("{plain}/{plain}:k")];
        assert_eq!(spellings(&[&segment, &segment], "k"), expected);
    }
}

#[test]
fn the_policy_decides_what_shares_a_slot() {
    let slot = |keyspace: Keyspace, segments: &[&str], key: &str| {
        keyspace.slot(Address { namespace: &namespace(segments), key: Key::new(key).unwrap() })
    };
    let of = |tag: &str| Slot::of_tag(tag.as_bytes());
    for (key, per_key) in [("k", of("app/x:k")), ("a{7}b", of("7")), ("{}{7}", of("app/x:{}{7}"))] {
        assert_eq!(slot(ROOT, &["app", "x"], key), of("app"));
        assert_eq!(slot(PER_NAMESPACE, &["app", "x"], key), of("app/x"));
        assert_eq!(slot(PER_KEY, &["app", "x"], key), per_key);
    }
    for keyspace in ALL {
        assert_eq!((slot(keyspace, &[], "k"), slot(keyspace, &[], "{7}")), (of(":k"), of("7")));
    }
}

#[test]
fn only_where_slots_are_spread_over_servers_they_decide_the_way() {
    let namespace = namespace(&["app"]);
    let route = |spread| {
        let at = Address { namespace: &namespace, key: Key::new("k").unwrap() };
        Keyspace { spread, ..ROOT }.wire_key(at).unwrap().route()
    };
    assert_eq!(route(Spread::OneServer), Route::Any);
    assert_eq!(route(Spread::Slots), Route::Slot(Slot::of_tag(b"app")));
}

#[test]
fn a_slot_policy_goes_with_the_native_layout_alone() {
    let config = |policy| Config::tcp("localhost", 6379).with_slot_policy(policy);
    for layout in [Layout::litestar(), Layout::cachelib(), Layout::cachetory().strict()] {
        assert!(Keyspace::new(&config(SlotPolicy::Root), layout).is_ok());
        for policy in [SlotPolicy::PerNamespace, SlotPolicy::PerKey] {
            let error = Keyspace::new(&config(policy), layout).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains("option=slot_policy"), "{error}");
            assert!(Keyspace::new(&config(policy), Layout::native().strict()).is_ok());
        }
    }
}

#[test]
fn what_a_policy_never_writes_is_not_its_own() {
    let never: &[&[u8]] = &[
        b"",
        b"k",
        b":",
        b"{app}",
        b"{app}:",
        b"{}:k",
        b"{app}x:k",
        b"{app}/:k",
        b"{app}//x:k",
        b"{app:k",
        b"app}:k",
        b"{%r}:k",
        b"{a%2f}:k",
        b"{%41}:k",
        b"{\xff}:k",
        b"{a}/%zz:k",
        b"x{a}:k",
        b"{a/}:k",
        b"{/a}:k",
        b"{a}}:k",
        b"{{a}:k",
        b"/a:k",
        b"a/:k",
        b"a//b:k",
        b"%r:k",
        b"%l{a}:k",
        b"a%2f:k",
        b"\xff:k",
    ];
    for (wire_key, keyspace) in never.iter().flat_map(|wire_key| ALL.map(|keyspace| (wire_key, keyspace))) {
        assert_eq!(decode(keyspace, wire_key), None, "{keyspace:?} {}", wire_key.escape_ascii());
    }
}

#[test]
fn policies_take_each_others_keys_for_foreign_but_where_they_are_spelled_alike() {
    for (wire_key, owners) in [
        (":k", [true, true, true]),
        ("{app}:k", [true, true, false]),
        ("{app}/x:k", [true, false, false]),
        ("{app/x}:k", [false, true, false]),
        ("app:k", [false, false, true]),
        ("app/x:k", [false, false, true]),
    ] {
        assert_eq!(ALL.map(|keyspace| decode(keyspace, wire_key.as_bytes()).is_some()), owners, "{wire_key}");
    }
}

#[test]
fn patterns_hold_no_escaped_character_and_the_whole_tag_where_there_is_one_slot() {
    let app = Slot::of_tag(b"app");
    for (keyspace, segments, scope, expected, slot) in [
        (ROOT, &[][..], Scope::Namespace, ":*", None),
        (ROOT, &[], Scope::Subtree, "[:{]*", None),
        (ROOT, &["app"], Scope::Namespace, "{app}:*", Some(app)),
        (ROOT, &["app"], Scope::Subtree, "{app}[:/]*", Some(app)),
        (ROOT, &["app", "?"], Scope::Subtree, "{app}/%3F[:/]*", Some(app)),
        (PER_NAMESPACE, &[], Scope::Subtree, "[:{]*", None),
        (PER_NAMESPACE, &["app"], Scope::Namespace, "{app}:*", Some(app)),
        (PER_NAMESPACE, &["app"], Scope::Subtree, "{app[}/]*", None),
        (PER_NAMESPACE, &["app", "x"], Scope::Namespace, "{app/x}:*", Some(Slot::of_tag(b"app/x"))),
        (PER_KEY, &[], Scope::Namespace, ":*", None),
        (PER_KEY, &[], Scope::Subtree, "[:%._0-9A-Za-z-]*", None),
        (PER_KEY, &["app"], Scope::Namespace, "app:*", None),
        (PER_KEY, &["[ab]"], Scope::Subtree, "%5Bab%5D[:/]*", None),
    ] {
        let region = keyspace.region(&namespace(segments), scope).unwrap();
        assert_eq!((region.pattern().as_str(), region.slot()), (expected, slot));
    }
}

/// A wire key, and whether it is in the namespace alone, and in its subtree.
type Case = (&'static [u8], bool, bool);

#[test]
fn a_region_holds_its_namespace_and_what_is_nested_and_nothing_else() {
    let app = namespace(&["app"]);
    let cases: [(Keyspace, &[Case]); 3] = [
        (
            ROOT,
            &[
                (b"{app}:k", true, true),
                (b"{app}:\xff", true, true),
                (b"{app}/le:k", false, true),
                (b"{app}/le/x:\xff", false, true),
                (b"{apple}:k", false, false),
                (b"{app}le:k", false, false),
                (b"{app}/%r:k", false, false),
                (b"{app}:", false, false),
                (b":{app}:k", false, false),
                (b"app:k", false, false),
            ],
        ),
        (
            PER_NAMESPACE,
            &[
                (b"{app}:k", true, true),
                (b"{app/le}:\xff", false, true),
                (b"{app/le/x}:k", false, true),
                (b"{apple}:k", false, false),
                (b"{app}/le:k", false, false),
                (b"{app/%r}:k", false, false),
            ],
        ),
        (
            PER_KEY,
            &[
                (b"app:k", true, true),
                (b"app:{k}", true, true),
                (b"app/le:\xff", false, true),
                (b"apple:k", false, false),
                (b"app/%r:k", false, false),
                (b"{app}:k", false, false),
            ],
        ),
    ];
    for (keyspace, wire_keys) in cases {
        let [alone, subtree] = [Scope::Namespace, Scope::Subtree].map(|scope| keyspace.region(&app, scope).unwrap());
        for (wire_key, in_alone, in_subtree) in wire_keys {
            let found = (alone.contains(wire_key), subtree.contains(wire_key));
            assert_eq!(found, (*in_alone, *in_subtree), "{keyspace:?} {}", wire_key.escape_ascii());
        }
    }
}

#[test]
fn only_text_is_listed() {
    let region = ROOT.region(&namespace(&["app"]), Scope::Subtree).unwrap();
    let listed = region.listed(b"{app}/x:k:1").unwrap();
    assert_eq!((listed.namespace, listed.key.as_str()), (namespace(&["app", "x"]), "k:1"));
    assert_eq!(region.listed(b"{app}:\xff"), None);
    let too_long = format!("{{app}}:{}", "x".repeat(Key::MAX_BYTES + 1));
    assert_eq!(region.listed(too_long.as_bytes()), None);
    assert!(region.contains(too_long.as_bytes()));
}

/// Few and awkward characters, so that look-alikes come up.
fn segment() -> impl Strategy<Value = String> {
    prop_oneof!["[ab/:_%{}*?\\[\\]\\\\^0-9F-]{1,4}", "\\PC{1,6}", Just("%r".to_owned()), Just("\0".to_owned())]
}

fn address() -> impl Strategy<Value = (Vec<String>, String)> {
    (vec(segment(), 0..4), prop_oneof![segment(), "[:/{}ab]{1,6}"])
}

fn keyspace() -> impl Strategy<Value = Keyspace> {
    prop::sample::select(&ALL[..])
}

fn spell(keyspace: Keyspace, (segments, key): &(Vec<String>, String)) -> (Namespace, String) {
    let namespace = Namespace::new(segments).unwrap();
    let wire_key = spelled(keyspace, &namespace, key);
    (namespace, wire_key)
}

proptest! {
    #[test]
    fn a_wire_key_reads_back_as_its_address(keyspace in keyspace(), at in address()) {
        let (namespace, wire_key) = spell(keyspace, &at);
        prop_assert_eq!(decode(keyspace, wire_key.as_bytes()), Some((namespace, at.1.as_bytes())));
    }

    #[test]
    fn what_reads_back_is_spelled_the_same(keyspace in keyspace(), wire_key in "[{}/:%2Fab]{0,12}") {
        if let Some((namespace, key)) = decode(keyspace, wire_key.as_bytes()) {
            prop_assert_eq!(spelled(keyspace, &namespace, std::str::from_utf8(key).unwrap()), wire_key);
        }
    }

    #[test]
    fn different_addresses_have_different_wire_keys(keyspace in keyspace(), one in address(), other in address()) {
        prop_assert_eq!(one == other, spell(keyspace, &one).1 == spell(keyspace, &other).1);
    }

    #[test]
    fn a_region_covers_exactly_its_namespaces(
        keyspace in keyspace(), at in address(), region in vec(segment(), 0..3)
    ) {
        let (namespace, wire_key) = spell(keyspace, &at);
        let region = Namespace::new(&region).unwrap();
        let covered = |scope| keyspace.region(&region, scope).unwrap().contains(wire_key.as_bytes());
        prop_assert_eq!(covered(Scope::Namespace), namespace == region);
        prop_assert_eq!(covered(Scope::Subtree), namespace.is_within(&region));
    }

    #[test]
    fn a_region_of_one_slot_lies_in_that_slot(keyspace in keyspace(), region in vec(segment(), 0..3), below in address()) {
        let namespace = Namespace::new(&region).unwrap();
        let key = &below.1;
        let nested = Namespace::new(region.iter().chain(&below.0)).unwrap();
        let slot = |namespace| Slot::of_wire_key(spelled(keyspace, namespace, key).as_bytes());
        if let Some(only) = keyspace.region(&namespace, Scope::Namespace).unwrap().slot() {
            prop_assert_eq!(slot(&namespace), only);
        }
        if let Some(only) = keyspace.region(&namespace, Scope::Subtree).unwrap().slot() {
            prop_assert_eq!(slot(&nested), only);
        }
    }
}
