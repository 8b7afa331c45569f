//! One instance of each open collection.

use std::sync::Arc;

use proptest::prelude::any;
use store_core::{ErrorKind, KeyValueStore, KeyValueStores, StoreLabel, StoreSelector};

use crate::cases::{again_and_again, for_all, once};
use crate::collections::Collections;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::race::at_once;

fn stores(collections: &Collections<'_>) -> KeyValueStores {
    KeyValueStores::new(Arc::clone(&collections.clients[0]))
}

/// What tells whether two handles are of one instance.
async fn add_one(store: &KeyValueStore) -> Result<u32, Failure> {
    let count = store.auto_saved("instance", 0_u32).await?;
    Ok(count.update(|count| {
        *count += 1;
        *count
    })?)
}

pub(super) async fn one_instance_each(context: &Context) -> CheckResult {
    const OPENERS: u32 = 8;

    again_and_again(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let label = collections.named("c")?;
        let id = collections.open_again(&label).await?.id().to_owned();
        let stores = Arc::new(stores(&collections));
        let opens = (0..OPENERS).map(|opener| {
            let (stores, label) = (Arc::clone(&stores), label.clone());
            let selector = if opener % 2 == 0 { label.into() } else { StoreSelector::Id(id.clone()) };
            async move { stores.open(selector).await }
        });
        let mut counts = Vec::new();
        for opened in at_once(opens).await? {
            counts.push(add_one(&opened?).await?);
        }
        ensure_eq!(counts, (1..=OPENERS).collect::<Vec<_>>(), "how often one value was changed through each handle");
        let alias = stores.open(collections.aliased("c")?).await?;
        ensure_eq!(add_one(&alias).await?, 1, "how often that of the alias was changed");
        Ok(())
    })
    .await
}

pub(super) async fn dropped_is_opened_anew(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let label = collections.named("c")?;
        let stores = stores(&collections);
        let first = stores.open(label.clone()).await?;
        first.drop().await?;
        let second = stores.open(label.clone()).await?;
        ensure!(first.id() != second.id(), "a dropped collection was opened again");
        second.set_value("k", "v").await?;

        collections.open_again(&label).await?.drop().await?;
        refused_with(second.get_record("k").await, ErrorKind::Dropped, "a read of what another client dropped")?;
        refused_with(second.auto_saved("k", 0).await.map(drop), ErrorKind::Dropped, "a value of it")?;
        let third = stores.open(label.clone()).await?;
        ensure_eq!(third.get_record("k").await?, None, "a record of the one before");
        let by_id = stores.open(StoreSelector::Id(third.id().to_owned())).await?;
        ensure_eq!((add_one(&third).await?, add_one(&by_id).await?), (1, 2), "changes of one value");
        Ok(())
    })
    .await
}

pub(super) async fn purge_on_start(context: &Context) -> CheckResult {
    for_all(context, any::<[bool; 3]>(), async |scope: &Scope<'_>, [named, by_id, asked]: [bool; 3]| {
        let collections = scope.collections()?;
        let label = if named { collections.named("c")? } else { collections.aliased("c")? };
        let before = collections.open_again(&label).await?;
        before.set_value("old", "old").await?;
        let selector = if by_id { StoreSelector::Id(before.id().to_owned()) } else { label.clone().into() };
        let stores = if asked { stores(&collections).purge_on_start() } else { stores(&collections) };

        let opened = stores.open(selector).await?;
        let kept = named || !asked;
        ensure_eq!(opened.record_exists("old").await?, kept, "whether the record is there, of {label:?}");
        ensure_eq!(opened.id(), before.id(), "the id of what was opened");
        opened.set_value("new", "new").await?;
        for selector in [StoreSelector::from(label.clone()), StoreSelector::Id(before.id().to_owned())] {
            let again = stores.open(selector).await?;
            ensure_eq!(again.record_exists("new").await?, true, "whether what was written since is there");
        }
        stays_when_made_again(&stores, &label, &opened).await
    })
    .await
}

/// What somebody has put into one that was dropped and made again in the same run is not of an earlier run.
async fn stays_when_made_again(
    stores: &KeyValueStores,
    label: &StoreLabel,
    opened: &KeyValueStore,
) -> Result<(), Failure> {
    opened.drop().await?;
    let remade = KeyValueStore::open(Arc::clone(stores.client()), label.clone()).await?;
    remade.set_value("remade", "remade").await?;
    let opened = stores.open(label.clone()).await?;
    ensure_eq!(opened.record_exists("remade").await?, true, "whether what was written after the start is there");
    Ok(())
}
