//! Spells the wire keys of collections of records, in the native layout.
//!
//! A collection has four keys, `%r{TAG}` and a letter, and its id leads to it by a fifth, `%i{ID}`. The tag is `n:` and
//! the name, `a:` and the alias, or `d` for the collection without either, with names, aliases and ids percent-encoded
//! as segments of namespaces are. So
//! * no entry and no lock has such a key: entries begin with `:`, with `{` or with an encoded segment, in which
//!   upper-case hexadecimal digits follow a `%`; locks with `%l` and `%f`;
//! * a name and an alias of one text are two collections, and no text of either can put another brace into a key;
//! * the hash tag puts a collection into one slot, whatever decides the slots of entries. The key of an id is by itself.

use store_core::{Namespace, StoreAlias, StoreLabel, StoreName};

use crate::request::Route;
use crate::slot::Slot;

const COLLECTION: &str = "%r";
const ID: &str = "%i";

/// Id and times.
const METADATA: &str = "m";
/// The values of the records, by key.
const VALUES: &str = "v";
/// Their sizes and content types, by key.
const DESCRIPTIONS: &str = "d";
/// Their keys in order, with sizes and content types.
const ORDER: &str = "o";

const NAME_TAG: &str = "n:";
const ALIAS_TAG: &str = "a:";
const DEFAULT_TAG: &str = "d";

/// The wire keys of a collection, in the order in which every script of its layout takes them, and what the scripts have to
/// know of how these are spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CollectionKeys {
    pub(super) all: Vec<String>,
    pub(super) route: Route,
    pub(super) called: Option<String>,
}

impl CollectionKeys {
    pub(crate) fn native(label: &StoreLabel) -> Self {
        let tag = tag(label);
        let key = |suffix| [COLLECTION, "{", &tag, "}", suffix].concat();
        Self {
            all: [METADATA, VALUES, DESCRIPTIONS, ORDER].map(key).into(),
            route: Route::Slot(Slot::of_tag(tag.as_bytes())),
            called: None,
        }
    }

    pub(crate) fn all(&self) -> &[String] {
        &self.all
    }

    /// Where requests for them go.
    pub(crate) fn route(&self) -> Route {
        self.route
    }

    /// What the collection is called, where scripts of the layout have to know it.
    pub(crate) fn called(&self) -> Option<&str> {
        self.called.as_deref()
    }
}

/// The wire key that leads from an id to the [`tag`] of its collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdKey(String);

impl IdKey {
    /// `None` for a text that is no id of any collection: it is empty, or too long.
    pub(crate) fn new(id: &str) -> Option<Self> {
        Some(Self([ID, "{", &encoded(id)?, "}"].concat()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Where requests for it go.
    pub(crate) fn route(&self) -> Route {
        Route::Slot(Slot::of_wire_key(self.0.as_bytes()))
    }
}

/// What stands in the hash tag of a collection.
pub(crate) fn tag(label: &StoreLabel) -> String {
    let (kind, text) = match label {
        StoreLabel::Default => return DEFAULT_TAG.to_owned(),
        StoreLabel::Name(name) => (NAME_TAG, name.as_str()),
        StoreLabel::Alias(alias) => (ALIAS_TAG, alias.as_str()),
    };
    // Names and aliases are never empty, and encoded far shorter than a namespace may be.
    [kind, &encoded(text).unwrap_or_default()].concat()
}

/// The label that [`tag`] spells so; `None` for any text that it never writes.
pub(crate) fn label(tag: &str) -> Option<StoreLabel> {
    if tag == DEFAULT_TAG {
        return Some(StoreLabel::Default);
    }
    if let Some(name) = tag.strip_prefix(NAME_TAG) {
        return StoreName::new(name).ok().map(StoreLabel::Name);
    }
    StoreAlias::new(decoded(tag.strip_prefix(ALIAS_TAG)?)?).ok().map(StoreLabel::Alias)
}

fn encoded(text: &str) -> Option<String> {
    Namespace::new([text]).ok().map(|namespace| namespace.as_encoded().to_owned())
}

fn decoded(text: &str) -> Option<String> {
    let namespace = Namespace::from_encoded(text)?;
    let mut segments = namespace.segments();
    let only = segments.next()?.into_owned();
    segments.next().is_none().then_some(only)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use store_core::Scope;

    use super::super::native::Native;
    use super::super::{Keyspace, Spelling, Spread};
    use super::*;
    use crate::config::SlotPolicy;

    fn name(text: &str) -> StoreLabel {
        StoreLabel::Name(StoreName::new(text).unwrap())
    }

    fn alias(text: &str) -> StoreLabel {
        StoreLabel::Alias(StoreAlias::new(text).unwrap())
    }

    #[test]
    fn the_wire_keys_of_collections_are_spelled_as_documented() {
        for (label, keys) in [
            (StoreLabel::Default, ["%r{d}m", "%r{d}v", "%r{d}d", "%r{d}o"]),
            (name("d"), ["%r{n:d}m", "%r{n:d}v", "%r{n:d}d", "%r{n:d}o"]),
            (name("Crawl-7"), ["%r{n:Crawl-7}m", "%r{n:Crawl-7}v", "%r{n:Crawl-7}d", "%r{n:Crawl-7}o"]),
            (alias("a b}"), ["%r{a:a%20b%7D}m", "%r{a:a%20b%7D}v", "%r{a:a%20b%7D}d", "%r{a:a%20b%7D}o"]),
        ] {
            assert_eq!(CollectionKeys::native(&label).all(), keys);
        }
        for (id, key) in [("Az0", Some("%i{Az0}")), ("{x}", Some("%i{%7Bx%7D}")), ("", None)] {
            assert_eq!(IdKey::new(id).as_ref().map(IdKey::as_str), key);
        }
        assert_eq!(IdKey::new(&"x".repeat(1 << 20)), None);
    }

    #[test]
    fn only_what_is_written_as_a_tag_is_read_as_one() {
        for text in ["", "x", "n:", "a:", "n:a b", "n:-", "a:a/b", "a:a%2Fb", "a:%2E", "a:..", "a: ", "b:c", "d:"] {
            assert_eq!(label(text), None, "{text}");
        }
    }

    fn labels() -> impl Strategy<Value = StoreLabel> {
        prop_oneof![
            Just(StoreLabel::Default),
            "[a-b]{1,2}".prop_map(|text| name(&text)),
            "[ab{}%:é*]{1,3}".prop_map(|text| alias(&text)),
        ]
    }

    proptest! {
        #[test]
        fn all_keys_of_a_collection_lie_in_one_slot_and_in_no_region(label in labels(), id in "[a{}%:/]{1,4}") {
            let keys = CollectionKeys::native(&label);
            for key in keys.all() {
                prop_assert_eq!(Route::Slot(Slot::of_wire_key(key.as_bytes())), keys.route());
            }
            let id = IdKey::new(&id).unwrap();
            for key in keys.all().iter().map(String::as_str).chain([id.as_str()]) {
                for policy in [SlotPolicy::Root, SlotPolicy::PerNamespace, SlotPolicy::PerKey] {
                    for covered in [Namespace::EMPTY, Namespace::new(["%r", "a"]).unwrap()] {
                        let spelling = Spelling::Native(Native(policy));
                        let keyspace = Keyspace { spelling, spread: Spread::Slots };
                        let region = keyspace.region(&covered, Scope::Subtree).unwrap();
                        prop_assert!(!region.contains(key.as_bytes()), "{key}");
                    }
                }
            }
        }

        #[test]
        fn a_tag_tells_the_label(one in labels(), other in labels()) {
            prop_assert_eq!(label(&tag(&one)), Some(one.clone()));
            prop_assert_eq!(one == other, tag(&one) == tag(&other));
        }
    }
}
