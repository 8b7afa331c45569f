//! Collections are emptied, dropped and made again; clients are closed.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use store_core::{ErrorKind, KeyValueStore, KeyValueStoreClient, StoreLabel};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::pages::{all_keys, all_records};
use crate::race::at_once;
use crate::strategy::distinct_keys;

use super::content::set;
use super::opening::open_id;
use super::operations::{KEY, all_refused};
use super::times::A_WHILE;

pub(super) async fn purge_keeps_the_store(context: &Context) -> CheckResult {
    for_all(context, distinct_keys(4), async |scope: &Scope<'_>, keys: Vec<String>| {
        let collections = scope.collections()?;
        for label in [collections.named("c")?, collections.aliased("c")?] {
            let [collection, again] = [collections.open(&label).await?, collections.open_again(&label).await?];
            let made = collection.metadata().await?;
            for key in &keys {
                set(&collection, key, "x").await?;
            }
            scope.time().pass(A_WHILE).await;
            collection.purge().await?;
            is_empty(&again, &keys).await?;
            let kept = again.metadata().await?;
            ensure_eq!((&kept.id, &kept.name), (&made.id, &made.name), "the id and the name after a purge");
            ensure_eq!(kept.created_at, made.created_at, "the time of creation after a purge");
            ensure_eq!(collections.open(&label).await?.id(), made.id, "the id that is opened after a purge");
            ensure_eq!(open_id(&collections.clients[1], &made.id).await?.opened(), again.opened(), "what the id opens");
            again.purge().await?;
            set(&again, &keys[0], "y").await?;
            ensure_eq!(all_keys(&collection, 10).await?.len(), 1, "how many records there are after a purge and a set");
        }
        Ok(())
    })
    .await
}

async fn is_empty(collection: &KeyValueStore, keys: &[String]) -> Result<(), Failure> {
    ensure_eq!(all_keys(collection, 10).await?, [], "the keys of an empty collection");
    ensure_eq!(all_records(collection, 10).await?, [], "the records of an empty collection");
    for key in keys {
        ensure_eq!(collection.get_record(key).await?, None, "a record of an empty collection");
        ensure_eq!(collection.record_exists(key).await?, false, "whether an empty collection has a record");
    }
    Ok(())
}

pub(super) async fn drop_removes_it(context: &Context) -> CheckResult {
    for_all(context, distinct_keys(4), async |scope: &Scope<'_>, keys: Vec<String>| {
        let collections = scope.collections()?;
        for label in [collections.named("c")?, collections.aliased("c")?] {
            let collection = collections.open(&label).await?;
            for key in &keys {
                set(&collection, key, "x").await?;
            }
            let before = collection.metadata().await?;
            scope.time().pass(A_WHILE).await;
            collection.drop().await?;
            for client in &collections.clients {
                let by_id = open_id(client, &before.id).await;
                refused_with(by_id, ErrorKind::NotFound, "an open by the id of a dropped collection")?;
            }
            let again = collections.open_again(&label).await?;
            ensure!(again.id() != before.id, "a collection that was made again has its former id");
            is_empty(&again, &keys).await?;
            let after = again.metadata().await?;
            ensure_eq!(after.name, before.name, "the name of a collection that was made again");
            ensure!(after.created_at > before.created_at, "a collection that was made again is as old as the former");
        }
        Ok(())
    })
    .await
}

pub(super) async fn dropped_is_final(context: &Context) -> CheckResult {
    for_all(context, distinct_keys(2), async |scope: &Scope<'_>, keys: Vec<String>| {
        let collections = scope.collections()?;
        for label in [collections.named("c")?, collections.aliased("c")?] {
            let [collection, again] = [collections.open(&label).await?, collections.open_again(&label).await?];
            set(&collection, &keys[0], "x").await?;
            again.drop().await?;
            for former in [&collection, &again] {
                all_refused(former, ErrorKind::Dropped, "of a dropped collection").await?;
            }
            let anew = collections.open(&label).await?;
            is_empty(&anew, &keys).await?;
            set(&anew, &keys[1], "new").await?;
            let before = anew.metadata().await?;
            scope.time().pass(A_WHILE).await;
            for former in [&collection, &again] {
                all_refused(former, ErrorKind::Dropped, "of a collection that was dropped and made again").await?;
                refused_with(set(former, &keys[0], "old").await, ErrorKind::Dropped, "another set_record")?;
            }
            ensure_eq!(anew.metadata().await?, before, "the metadata after what was asked of the former collection");
            let listed: Vec<String> = all_keys(&anew, 10).await?.iter().map(|item| item.key.to_string()).collect();
            ensure_eq!(listed, keys[1..], "the keys after what was asked of the former collection");
            ensure_eq!(collections.open_again(&label).await?.id(), anew.id(), "the id that is opened then");
        }
        Ok(())
    })
    .await
}

pub(super) async fn client_ping_answers(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let [first, second] = scope.collections()?.clients;
        first.ping().await?;
        second.ping().await?;
        // One that cannot be used does not say that it can.
        first.close().await?;
        refused_with(first.ping().await, ErrorKind::Closed, "ping of a closed client").map(drop)
    })
    .await
}

pub(super) async fn client_close_is_final(context: &Context) -> CheckResult {
    const CALLS: usize = 100;
    const CLOSES: usize = CALLS / 2;

    once(context, async |scope: &Scope<'_>| {
        let collections = scope.collections()?;
        let collection = collections.make().await?[0].clone();
        let client = Arc::clone(collection.client());
        // Calls under way when the client is closed finish or fail; none is left hanging.
        let mut calls: Vec<BoxFuture<'static, store_core::Result<()>>> = Vec::new();
        for number in 0..CALLS {
            let (collection, client) = (collection.clone(), Arc::clone(&client));
            calls.push(match number {
                CLOSES => Box::pin(async move { client.close().await }),
                _ => Box::pin(async move {
                    set(&collection, &number.to_string(), "x").await?;
                    collection.get_record(&number.to_string()).await.map(drop)
                }),
            });
        }
        at_once(calls).await?.swap_remove(CLOSES)?;
        client.close().await?;
        is_closed(scope, &collection, &client).await?;
        client.close().await?;
        is_closed(scope, &collection.clone(), &client).await
    })
    .await
}

async fn is_closed(
    scope: &Scope<'_>,
    collection: &KeyValueStore,
    client: &Arc<dyn KeyValueStoreClient>,
) -> Result<(), Failure> {
    all_refused(collection, ErrorKind::Closed, "of a closed client").await?;
    if scope.url_template().is_some() {
        refused_with(collection.public_url(KEY).await, ErrorKind::Closed, "public_url of a closed client")?;
    }
    let opens = [StoreLabel::Default, collection.opened().label.clone()];
    for label in opens {
        let opened = KeyValueStore::open(Arc::clone(client), label).await;
        refused_with(opened, ErrorKind::Closed, "an open of a closed client")?;
    }
    refused_with(open_id(client, collection.id()).await, ErrorKind::Closed, "an open by id of a closed client")?;
    refused_with(client.ping().await, ErrorKind::Closed, "ping of a closed client").map(drop)
}
