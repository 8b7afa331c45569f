//! What moves the times of a collection, and what leaves them.

use std::sync::Arc;
use std::time::Duration;

use proptest::collection::vec;
use proptest::sample::select;
use store_core::{AccessTimes, KeyValueStore, RecordPageOptions, StoreMetadata};

use crate::cases::for_all;
use crate::collections::Collections;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::known::{Known, pauses};
use crate::time::Span;

use super::content::set;
use super::opening::open_id;

/// Longer than the smallest step of any clock that metadata is kept by.
pub(super) const A_WHILE: Duration = Duration::from_millis(3);

/// What a use of a collection moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moves {
    Nothing,
    Access,
    Both,
}

/// The one record that a collection has before each use.
const THERE: &str = "there";

/// What is done to a collection.
#[derive(Clone, Copy, Debug)]
enum Use {
    Open,
    OpenById,
    Get,
    GetMissing,
    Has,
    HasMissing,
    ListKeys,
    ListRecords,
    Metadata,
    DeleteMissing,
    Set,
    Delete,
    Purge,
    Refused,
}

use Use::{
    Delete, DeleteMissing, Get, GetMissing, Has, HasMissing, ListKeys, ListRecords, Metadata, Open, OpenById, Purge,
    Refused, Set,
};

const ALL: &[Use] = &[
    Open,
    OpenById,
    Get,
    GetMissing,
    Has,
    HasMissing,
    ListKeys,
    ListRecords,
    Metadata,
    DeleteMissing,
    Set,
    Delete,
    Purge,
    Refused,
];

impl Use {
    fn moves(self) -> Moves {
        match self {
            Metadata | DeleteMissing | Refused => Moves::Nothing,
            Open | OpenById | Get | GetMissing | Has | HasMissing | ListKeys | ListRecords => Moves::Access,
            Set | Delete | Purge => Moves::Both,
        }
    }

    async fn of(self, collection: &KeyValueStore) -> store_core::Result<()> {
        const MISSING: &str = "missing";

        let client = Arc::clone(collection.client());
        match self {
            Open => KeyValueStore::open(client, collection.opened().label.clone()).await.map(drop),
            OpenById => open_id(&client, collection.id()).await.map(drop),
            Get => collection.get_record(THERE).await.map(drop),
            GetMissing => collection.get_record(MISSING).await.map(drop),
            Has => collection.record_exists(THERE).await.map(drop),
            HasMissing => collection.record_exists(MISSING).await.map(drop),
            ListKeys => collection.list_keys(RecordPageOptions::default()).await.map(drop),
            ListRecords => collection.list_records(RecordPageOptions::default()).await.map(drop),
            Metadata => collection.metadata().await.map(drop),
            DeleteMissing => collection.delete_value(MISSING).await.map(drop),
            Set => set(collection, THERE, "x").await,
            Delete => collection.delete_value(THERE).await.map(drop),
            Purge => collection.purge().await,
            Refused => set(collection, "", "x").await.or(Ok(())),
        }
    }
}

pub(super) async fn metadata_counts(context: &Context) -> CheckResult {
    let pauses = pauses(&[A_WHILE], context.access_times());
    for_all(context, vec((select(pauses), select(ALL)), 1..8), async |scope: &Scope<'_>, uses: Vec<(Duration, Use)>| {
        let (collections, time) = (scope.collections()?, scope.time());
        let (collection, again, mut before) = newly_made(scope, &collections).await?;
        for (pause, each) in uses {
            time.pass(pause).await;
            let (done, during) = time.measure(each.of(&collection)).await;
            done?;
            time.pass(A_WHILE).await;
            let after = again.metadata().await?;
            judge(scope, each, during, &before, &after)
                .map_err(|failure| failure.in_context(format_args!("  by {each:?}")))?;
            before = after;
            if matches!(each, Delete | Purge) {
                set(&collection, THERE, "x").await?;
                before = again.metadata().await?;
            }
        }
        Ok(())
    })
    .await
}

/// A collection with the record [`THERE`] through both clients, and its metadata, which at first is held against the time
/// of its creation.
async fn newly_made(
    scope: &Scope<'_>,
    collections: &Collections<'_>,
) -> Result<(KeyValueStore, KeyValueStore, StoreMetadata), Failure> {
    let (label, time) = (collections.named("c")?, scope.time());
    let (made, during) = time.measure(collections.open(&label)).await;
    let made = made?;
    let metadata = made.metadata().await?;
    ensure_eq!(metadata.id, made.id(), "the id of a new collection");
    ensure_eq!(metadata.name.as_ref(), label.name(), "the name of a new collection");
    time.check_shown(metadata.created_at, during)?;
    let times = [metadata.accessed_at, metadata.modified_at];
    ensure_eq!(times, [metadata.created_at; 2], "the times of access and change of a new collection");
    set(&made, THERE, "x").await?;
    let again = collections.open_again(&label).await?;
    let metadata = again.metadata().await?;
    Ok((made, again, metadata))
}

fn judge(
    scope: &Scope<'_>,
    each: Use,
    during: Span,
    before: &StoreMetadata,
    after: &StoreMetadata,
) -> Result<(), Failure> {
    ensure_eq!((&after.id, &after.name), (&before.id, &before.name), "the id and the name");
    ensure_eq!(after.created_at, before.created_at, "the time of creation");
    let (moves, access_times) = (each.moves(), scope.access_times());
    let mut accessed = Known::is(before.accessed_at);
    match moves {
        Moves::Nothing => {}
        Moves::Access => accessed.is_read(scope.time(), during, access_times),
        Moves::Both => accessed = Known::during(during),
    }
    let judged = accessed.see(scope.time(), after.accessed_at);
    judged.map_err(|failure| failure.in_context("  as the time of the last access"))?;
    if moves == Moves::Both || moves == Moves::Access && access_times == AccessTimes::Exact {
        ensure!(after.accessed_at > before.accessed_at, "the time of the last access stays");
    }
    if moves == Moves::Both {
        ensure!(after.modified_at > before.modified_at, "the time of the last change stays");
        scope.time().check_shown(after.modified_at, during)
    } else {
        ensure_eq!(after.modified_at, before.modified_at, "the time of the last change");
        Ok(())
    }
}
