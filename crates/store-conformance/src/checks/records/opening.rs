//! Which collection an open gives.

use std::collections::BTreeSet;
use std::sync::Arc;

use store_core::{ErrorKind, KeyValueStore, KeyValueStoreClient, StoreAlias, StoreLabel, StoreName, StoreSelector};

use crate::cases::once;
use crate::collections::Collections;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::pages::all_keys;
use crate::race::{at_once, contend, contended_keys};
use crate::strategy::NASTY;

use super::content::set;

pub(super) async fn open_is_atomic(context: &Context) -> CheckResult {
    for _ in 0..context.races_for_many() {
        once(context, async |scope: &Scope<'_>| {
            let collections = scope.collections()?;
            for end in contended_keys() {
                collections.named(&end)?;
                collections.aliased(&end)?;
            }
            one_id_each(&collections, |text| StoreName::new(text).map(StoreLabel::Name)).await?;
            one_id_each(&collections, |text| StoreAlias::new(text).map(StoreLabel::Alias)).await
        })
        .await?;
    }
    once(context, the_one_without_a_name).await
}

/// How many open one collection at once.
const OPENERS: usize = 8;

/// Opens new collections, each by many callers at once.
async fn one_id_each(
    collections: &Collections<'_>,
    label: fn(String) -> store_core::Result<StoreLabel>,
) -> Result<(), Failure> {
    let stem = collections.stem().to_owned();
    let open = move |client: Arc<dyn KeyValueStoreClient>, end: String, _caller| {
        let text = format!("{stem}-{end}");
        async move { Ok(client.open_store(label(text)?.into()).await?.id) }
    };
    for (end, ids) in contend(OPENERS, &collections.clients, open).await? {
        let ids: BTreeSet<_> = ids.into_iter().collect();
        ensure_eq!(ids.len(), 1, "how many ids {OPENERS} concurrent opens of {end:?} gave");
    }
    Ok(())
}

/// All who share the data share it, so this is the one check that uses it.
async fn the_one_without_a_name(scope: &Scope<'_>) -> Result<(), Failure> {
    let collections = scope.collections()?;
    let default = StoreLabel::Default;
    collections.open(&default).await?.drop().await?;
    let openers = collections.clients.iter().cycle().take(OPENERS).cloned();
    let opens = openers.map(|client| async move { client.open_store(StoreLabel::Default.into()).await });
    let opened = at_once(opens).await?.into_iter().collect::<store_core::Result<Vec<_>>>()?;
    let ids: BTreeSet<_> = opened.iter().map(|opened| opened.id.as_str()).collect();
    ensure_eq!(ids.len(), 1, "how many ids {OPENERS} concurrent opens of the collection without a name gave");

    let first = collections.open(&default).await?;
    set(&first, "k", "default").await?;
    let second = collections.open_again(&default).await?;
    ensure_eq!(second.opened().label, StoreLabel::Default, "the label of the collection without a name");
    ensure_eq!(second.metadata().await?.name, None, "its name");
    ensure_eq!(second.record_exists("k").await?, true, "its record through the other client");
    for other in [collections.named("default")?, collections.aliased("default")?] {
        let other = collections.open(&other).await?;
        ensure!(other.id() != second.id(), "a collection with a label is the one without");
        ensure_eq!(all_keys(&other, 10).await?, [], "the records of a collection beside the one without a name");
    }
    second.drop().await?;
    refused_with(first.metadata().await, ErrorKind::Dropped, "metadata of the collection without a name")?;
    Ok(())
}

pub(super) async fn ids_open_what_exists(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        for label in [collections.named("a")?, collections.aliased("a")?] {
            let opened = collections.open(&label).await?;
            set(&opened, "k", "there").await?;
            for client in &collections.clients {
                let by_id = open_id(client, opened.id()).await?;
                ensure_eq!(by_id.id(), opened.id(), "the id that was opened by");
                ensure_eq!(by_id.opened().label, label, "the label of what was opened by its id");
                ensure_eq!(by_id.record_exists("k").await?, true, "its record");
            }
        }
        let label = collections.named("gone")?;
        let gone = collections.open(&label).await?;
        gone.drop().await?;
        let there = collections.open(&collections.named("there")?).await?;
        let mut unknown: Vec<String> = NASTY.iter().map(|&text| text.to_owned()).collect();
        let (gone, there, name) = (gone.id(), there.id(), format!("{}-there", collections.stem()));
        unknown.extend(["", gone, &format!("{there}x"), &format!("x{there}"), &name].map(str::to_owned));
        unknown.push("i".repeat(100_000));
        for id in unknown {
            for client in &collections.clients {
                refused_with(
                    open_id(client, &id).await,
                    ErrorKind::NotFound,
                    format_args!("an open by the id {id:?}"),
                )?;
            }
        }
        let again = collections.open(&label).await?;
        ensure_eq!(all_keys(&again, 10).await?, [], "what is in a collection after opens by ids that nobody has");
        Ok(())
    })
    .await
}

pub(super) async fn open_id(client: &Arc<dyn KeyValueStoreClient>, id: &str) -> store_core::Result<KeyValueStore> {
    KeyValueStore::open(Arc::clone(client), StoreSelector::Id(id.to_owned())).await
}

pub(super) async fn labels_are_apart(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let (name, alias) = (collections.named("both")?, collections.aliased("both")?);
        let (named, aliased) = (collections.open(&name).await?, collections.open_again(&alias).await?);
        ensure!(named.id() != aliased.id(), "a name and an alias of one text are one collection");
        set(&named, "k", "under the name").await?;
        ensure_eq!(all_keys(&aliased, 10).await?, [], "what is under the alias when a record is under the name");
        ensure_eq!(named.metadata().await?.name.as_ref(), name.name(), "the name of the one with a name");
        ensure_eq!(aliased.metadata().await?.name, None, "the name of the one with an alias");
        aliased.drop().await?;
        for named in [collections.open(&name).await?, collections.open_again(&name).await?] {
            ensure_eq!(named.record_exists("k").await?, true, "the record under the name after the alias was dropped");
        }
        Ok(())
    })
    .await
}
