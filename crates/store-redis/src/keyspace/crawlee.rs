//! Spells the wire keys of collections of records as Crawlee's library for Python does.
//!
//! A collection is called by a text: its name, else its alias, else `default`. It has four keys of its own,
//! `key_value_stores:TEXT:` and a word, and two hashes that it shares with all others lead from ids to texts and from
//! texts to ids. Nothing is escaped, because Crawlee escapes nothing; the word is the last part of a key, so that two
//! texts never have a key in common. But a name and an alias of one text are one collection.

use store_core::{StoreAlias, StoreLabel, StoreName};

use super::records::CollectionKeys;
use crate::request::Route;

const COLLECTIONS: &str = "key_value_stores:";

/// What a collection has, in the order of `collection.lua`: its document, values, descriptions, and the list that others
/// wait on.
const WORDS: [&str; 4] = [":metadata", ":items", ":metadata_items", ":created_signal"];

/// The text by each id.
pub(crate) const TEXTS: &str = "key_value_stores:id_to_name";

/// The id by each text.
const IDS: &str = "key_value_stores:name_to_id";

/// The document of the collection without a name and an alias.
pub(crate) const DEFAULT_DOCUMENT: &str = "key_value_stores:default:metadata";

/// What the collection without a name and an alias is called.
const DEFAULT: &str = "default";

impl CollectionKeys {
    /// On one server, because they lie in six slots.
    pub(crate) fn crawlee(label: &StoreLabel) -> Self {
        let called = text(label);
        let own = WORDS.map(|word| [COLLECTIONS, called, word].concat());
        let all = own.into_iter().chain([TEXTS, IDS].map(str::to_owned)).collect();
        Self { all, route: Route::Any, called: Some(called.to_owned()) }
    }
}

/// What a collection is called.
pub(crate) fn text(label: &StoreLabel) -> &str {
    match label {
        StoreLabel::Default => DEFAULT,
        StoreLabel::Name(name) => name.as_str(),
        StoreLabel::Alias(alias) => alias.as_str(),
    }
}

/// Whether an alias cannot be told from having none.
pub(crate) fn means_default(alias: &StoreAlias) -> bool {
    alias.as_str() == DEFAULT
}

/// The label of a collection by what it is called and by the name in its document; `None` where Crawlee would not have
/// written the one with the other.
pub(crate) fn label(text: &str, name: Option<&str>) -> Option<StoreLabel> {
    match name {
        Some(name) if name == text => StoreName::new(name).ok().map(StoreLabel::Name),
        Some(_) => None,
        None if text == DEFAULT => Some(StoreLabel::Default),
        None => StoreAlias::new(text).ok().map(StoreLabel::Alias),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> StoreLabel {
        StoreLabel::Name(StoreName::new(text).unwrap())
    }

    fn alias(text: &str) -> StoreLabel {
        StoreLabel::Alias(StoreAlias::new(text).unwrap())
    }

    #[test]
    fn the_wire_keys_of_collections_are_spelled_as_by_crawlee() {
        let keys = CollectionKeys::crawlee(&name("my-store"));
        assert_eq!(
            keys.all(),
            [
                "key_value_stores:my-store:metadata",
                "key_value_stores:my-store:items",
                "key_value_stores:my-store:metadata_items",
                "key_value_stores:my-store:created_signal",
                "key_value_stores:id_to_name",
                "key_value_stores:name_to_id",
            ]
        );
        for (label, items) in [
            (StoreLabel::Default, "key_value_stores:default:items"),
            (alias("a: {é}"), "key_value_stores:a: {é}:items"),
            (alias("a:items"), "key_value_stores:a:items:items"),
        ] {
            assert_eq!(CollectionKeys::crawlee(&label).all()[1], items);
        }
        assert_eq!(keys.called(), Some("my-store"));
        assert_eq!(CollectionKeys::crawlee(&name("x")), CollectionKeys::crawlee(&alias("x")));
    }

    #[test]
    fn a_label_is_what_the_document_says_of_the_text() {
        for (text, in_document, label) in [
            ("x", Some("x"), Some(name("x"))),
            ("x", None, Some(alias("x"))),
            ("default", None, Some(StoreLabel::Default)),
            ("default", Some("default"), Some(name("default"))),
            ("x", Some("y"), None),
            ("a_b", Some("a_b"), None),
            ("a/b", None, None),
        ] {
            assert_eq!(super::label(text, in_document), label, "{text} {in_document:?}");
        }
    }
}
