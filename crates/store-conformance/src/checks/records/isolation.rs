//! Collections are apart from each other and from entries.

use proptest::collection::vec;
use proptest::sample::select;
use store_core::{KeyValueStore, Listing, Store, StoreExt, StoreLabel};

use crate::cases::{for_all, for_each, once};
use crate::collections::Collections;
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::pages::all_records;
use crate::strategy::distinct_keys;
use crate::walk::{Reach, walk};

use super::content::{Shown, set};
use super::opening::open_id;

/// What is done to one of several collections.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Set,
    Delete,
    Purge,
    Drop,
    Remake,
}

const DEEDS: &[Deed] = &[Deed::Set, Deed::Delete, Deed::Purge, Deed::Drop, Deed::Remake];

impl Deed {
    async fn to(self, collection: &KeyValueStore, key: &str) -> store_core::Result<()> {
        match self {
            Self::Set => set(collection, key, "another").await,
            Self::Delete => collection.delete_value(key).await.map(drop),
            Self::Purge => collection.purge().await,
            Self::Drop => collection.drop().await,
            Self::Remake => {
                collection.drop().await?;
                let (client, label) = (collection.client().clone(), collection.opened().label.clone());
                let anew = KeyValueStore::open(client, label).await?;
                set(&anew, key, "anew").await
            }
        }
    }
}

/// Labels that are alike: in letters, in their beginnings, in everything but being a name.
fn look_alikes(collections: &Collections<'_>) -> Result<Vec<StoreLabel>, Failure> {
    let names = ["c", "C", "c-c", "cc", "c-1"].map(|end| collections.named(end));
    let aliases = ["c", "c-c", "c ", "c:c", "c*", "{c}", "c%2F"].map(|end| collections.aliased(end));
    names.into_iter().chain(aliases).collect()
}

pub(super) async fn collections_are_isolated(context: &Context) -> CheckResult {
    let inputs = (distinct_keys(2), vec((select(DEEDS), 0..12usize), 1..4));
    let body = async |scope: &Scope<'_>, (keys, deeds): (Vec<String>, Vec<(Deed, usize)>)| {
        let collections = scope.collections()?;
        let mut all = Vec::new();
        for label in look_alikes(&collections)? {
            let collection = collections.open(&label).await?;
            for key in &keys {
                set(&collection, key, &format!("{label:?}")).await?;
            }
            all.push(collection);
        }
        for (deed, chosen) in deeds {
            let chosen = all.remove(chosen % all.len());
            deed.to(&chosen, &keys[0]).await?;
            for other in &all {
                is_untouched(&collections, other, &keys).await.map_err(|failure| {
                    let (deed_to, seen) = (&chosen.opened().label, &other.opened().label);
                    failure.in_context(format_args!("  in {seen:?}, after {deed:?} to {deed_to:?}"))
                })?;
            }
        }
        Ok(())
    };
    // Each deed to the one whose name is the beginning of most others', and to its alias.
    let to_the_shortest = DEEDS.iter().map(|deed| (vec!["a".to_owned(), "b".to_owned()], vec![(*deed, 0), (*deed, 4)]));
    for_each(context, to_the_shortest, &body).await?;
    for_all(context, inputs, body).await
}

async fn is_untouched(
    collections: &Collections<'_>,
    collection: &KeyValueStore,
    keys: &[String],
) -> Result<(), Failure> {
    let opened = collection.opened();
    ensure_eq!(open_id(&collections.clients[1], &opened.id).await?.opened(), opened, "what its id opens");
    ensure_eq!(collections.open(&opened.label).await?.opened(), opened, "what it is called by opens");
    let written = format!("{:?}", opened.label);
    let records: Vec<_> = all_records(collection, 10).await?.into_iter().map(Shown).collect();
    let untouched = records.len() == keys.len() && records.iter().all(|record| record.0.value == written);
    ensure!(untouched, "another collection's records were touched: {records:?}");
    Ok(())
}

pub(super) async fn collections_are_not_entries(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let label = collections.named("c")?;
        let collection = collections.open(&label).await?;
        set(&collection, "k", "a record").await?;
        let before = collection.metadata().await?;
        // Entries wherever a collection might be taken for them: under its id, its name, its key.
        let name = format!("{}-c", collections.stem());
        for path in [vec![name.as_str()], vec![collection.id()], vec![name.as_str(), "k"], vec![collection.id(), "k"]] {
            entries_are_apart(&context.beside(&path)?).await?;
        }
        ensure_eq!(collection.metadata().await?, before, "the metadata after what was done to entries");
        let listed: Vec<_> = all_records(&collection, 10).await?.into_iter().map(|record| record.value).collect();
        ensure_eq!(listed, ["a record"], "the records after what was done to entries");

        let entries = scope.store()?;
        entries.set("k", "an entry").await?;
        collection.purge().await?;
        collection.drop().await?;
        ensure_eq!(
            entries.get("k").await?.as_deref(),
            Some(&b"an entry"[..]),
            "an entry after a collection was dropped"
        );
        Ok(())
    })
    .await
}

/// Fails unless operations on entries of this namespace meet those alone that are written here, and removes them.
async fn entries_are_apart(store: &StoreHandle) -> Result<(), Failure> {
    let lists = store.capabilities().listing != Listing::None;
    ensure_eq!(store.get("k").await?, None, "an entry where there is a collection");
    if lists {
        ensure_eq!(walk(store, Reach::Subtree, 10).await?, [], "the entries listed where there is a collection");
    }
    store.set("k", "an entry").await?;
    ensure_eq!(store.get("k").await?.as_deref(), Some(&b"an entry"[..]), "an entry beside a collection");
    if lists {
        ensure_eq!(store.clear().await?, 1, "how many entries were cleared where there is a collection");
    } else {
        ensure_eq!(store.delete("k").await?, true, "removing an entry beside a collection");
    }
    Ok(())
}
