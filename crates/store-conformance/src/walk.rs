//! Lists a namespace from its first page to its last.

use std::collections::BTreeSet;

use store_core::{Cursor, Listing, Namespace, Store, StoreExt};

use crate::context::StoreHandle;
use crate::failure::{Failure, ensure_eq};

/// How far an enumeration reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    Namespace,
    Subtree,
}

/// A walk over some hundred entries that takes more pages than this will not end.
pub(crate) const MAX_PAGES: usize = 10_000;

/// Fetches page after page, and gives each key once: an unordered list may show one twice.
pub(crate) async fn walk_set(
    store: &StoreHandle,
    reach: Reach,
    limit: usize,
) -> Result<BTreeSet<(Namespace, String)>, Failure> {
    let listed = walk(store, reach, limit).await?;
    let length = listed.len();
    let seen = BTreeSet::from_iter(listed);
    if store.capabilities().listing == Listing::ByteOrder {
        ensure_eq!(length, seen.len(), "how many keys were listed in byte order, each once");
    }
    Ok(seen)
}

/// Fetches page after page.
pub(crate) async fn walk(store: &StoreHandle, reach: Reach, limit: usize) -> Result<Vec<(Namespace, String)>, Failure> {
    let first = match reach {
        Reach::Namespace => store.list().limit(limit),
        Reach::Subtree => store.list().subtree().limit(limit),
    };
    let (mut listed, mut next): (_, Option<Cursor>) = (Vec::new(), None);
    for _ in 0..MAX_PAGES {
        let page = match next.take() {
            None => first.clone().await?,
            Some(cursor) => first.clone().after(cursor).await?,
        };
        listed.extend(page.keys.into_iter().map(|listed| (listed.namespace, listed.key.to_string())));
        match page.next {
            Some(cursor) => next = Some(cursor),
            None => return Ok(listed),
        }
    }
    Err(Failure::new(format!("the list did not end within {MAX_PAGES} pages")))
}
