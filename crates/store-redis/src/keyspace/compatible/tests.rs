//! Every spelling of the Python libraries, byte for byte, and what can and cannot be told apart in them.

use proptest::collection::vec;
use proptest::prelude::*;
use store_core::{ErrorKind, ListedKey};

use super::super::{Keyspace, Region, Spelling, Spread};
use super::*;

const LITESTAR: Compatible = Compatible { scheme: Scheme::Litestar, ambiguity: Ambiguity::Allowed };
const FLAT: Compatible = Compatible { scheme: Scheme::Flat, ambiguity: Ambiguity::Allowed };
const STRICT_LITESTAR: Compatible = Compatible { scheme: Scheme::Litestar, ambiguity: Ambiguity::Refused };
const STRICT_FLAT: Compatible = Compatible { scheme: Scheme::Flat, ambiguity: Ambiguity::Refused };

fn keyspace(layout: Compatible) -> Keyspace {
    Keyspace { spelling: Spelling::Compatible(layout), spread: Spread::Slots }
}

fn namespace(segments: &[&str]) -> Namespace {
    Namespace::try_from(segments).unwrap()
}

fn spelled(layout: Compatible, namespace: &Namespace, key: &str) -> Result<String> {
    use redis::ToRedisArgs;

    let wire_key = keyspace(layout).wire_key(Address { namespace, key: Key::new(key).unwrap() })?;
    let [argument] = <[_; 1]>::try_from(wire_key.to_redis_args()).unwrap();
    assert_eq!(argument.len(), wire_key.len());
    assert_eq!(wire_key.slot(), Slot::of_wire_key(&argument));
    Ok(String::from_utf8(argument).unwrap())
}

fn region(layout: Compatible, segments: &[&str], scope: Scope) -> Region {
    keyspace(layout).region(&namespace(segments), scope).unwrap()
}

#[test]
fn litestar_keys_are_spelled_as_its_redis_store_writes_them() {
    for (segments, key, expected) in [
        (&["LITESTAR"][..], "k", "LITESTAR:k"),
        (&[], "k", "k"),
        (&["LITESTAR", "SUB"], "k", "LITESTAR_SUB:k"),
        (&["LITESTAR", "SUB", "DEEP"], "k", "LITESTAR_SUB_DEEP:k"),
        (&["LITESTAR"], "a:b", "LITESTAR:a:b"),
        (&["LITESTAR"], "*", "LITESTAR:*"),
        (&["LITESTAR"], "a b\n", "LITESTAR:a b\n"),
        (&["LITESTAR"], "é", "LITESTAR:\u{e9}"),
        (&["{LITESTAR}"], "k", "{LITESTAR}:k"),
        (&["{LITESTAR}", "SUB"], "k", "{LITESTAR}_SUB:k"),
        (&["a/b:c%_é\0"], "k", "a/b:c%_é\0:k"),
    ] {
        assert_eq!(spelled(LITESTAR, &namespace(segments), key).unwrap(), expected);
    }
}

#[test]
fn flat_keys_are_the_prefix_and_the_key() {
    for (segments, key, expected) in [
        (&["app:"][..], "k", "app:k"),
        (&[], "k", "k"),
        (&["app:", "x:"], "k", "app:x:k"),
        (&["p*"], "1", "p*1"),
        (&["{app}:"], "k", "{app}:k"),
        (&["a/b%_é\0"], "é", "a/b%_é\0é"),
    ] {
        assert_eq!(spelled(FLAT, &namespace(segments), key).unwrap(), expected);
    }
}

#[test]
fn braces_in_a_namespace_put_all_of_it_into_one_slot_and_nothing_else_does() {
    // What redis-py computes for the Litestar namespace "{LITESTAR}".
    let litestar = Slot::new(15_854);
    for segments in [&["{LITESTAR}"][..], &["{LITESTAR}", "SUB"]] {
        let namespace = namespace(segments);
        let at = Address { namespace: &namespace, key: Key::new("k").unwrap() };
        assert_eq!(Some(keyspace(LITESTAR).slot(at)), litestar);
        for scope in [Scope::Namespace, Scope::Subtree] {
            assert_eq!(region(LITESTAR, segments, scope).slot(), litestar);
        }
    }
    assert_eq!(region(FLAT, &["{app}:"], Scope::Subtree).slot(), Some(Slot::of_tag(b"app")));
    for (layout, segments) in [(LITESTAR, &["LITESTAR"][..]), (LITESTAR, &["{}x"]), (LITESTAR, &[]), (FLAT, &["{app"])]
    {
        assert_eq!(region(layout, segments, Scope::Subtree).slot(), None);
    }
}

#[test]
fn patterns_escape_every_character_that_globs_read() {
    for (layout, segments, scope, expected) in [
        (LITESTAR, &["FOO"][..], Scope::Namespace, "FOO:*"),
        (LITESTAR, &["FOO"], Scope::Subtree, "FOO[:_]*"),
        (LITESTAR, &["A*", "[ab]"], Scope::Subtree, r"A\*_\[ab\][:_]*"),
        (LITESTAR, &[r"h?\^-llo"], Scope::Namespace, r"h\?\\^-llo:*"),
        (LITESTAR, &["{LITESTAR}"], Scope::Subtree, "{LITESTAR}[:_]*"),
        (LITESTAR, &[], Scope::Subtree, "*"),
        (FLAT, &["app:"], Scope::Subtree, "app:*"),
        (FLAT, &["p*"], Scope::Namespace, r"p\**"),
        (FLAT, &[], Scope::Namespace, "*"),
    ] {
        assert_eq!(region(layout, segments, scope).pattern(), expected);
    }
}

#[test]
fn clear_of_a_litestar_namespace_meets_what_is_nested_and_no_name_that_only_begins_alike() {
    let foo = region(LITESTAR, &["FOO"], Scope::Subtree);
    for within in ["FOO:k", "FOO:a:b", "FOO:", "FOO_SUB:k", "FOO_SUB_DEEP:k", "FOO_:k", "FOO_x:y"] {
        assert!(foo.contains(within.as_bytes()), "{within}");
    }
    assert!(foo.contains(b"FOO:\xff") && foo.contains(b"FOO_\xff:k"));
    for outside in ["FOOBAR:k", "FOOL", "FOO", "FOO_SUB", "xFOO:k", "foo:k", "{FOO}:k", ""] {
        assert!(!foo.contains(outside.as_bytes()), "{outside}");
    }
    let strict = region(STRICT_LITESTAR, &["FOO"], Scope::Subtree);
    assert!(["FOO:k", "FOO_SUB:k", "FOO_SUB_DEEP:k"].iter().all(|within| strict.contains(within.as_bytes())));
    assert!(
        !["FOO_:k", "FOO__tmp:k", "FOO_A__B:k", "FOO_A_:k"].iter().any(|refused| strict.contains(refused.as_bytes()))
    );
    let [bracket, star] = [&["[ab]"], &["A*"]].map(|segments| region(LITESTAR, segments, Scope::Subtree));
    assert!(bracket.contains(b"[ab]:k") && !bracket.contains(b"a:k"));
    assert!(star.contains(b"A*:k") && !star.contains(b"AXX:k"));
}

#[test]
fn clear_of_a_prefix_meets_everything_that_begins_with_it() {
    let app = region(FLAT, &["app:"], Scope::Subtree);
    assert!(["app:k", "app:", "app:x:k"].iter().all(|within| app.contains(within.as_bytes())));
    assert!(app.contains(b"app:\xff"));
    assert!(!["apple:k", "app", "xapp:k"].iter().any(|outside| app.contains(outside.as_bytes())));
    assert!(region(FLAT, &["app"], Scope::Subtree).contains(b"apple:k"));
}

#[test]
fn keys_of_the_driver_are_in_no_region() {
    for (layout, segments) in [(LITESTAR, &[][..]), (FLAT, &[]), (FLAT, &["%"]), (LITESTAR, &["%l{app}"])] {
        for scope in [Scope::Namespace, Scope::Subtree] {
            for wire_key in ["%l{app}:k", "%l{%}:k", "%f{app}"] {
                assert!(!region(layout, segments, scope).contains(wire_key.as_bytes()), "{segments:?} {wire_key}");
            }
        }
    }
}

#[test]
fn what_is_listed_is_the_longest_path_that_is_spelled_like_the_wire_key() {
    let listed = |layout, base: &[&str], scope, wire_key: &str| {
        let ListedKey { namespace, key, .. } = region(layout, base, scope).listed(wire_key.as_bytes())?;
        Some((namespace.segments().map(Cow::into_owned).collect::<Vec<_>>().join("|"), key.as_str().to_owned()))
    };
    for (layout, base, wire_key, alone, subtree) in [
        (LITESTAR, &["FOO"][..], "FOO:k", Some(("FOO", "k")), Some(("FOO", "k"))),
        (LITESTAR, &["FOO"], "FOO:a:b", Some(("FOO", "a:b")), Some(("FOO", "a:b"))),
        (LITESTAR, &["FOO"], "FOO_A_B:k:1", None, Some(("FOO|A|B", "k:1"))),
        (LITESTAR, &["FOO"], "FOO_A__B:k", None, Some(("FOO|A__B", "k"))),
        (LITESTAR, &["FOO_A"], "FOO_A:k", Some(("FOO_A", "k")), Some(("FOO_A", "k"))),
        (LITESTAR, &["a:b"], "a:b_c:k", None, Some(("a:b|c", "k"))),
        (LITESTAR, &["FOO"], "FOO:", None, None),
        (LITESTAR, &["FOO"], "FOO_:k", None, None),
        (LITESTAR, &[], "k", Some(("", "k")), Some(("", "k"))),
        (LITESTAR, &[], ":k", Some(("", ":k")), Some(("", ":k"))),
        (LITESTAR, &[], "FOO_A:k", None, Some(("FOO|A", "k"))),
        (FLAT, &["app:"], "app:k", Some(("app:", "k")), Some(("app:", "k"))),
        (FLAT, &["app:"], "app:x:k", Some(("app:", "x:k")), Some(("app:", "x:k"))),
        (FLAT, &["app:"], "app:", None, None),
        (FLAT, &[], "app:k", Some(("", "app:k")), Some(("", "app:k"))),
        (STRICT_FLAT, &[], "app:k", None, Some(("app:", "k"))),
        (STRICT_FLAT, &[], "k", Some(("", "k")), Some(("", "k"))),
        (STRICT_LITESTAR, &["FOO"], "FOO_A__B:k", None, None),
        (STRICT_LITESTAR, &[], ":k", None, None),
        (STRICT_LITESTAR, &[], "FOO_A:k", None, Some(("FOO|A", "k"))),
    ] {
        let expected = [alone, subtree].map(|place| place.map(|(path, key)| (path.to_owned(), key.to_owned())));
        let found = [Scope::Namespace, Scope::Subtree].map(|scope| listed(layout, base, scope, wire_key));
        assert_eq!(found, expected, "{layout:?} {base:?} {wire_key}");
    }
}

#[test]
fn a_strict_layout_refuses_what_it_cannot_keep_apart_and_says_which_rule_it_follows() {
    for (layout, segments, key, rule) in [
        (STRICT_LITESTAR, &["a_b"][..], "k", "no `_` and no `:`"),
        (STRICT_LITESTAR, &["a", "b:"], "k", "no `_` and no `:`"),
        (STRICT_LITESTAR, &[], "a:b", "without a namespace has no `:`"),
        (STRICT_LITESTAR, &[], "%f{app}", "does not begin like a lock"),
        (STRICT_LITESTAR, &["%l{app}"], "k", "does not begin like a lock"),
        (STRICT_FLAT, &["app"], "k", "ends with `:`"),
        (STRICT_FLAT, &["a:b:"], "k", "has no other"),
        (STRICT_FLAT, &["a:", "b:"], "k", "no nested namespaces"),
        (STRICT_FLAT, &[], "a:b", "without a namespace has no `:`"),
        (STRICT_FLAT, &["%l{app}:"], "k", "does not begin like a lock"),
    ] {
        let error = spelled(layout, &namespace(segments), key).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidKey);
        assert!(error.to_string().contains(rule), "{error}");
        let lenient = Compatible { ambiguity: Ambiguity::Allowed, ..layout };
        assert!(spelled(lenient, &namespace(segments), key).is_ok());
        if !segments.is_empty() {
            let error = keyspace(layout).region(&namespace(segments), Scope::Subtree).unwrap_err();
            assert!(error.to_string().contains(rule), "{error}");
        }
    }
    for (layout, segments, key) in [
        (STRICT_LITESTAR, &["LITESTAR", "SUB"][..], "a_b:c"),
        (STRICT_LITESTAR, &[], "a_b"),
        (STRICT_FLAT, &["app:"], "a:b"),
        (STRICT_FLAT, &[], "app"),
    ] {
        assert!(spelled(layout, &namespace(segments), key).is_ok());
    }
}

/// Few and awkward characters, so that look-alikes come up.
fn address() -> impl Strategy<Value = (Vec<String>, String)> {
    (vec("[ab:_%l{*]{1,3}|%l\\{a\\}", 0..3), "[ab:_%{}*]{1,4}|%f\\{a\\}")
}

fn layouts() -> impl Strategy<Value = Compatible> {
    prop::sample::select(&[LITESTAR, FLAT, STRICT_LITESTAR, STRICT_FLAT][..])
}

/// An address that a strict layout may take.
fn strict_address() -> impl Strategy<Value = (Compatible, Vec<String>, String)> {
    prop_oneof![
        (Just(STRICT_LITESTAR), vec("[ab%{]{1,2}|%l\\{a\\}", 0..3), "[ab:_]{1,3}"),
        (Just(STRICT_FLAT), vec("[ab]{0,2}:?", 1), "[ab:]{1,3}"),
        (Just(STRICT_FLAT), vec("a", 0), "[ab:]{1,3}"),
    ]
    .prop_filter("no segment is empty", |(_, segments, _)| !segments.contains(&String::new()))
}

fn spell(layout: Compatible, (segments, key): &(Vec<String>, String)) -> Option<(Namespace, String)> {
    let namespace = Namespace::new(segments).unwrap();
    let wire_key = spelled(layout, &namespace, key).ok()?;
    Some((namespace, wire_key))
}

proptest! {
    #[test]
    fn strictly_different_addresses_have_different_wire_keys(
        (layout, segments, key) in strict_address(), (_, other_segments, other_key) in strict_address()
    ) {
        let (one, other) = ((segments, key), (other_segments, other_key));
        if let (Some((_, here)), Some((_, there))) = (spell(layout, &one), spell(layout, &other)) {
            prop_assert_eq!(one == other, here == there);
        }
    }

    #[test]
    fn strictly_a_wire_key_reads_back_as_its_address((layout, segments, key) in strict_address()) {
        if let Some((namespace, wire_key)) = spell(layout, &(segments, key.clone())) {
            let listed = region(layout, &[], Scope::Subtree).listed(wire_key.as_bytes()).unwrap();
            prop_assert_eq!((listed.namespace, listed.key.as_str()), (namespace, key.as_str()));
        }
    }

    #[test]
    fn strictly_no_entry_is_spelled_like_a_lock((layout, segments, key) in strict_address(), lock in address()) {
        let namespace = Namespace::new(&lock.0).unwrap();
        let keys = crate::keyspace::LockKeys::new(Address { namespace: &namespace, key: Key::new(&lock.1).unwrap() });
        if let Some((_, wire_key)) = spell(layout, &(segments, key)) {
            prop_assert!(wire_key != keys.lock && wire_key != keys.last_token);
        }
    }

    #[test]
    fn what_is_listed_is_spelled_as_it_was_found(layout in layouts(), base in vec("[ab_:]{1,2}", 0..3), wire_key in "[ab_:%f{]{0,8}") {
        let base = Namespace::new(&base).unwrap();
        for scope in [Scope::Namespace, Scope::Subtree] {
            let Ok(region) = keyspace(layout).region(&base, scope) else { continue };
            if let Some(listed) = region.listed(wire_key.as_bytes()) {
                prop_assert!(listed.namespace.is_within(&base));
                prop_assert!(region.contains(wire_key.as_bytes()));
                prop_assert_eq!(&spelled(layout, &listed.namespace, listed.key.as_str()).unwrap(), &wire_key);
            }
        }
    }

    #[test]
    fn a_region_covers_its_own_addresses_and_those_nested_in_it(layout in layouts(), base in address(), below in address()) {
        let nested = (base.0.iter().chain(&below.0).cloned().collect(), below.1);
        let Some((namespace, wire_key)) = spell(layout, &nested) else { return Ok(()) };
        let Ok(region) = keyspace(layout).region(&Namespace::new(&base.0).unwrap(), Scope::Subtree) else { return Ok(()) };
        prop_assert!(region.contains(wire_key.as_bytes()) || is_of_driver(wire_key.as_bytes()));
        let alone = keyspace(layout).region(&namespace, Scope::Namespace).unwrap();
        // Without a namespace, a separator makes it a key of one.
        let is_of_none = namespace.is_empty() && wire_key.contains(':');
        prop_assert!(alone.contains(wire_key.as_bytes()) || is_of_driver(wire_key.as_bytes()) || is_of_none);
    }

    #[test]
    fn every_key_of_a_region_lies_in_its_slot(layout in layouts(), base in vec("[ab{}]{1,4}", 0..3), below in address()) {
        let namespace = Namespace::new(&base).unwrap();
        let nested = (base.into_iter().chain(below.0).collect(), below.1);
        let Some((_, wire_key)) = spell(layout, &nested) else { return Ok(()) };
        let Ok(region) = keyspace(layout).region(&namespace, Scope::Subtree) else { return Ok(()) };
        if let Some(slot) = region.slot() {
            prop_assert_eq!(Slot::of_wire_key(wire_key.as_bytes()), slot);
        }
    }
}
