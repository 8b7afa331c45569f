//! A future on a collection can be dropped at any point.

use std::sync::Arc;

use store_core::{Bytes, ContentType, ErrorKind, KeyValueStore, RecordPageOptions};

use crate::cases::{again_and_again, once};
use crate::checks::cancellation::{MAX_POLLS, drop_after};
use crate::collections::Collections;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::race::at_once;

use super::content::set;
use super::operations::{KEY, OPERATIONS, Operation, WRITTEN};

/// What a look at the record sees.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    NoCollection,
    Nothing,
    Record(ContentType, Bytes),
}

impl Seen {
    /// What is there at first, where anything is.
    fn first() -> Self {
        Self::Record(ContentType::TEXT, Bytes::from_static(b"first"))
    }

    /// What an operation leaves of that.
    fn after(operation: &Operation) -> Self {
        let (content_type, value) = WRITTEN;
        match operation.name {
            "set_record" => Self::Record(content_type, Bytes::from_static(value)),
            "delete_value" | "purge" => Self::Nothing,
            "drop" => Self::NoCollection,
            _ => Self::first(),
        }
    }

    /// How many records a list has, where there is a collection to list.
    fn records(&self) -> Option<usize> {
        match self {
            Self::NoCollection => None,
            Self::Nothing => Some(0),
            Self::Record(..) => Some(1),
        }
    }

    async fn through(collection: &KeyValueStore) -> Result<Self, Failure> {
        match collection.get_record(KEY).await {
            Ok(None) => Ok(Self::Nothing),
            Ok(Some(record)) => Ok(Self::Record(record.content_type, record.value)),
            Err(error) if error.kind() == ErrorKind::Dropped => Ok(Self::NoCollection),
            Err(error) => Err(error.into()),
        }
    }
}

pub(super) async fn cancelled_record_calls_are_before_or_after(context: &Context) -> CheckResult {
    once(context, async |_: &Scope<'_>| {
        for polls in 0..=MAX_POLLS {
            for operation in OPERATIONS {
                for before in [Seen::first(), Seen::Nothing] {
                    let scope = context.scope()?;
                    drop_one(operation, &before, polls, &scope.collections()?).await.map_err(|failure| {
                        let name = operation.name;
                        failure.in_context(format_args!("  {name} over {before:?}, dropped after {polls} polls"))
                    })?;
                }
            }
            drop_open(polls, &context.scope()?.collections()?).await?;
        }
        Ok(())
    })
    .await?;
    again_and_again(context, many_are_dropped_under_load).await
}

async fn drop_one(
    operation: &Operation,
    before: &Seen,
    polls: usize,
    collections: &Collections<'_>,
) -> Result<(), Failure> {
    let [collection, other] = collections.make().await?;
    let witness = collections.open(&collections.named("witness")?).await?;
    set(&witness, KEY, "witness").await?;
    if let Seen::Record(content_type, value) = before.clone() {
        collection.set_record(KEY, content_type, value).await?;
    }
    let after = if *before == Seen::Nothing && Seen::after(operation) == Seen::first() {
        Seen::Nothing
    } else {
        Seen::after(operation)
    };
    let answer = drop_after(polls, (operation.call)(collection.clone())).await;
    let first = Seen::through(&collection).await?;
    match answer {
        Some(done) => {
            done?;
            ensure_eq!(first, after, "the record after an operation that was not dropped in the end");
        }
        None if polls == 0 => ensure_eq!(first, *before, "the record after an operation that was never begun"),
        None => ensure!([before, &after].contains(&&first), "the record is neither as before nor as after: {first:?}"),
    }
    // Each later answer belongs to its own question, and what has happened does not unhappen.
    let seen = witness.get_record(KEY).await?.map(|record| record.value);
    ensure_eq!(seen.as_deref(), Some(&b"witness"[..]), "the answer to the next question");
    ensure_eq!(witness.record_exists("nobody").await?, false, "the answer to the question behind it");
    let second = Seen::through(&other).await?;
    ensure!([before, &after].contains(&&second), "the record is neither as before nor as after: {second:?}");
    ensure!(first != after || second == first, "an operation that took effect was undone: {second:?}");
    agrees_with_lists(&other, second).await
}

/// A list shows what a read does, also where an operation may have come half way. What was sent of it may arrive between
/// the read and the list, so another read follows, and the list may be like either.
async fn agrees_with_lists(collection: &KeyValueStore, before: Seen) -> Result<(), Failure> {
    let listed = match collection.list_keys(RecordPageOptions::default()).await {
        Ok(page) => Some(page.items.len()),
        Err(error) if error.kind() == ErrorKind::Dropped => None,
        Err(error) => return Err(error.into()),
    };
    let reads = [before, Seen::through(collection).await?];
    ensure!(
        reads.iter().any(|seen| seen.records() == listed),
        "listed {listed:?} records, where {reads:?} are read before and after it"
    );
    Ok(())
}

/// Whatever was done of an open that was dropped, the next one works, and all get one collection.
async fn drop_open(polls: usize, collections: &Collections<'_>) -> Result<(), Failure> {
    for label in [collections.named("new")?, collections.aliased("new")?] {
        let client = Arc::clone(&collections.clients[0]);
        let opened = drop_after(polls, KeyValueStore::open(client, label.clone())).await.transpose()?;
        let next = collections.open_again(&label).await?;
        set(&next, KEY, "next").await?;
        let last = collections.open(&label).await?;
        ensure_eq!(last.opened(), next.opened(), "what is opened after an open was dropped");
        ensure_eq!(last.record_exists(KEY).await?, true, "a record after an open was dropped");
        if let Some(opened) = opened {
            ensure_eq!(opened.opened(), next.opened(), "what was opened, and again after it");
        }
    }
    Ok(())
}

/// Callers that drop most of their futures, each on keys of its own whose values name their key.
async fn many_are_dropped_under_load(scope: &Scope<'_>) -> Result<(), Failure> {
    const CALLERS: usize = 8;
    const ROUNDS: usize = 16;

    let handles = scope.collections()?.make().await?;
    let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(caller, collection)| {
        let collection = collection.clone();
        async move {
            for round in 0..ROUNDS {
                let key = format!("{caller}-{}", round % 3);
                let polls = (caller + round) % 4;
                drop_after(polls, set(&collection, &key, &format!("{key}={round}"))).await.transpose()?;
                drop_after(polls, collection.get_record(&key)).await.transpose()?;
                if let Some(record) = collection.get_record(&key).await? {
                    let own = record.value.strip_prefix(key.as_bytes()).is_some_and(|rest| rest.starts_with(b"="));
                    ensure!(own && record.key.as_str() == key, "the question for {key} got another answer: {record:?}");
                }
            }
            Ok(())
        }
    });
    at_once(callers).await?.into_iter().collect()
}
