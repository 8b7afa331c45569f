//! Many at one collection.

use std::collections::BTreeMap;

use futures_util::future::BoxFuture;
use store_core::{Bytes, ContentType, KeyBuf, KeyValueStore, Record, RecordMetadata};
use tokio::task::yield_now;

use crate::cases::{again_and_again, for_all, once};
use crate::checks::concurrency::{parsed, value};
use crate::checks::diary::{Diary, judge};
use crate::choices::Choices;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq};
use crate::history::{EntryAnswer, EntryOp, History, Value, Watch};
use crate::pages::{all_keys, all_records};
use crate::race::{Look, Rounds, at_once, look_on};
use crate::strategy::{NASTY, distinct_keys, unlike_itself, values};

use super::content::{Shown, set};

const KEY: &str = "k";

pub(super) async fn record_is_never_torn(context: &Context) -> CheckResult {
    /// Some races, because in one the readers may happen to look in step with the writer.
    const RACES: usize = 8;

    for _ in 0..RACES {
        once(context, writes_show_whole).await?;
    }
    Ok(Verdict::Pass)
}

async fn writes_show_whole(scope: &Scope<'_>) -> Result<(), Failure> {
    const WRITES: usize = 64;

    let [collection, again] = scope.collections()?.make().await?;
    let key = KeyBuf::new(KEY)?;
    let record = |content_type, bytes| Record::new(key.clone(), content_type, unlike_itself(scope.seed, bytes));
    // One longer and one shorter, so that bytes of the one would also show in the size of the other.
    let records = [record(ContentType::TEXT, 1000), record(ContentType::JSON, 10)];
    write(&collection, &records[0]).await?;
    let (writer, to_write) = (collection.clone(), records.clone());
    let writing = |rounds: Rounds| async move {
        for number in rounds {
            write(&writer, &to_write[number % to_write.len()]).await?;
            yield_now().await;
        }
        Ok(())
    };
    let readers = LOOKS.iter().flat_map(|look| [(*look, &collection), (*look, &again)]);
    let readers = readers.map(|(look, collection)| -> Look {
        let (collection, records) = (collection.clone(), records.clone());
        Box::new(move || Box::pin(look(collection.clone(), records.clone())))
    });
    look_on(WRITES, writing, readers).await
}

async fn write(collection: &KeyValueStore, record: &Record) -> Result<(), Failure> {
    let Record { key, content_type, value, .. } = record.clone();
    Ok(collection.set_record(&key, content_type, value).await?)
}

/// A look at the record, which has to be one of the two.
type LookAt = fn(KeyValueStore, [Record; 2]) -> BoxFuture<'static, Result<(), Failure>>;

const LOOKS: &[LookAt] = &[
    |collection, records| {
        Box::pin(async move {
            let seen = collection.get_record(KEY).await?;
            is_one_of(seen.map(Shown).as_slice(), &records.map(Shown))
        })
    },
    |collection, records| {
        Box::pin(async move {
            let seen: Vec<_> = all_records(&collection, 10).await?.into_iter().map(Shown).collect();
            is_one_of(&seen, &records.map(Shown))
        })
    },
    |collection, records| {
        Box::pin(async move {
            let records = records.map(|record| record.metadata());
            is_one_of(&all_keys(&collection, 10).await?, &records)
        })
    },
    |collection, _| {
        Box::pin(async move {
            ensure_eq!(collection.record_exists(KEY).await?, true, "whether a record that is written over exists");
            Ok(())
        })
    },
];

fn is_one_of<T: PartialEq + std::fmt::Debug>(seen: &[T], written: &[T]) -> Result<(), Failure> {
    let whole = seen.len() == 1 && written.contains(&seen[0]);
    ensure!(whole, "no such record was written: {seen:?}");
    Ok(())
}

pub(super) async fn record_lists_agree_with_reads(context: &Context) -> CheckResult {
    const CALLERS: usize = 4;
    const DEEDS: u64 = 24;

    for_all(context, (distinct_keys(4), values()), async |scope: &Scope<'_>, (keys, value): (Vec<String>, Bytes)| {
        let [collection, again] = scope.collections()?.make().await?;
        for key in &keys[1..] {
            collection.set_record(key, ContentType::OCTET_STREAM, value.clone()).await?;
        }
        ensure_eq!(compare(&again, &keys).await?, keys.len() - 1, "how many records there are");
        Ok(())
    })
    .await?;
    again_and_again(context, async |scope: &Scope<'_>| {
        let handles = scope.collections()?.make().await?;
        let keys: Vec<String> = NASTY.iter().take(6).map(|&key| key.to_owned()).collect();
        let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(caller, collection)| {
            let (collection, keys) = (collection.clone(), keys.clone());
            let mut choices = Choices::named(scope.seed, &caller.to_string());
            async move {
                for _ in 0..DEEDS {
                    stir(&collection, &keys, &mut choices).await?;
                }
                Ok::<_, store_core::Error>(())
            }
        });
        at_once(callers).await?.into_iter().collect::<store_core::Result<()>>()?;
        let there = compare(&handles[0], &keys).await?;
        ensure_eq!(compare(&handles[1], &keys).await?, there, "how many records there are through the other client");
        Ok(())
    })
    .await
}

/// Writes and removes at random.
async fn stir(collection: &KeyValueStore, keys: &[String], choices: &mut Choices) -> store_core::Result<()> {
    let key = &keys[choices.below(keys.len() as u64) as usize];
    let content_type = if choices.below(2) == 0 { ContentType::TEXT } else { ContentType::JSON };
    match choices.below(20) {
        0 => collection.purge().await,
        1..8 => collection.delete_value(key).await.map(drop),
        _ => {
            let bytes = choices.below(100) as usize;
            collection.set_record(key, content_type, unlike_itself(choices.next(), bytes)).await
        }
    }
}

/// Asks for the records in every way, and says how many there are.
async fn compare(collection: &KeyValueStore, keys: &[String]) -> Result<usize, Failure> {
    let mut read: BTreeMap<KeyBuf, Record> = BTreeMap::new();
    for key in keys {
        let record = collection.get_record(key).await?;
        ensure_eq!(collection.record_exists(key).await?, record.is_some(), "whether there is a record under {key:?}");
        read.extend(record.map(|record| (record.key.clone(), record)));
    }
    let metadata: Vec<RecordMetadata> = read.values().map(Record::metadata).collect();
    ensure_eq!(all_keys(collection, 3).await?, metadata, "the keys listed, with content types and sizes");
    let listed: Vec<_> = all_records(collection, 3).await?.into_iter().map(Shown).collect();
    let read: Vec<_> = read.into_values().map(Shown).collect();
    ensure_eq!(listed, read, "the records listed");
    Ok(read.len())
}

pub(super) async fn record_operations_are_linearizable(context: &Context) -> CheckResult {
    const CALLERS: usize = 5;
    const ACTIONS: Value = 20;

    again_and_again(context, async |scope: &Scope<'_>| {
        let (handles, watch) = (scope.collections()?.make().await?, Watch::start());
        let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(caller, collection)| {
            let collection = collection.clone();
            let [mut choices, drops] =
                ["", " drops"].map(|what| Choices::named(scope.seed, &format!("{caller}{what}")));
            let mut diary = Diary::new(caller, watch, drops);
            async move {
                for written in 0..ACTIONS {
                    let operation = choose(&mut choices, value(caller, written));
                    diary.note(operation, carry_out(&collection, operation)).await?;
                }
                Ok::<_, store_core::Error>(diary.into_calls())
            }
        });
        let calls = at_once(callers).await?.into_iter().collect::<store_core::Result<Vec<_>>>()?;
        judge(&calls.into_iter().flatten().collect::<History<_>>())
    })
    .await
}

fn choose(choices: &mut Choices, value: Value) -> EntryOp {
    match choices.below(20) {
        0..9 => EntryOp::Get,
        9..15 => EntryOp::Set(value),
        _ => EntryOp::Delete,
    }
}

async fn carry_out(collection: &KeyValueStore, operation: EntryOp) -> store_core::Result<EntryAnswer> {
    Ok(match operation {
        EntryOp::Set(value) => set(collection, KEY, &value.to_string()).await.map(|()| EntryAnswer::Done)?,
        EntryOp::Delete => EntryAnswer::Applied(collection.delete_value(KEY).await?),
        _ => EntryAnswer::Value(parsed(collection.get_record(KEY).await?.map(|record| record.value))),
    })
}
