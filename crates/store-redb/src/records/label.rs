//! What a collection is called, as bytes: a letter, which tells names and aliases of one text apart, and the text.

use store_core::{StoreAlias, StoreLabel, StoreName};

pub(super) fn spell(label: &StoreLabel) -> Vec<u8> {
    let (letter, text) = match label {
        StoreLabel::Default => ("d", ""),
        StoreLabel::Name(name) => ("n", name.as_str()),
        StoreLabel::Alias(alias) => ("a", alias.as_str()),
    };
    [letter, text].concat().into_bytes()
}

/// `None` for bytes that [`spell`] never makes.
pub(crate) fn parse(spelled: &[u8]) -> Option<StoreLabel> {
    let (letter, text) = std::str::from_utf8(spelled).ok()?.split_at_checked(1)?;
    match letter {
        "d" if text.is_empty() => Some(StoreLabel::Default),
        "n" => StoreName::new(text).ok().map(StoreLabel::Name),
        "a" => StoreAlias::new(text).ok().map(StoreLabel::Alias),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_come_back_as_they_were_and_are_apart() {
        let (name, alias) = (StoreName::new("d").unwrap(), StoreAlias::new("d").unwrap());
        let mut labels = vec![StoreLabel::Default, StoreLabel::Name(name), StoreLabel::Alias(alias)];
        labels.push(StoreLabel::Alias(StoreAlias::new("ä:{}").unwrap()));
        for label in &labels {
            assert_eq!(parse(&spell(label)).as_ref(), Some(label));
        }
    }

    #[test]
    fn what_is_no_label_is_none() {
        for spelled in [&b""[..], b"n", b"n-", b"a", b"a/", b"dx", b"x", b"\xff", "én".as_bytes()] {
            assert_eq!(parse(spelled), None, "{spelled:?}");
        }
    }
}
