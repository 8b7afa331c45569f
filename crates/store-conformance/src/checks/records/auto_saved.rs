//! Values that live in memory and are saved in records.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use store_core::{AsJson, AutoSaved, Bytes, ContentType, ErrorKind, KeyValueStore};

use crate::cases::{again_and_again, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::race::at_once;

type Counts = BTreeMap<String, u32>;

fn add_one(value: &AutoSaved<Counts>, name: &str) -> store_core::Result<u32> {
    value.update(|counts| {
        let count = counts.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    })
}

/// What is stored, as another client sees it.
async fn stored(collection: &KeyValueStore) -> Result<Option<Counts>, Failure> {
    Ok(collection.get_value::<AsJson<Counts>>("k").await?.map(|AsJson(counts)| counts))
}

pub(super) async fn auto_saved_is_one_value(context: &Context) -> CheckResult {
    const OWNERS: u32 = 8;

    again_and_again(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let stored_before = Counts::from([("before".to_owned(), 7)]);
        again.set_value("k", AsJson(&stored_before)).await?;
        let owners = (0..OWNERS).map(|_| {
            let collection = collection.clone();
            async move {
                let value = collection.auto_saved("k", Counts::new()).await?;
                add_one(&value, "shared")
            }
        });
        let mut counts = at_once(owners).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        counts.sort_unstable();
        ensure_eq!(counts, (1..=OWNERS).collect::<Vec<_>>(), "what each owner counted");
        collection.save_auto_saved().await?;
        let promised = Counts::from([("before".to_owned(), 7), ("shared".to_owned(), OWNERS)]);
        ensure_eq!(stored(&again).await?, Some(promised), "what was saved");
        let other = collection.auto_saved("k", 0_u32).await.map(drop);
        refused_with(other, ErrorKind::InvalidArgument, "the same value as another type").map(drop)
    })
    .await
}

pub(super) async fn auto_saved_is_saved_whole(context: &Context) -> CheckResult {
    again_and_again(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let value = collection.auto_saved("k", Counts::new()).await?;
        let tasks = [Part::Change, Part::Save, Part::Change, Part::Save, Part::Look].map(|part| {
            let (value, again) = (value.clone(), again.clone());
            async move { part.play(&value, &again).await }
        });
        at_once(tasks).await?.into_iter().collect::<Result<(), _>>()?;
        value.save().await?;
        let last = value.with(Clone::clone);
        ensure_eq!(last.get("first"), Some(&(2 * Part::TIMES)), "the changes of two");
        ensure_eq!(stored(&again).await?, Some(last), "what was saved last");
        Ok(())
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        fails_until_it_can_be_saved(&collection, &again).await
    })
    .await
}

#[derive(Clone, Copy)]
enum Part {
    Change,
    Save,
    Look,
}

impl Part {
    const TIMES: u32 = 20;

    async fn play(self, value: &AutoSaved<Counts>, again: &KeyValueStore) -> Result<(), Failure> {
        let mut seen = 0;
        for _ in 0..Self::TIMES {
            match self {
                Self::Change => value.update(|counts| {
                    *counts.entry("first".to_owned()).or_default() += 1;
                    *counts.entry("second".to_owned()).or_default() += 1;
                })?,
                Self::Save => value.save().await?,
                Self::Look => {
                    let counts = stored(again).await?.unwrap_or_default();
                    let [first, second] = ["first", "second"].map(|name| counts.get(name).copied().unwrap_or(0));
                    ensure_eq!(first, second, "two counts that are changed together");
                    ensure!(first >= seen, "{first} was saved after {seen}");
                    seen = first;
                }
            }
        }
        Ok(())
    }
}

/// Only text can be a key in JSON, so there are values that cannot be saved.
async fn fails_until_it_can_be_saved(collection: &KeyValueStore, again: &KeyValueStore) -> Result<(), Failure> {
    let value = collection.auto_saved("k", BTreeMap::<Option<()>, u32>::new()).await?;
    let other = collection.auto_saved("other", 0_u32).await?;
    value.update(|counts| counts.insert(Some(()), 1))?;
    other.update(|count| *count = 1)?;
    for attempt in 1..=2 {
        let error = refused_with(collection.save_auto_saved().await, ErrorKind::InvalidArgument, "a save")?;
        ensure_eq!(error.key(), Some("k"), "the key that the error of save {attempt} names");
    }
    ensure_eq!(again.record_exists("k").await?, false, "whether a record is there that could not be saved");
    ensure_eq!(again.get_value::<AsJson<u32>>("other").await?, Some(AsJson(1)), "what was saved beside it");
    refused_with(value.close().await, ErrorKind::InvalidArgument, "a close")?;
    refused_with(value.update(|_| ()), ErrorKind::Closed, "a change after the close").map(drop)
}

pub(super) async fn auto_saved_unchanged_is_not_written(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let value = collection.auto_saved("k", Counts::new()).await?;
        value.save().await?;
        ensure_eq!(again.record_exists("k").await?, false, "whether the default was written");
        add_one(&value, "a")?;
        value.save().await?;
        let record = again.get_record("k").await?.map(|record| (record.content_type, record.value));
        ensure_eq!(record, Some((ContentType::JSON, Bytes::from("{\"a\":1}"))), "the record");
        again.delete_value("k").await?;
        value.save().await?;
        collection.save_auto_saved().await?;
        value.close().await?;
        ensure_eq!(again.record_exists("k").await?, false, "whether it was written without a change");
        Ok(())
    })
    .await
}

pub(super) async fn auto_saved_ends(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let value = collection.auto_saved("k", Counts::new()).await?;
        add_one(&value, "a")?;
        value.close().await?;
        value.close().await?;
        refused_with(add_one(&value, "a"), ErrorKind::Closed, "a change after the close")?;
        ensure_eq!(stored(&again).await?, Some(Counts::from([("a".to_owned(), 1)])), "the last state");

        let reopened = collection.auto_saved("k", Counts::new()).await?;
        ensure_eq!(add_one(&reopened, "a")?, 2, "the count in the value that was opened again");
        let other = collection.auto_saved("other", Counts::new()).await?;
        collection.close_auto_saved().await?;
        ensure_eq!(stored(&again).await?, Some(Counts::from([("a".to_owned(), 2)])), "the last state of all");
        for value in [&reopened, &other] {
            refused_with(add_one(value, "a"), ErrorKind::Closed, "a change after all were closed")?;
        }
        let opened = collection.auto_saved("k", Counts::new()).await.map(drop);
        refused_with(opened, ErrorKind::Closed, "a value that is opened after all were closed").map(drop)
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let value = collection.auto_saved("k", Counts::new()).await?;
        add_one(&value, "a")?;
        again.drop().await?;
        refused_with(value.save().await, ErrorKind::Dropped, "a save after another client's drop")?;
        refused_with(add_one(&value, "a"), ErrorKind::Dropped, "a change after the drop").map(drop)
    })
    .await
}

pub(super) async fn auto_saved_survives_panics(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let value = Arc::new(collection.auto_saved("k", Counts::new()).await?);
        let panics: [fn(&AutoSaved<Counts>); 2] = [
            |value| {
                let _ = value.update(|counts| {
                    counts.insert("left".to_owned(), 1);
                    resume_unwind(Box::new("a panic in user code"))
                });
            },
            |value| value.with(|_| resume_unwind(Box::new("a panic in user code"))),
        ];
        for panics in panics {
            ensure!(catch_unwind(AssertUnwindSafe(|| panics(&value))).is_err(), "a panic in a closure was swallowed");
        }
        add_one(&value, "after")?;
        value.save().await?;
        let promised = Counts::from([("left".to_owned(), 1), ("after".to_owned(), 1)]);
        ensure_eq!(stored(&again).await?, Some(promised), "what was saved after the panics");
        Ok(())
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let value = collection.auto_saved("k", PanicsUnlessZero(0)).await?;
        value.update(|value| value.0 = 1)?;
        // They are saved in any order, so that some are behind the one that panics.
        let others = ["a", "b", "c", "d", "x", "y", "z"];
        for key in others {
            collection.auto_saved(key, 0_u32).await?.update(|count| *count = 1)?;
        }
        let error = refused_with(collection.save_auto_saved().await, ErrorKind::InvalidArgument, "a save that panics")?;
        ensure_eq!(error.key(), Some("k"), "the key that the error names");
        for key in others {
            ensure_eq!(again.get_value::<AsJson<u32>>(key).await?, Some(AsJson(1)), "what was saved beside it");
        }
        value.update(|value| value.0 = 0)?;
        value.save().await?;
        ensure_eq!(again.get_value::<AsJson<u32>>("k").await?, Some(AsJson(0)), "what is saved when it does not panic");
        Ok(())
    })
    .await
}

/// Its serialization is user code that panics.
#[derive(Deserialize)]
struct PanicsUnlessZero(u32);

impl Serialize for PanicsUnlessZero {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 0 { serializer.serialize_u32(0) } else { resume_unwind(Box::new("a panic in user code")) }
    }
}
