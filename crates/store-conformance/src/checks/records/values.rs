//! What values are stored as, and what they read as.

use proptest::collection::{btree_map, vec};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use store_core::{AsJson, Bytes, ContentType, ErrorKind, FromRecord, KeyValueStore, OnCorrupt, Outcome, RecordValue};

use crate::cases::for_all;
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::strategy::values;

/// Values of every kind. Not all JSON of them is JSON.
fn record_values() -> impl Strategy<Value = RecordValue> + Clone {
    prop_oneof![
        1 => Just(RecordValue::Nothing),
        2 => values().prop_map(RecordValue::Bytes),
        2 => any::<String>().prop_map(RecordValue::Text),
        1 => values().prop_map(RecordValue::Json),
    ]
}

pub(super) async fn content_type_is_inferred(context: &Context) -> CheckResult {
    for_all(context, record_values(), async |scope: &Scope<'_>, value: RecordValue| {
        let [collection, again] = scope.collections()?.make().await?;
        let (inferred, bytes) = match value.clone() {
            RecordValue::Nothing => ("application/x-none", Bytes::new()),
            RecordValue::Bytes(bytes) => ("application/octet-stream", bytes),
            RecordValue::Text(text) => ("text/plain; charset=utf-8", Bytes::from(text)),
            RecordValue::Json(bytes) => ("application/json; charset=utf-8", bytes),
        };
        let is_nothing = value == RecordValue::Nothing;
        collection.set_value("inferred", value.clone()).await?;
        collection.set_value("given", value).content_type("x/y; z").await?;
        for (key, kept) in [("inferred", inferred), ("given", if is_nothing { inferred } else { "x/y; z" })] {
            let read = again.get_record(key).await?.map(|record| (record.content_type, record.value));
            ensure_eq!(read, Some((ContentType::new(kept)?, bytes.clone())), "the record {key}");
        }
        let refused = collection.set_value("given", "text").content_type(inferred.split_at(3).0).await;
        refused_with(refused, ErrorKind::InvalidArgument, "a write with half of a content type")?;
        Ok(())
    })
    .await
}

pub(super) async fn values_read_as_their_type(context: &Context) -> CheckResult {
    let maps = btree_map(any::<String>(), vec(any::<i64>(), 0..4), 0..4);
    for_all(context, (record_values(), maps), async |scope: &Scope<'_>, (value, map)| {
        let [collection, again] = scope.collections()?.make().await?;
        collection.set_value("any", value.clone()).await?;
        ensure_eq!(again.get_value("any").await?, Some(value), "a value of any kind");
        collection.set_value("map", AsJson(&map)).await?;
        let read = again.get_value::<AsJson<_>>("map").await?.map(|AsJson(map)| map);
        ensure_eq!(read, Some(map), "a value that was set as JSON");

        // Text that would be JSON, if its content type said so.
        collection.set_value("text", "\"text\"").await?;
        collection.set_value("bytes", b"\xff").await?;
        collection.set_value("nothing", ()).await?;
        ensure_eq!(again.get_value::<String>("text").await?.as_deref(), Some("\"text\""), "text");
        ensure_eq!(again.get_value::<Bytes>("bytes").await?.as_deref(), Some(&b"\xff"[..]), "bytes");
        ensure_eq!(again.get_value::<Option<String>>("nothing").await?, Some(None), "nothing");
        does_not_read::<String>(&again, "map").await?;
        does_not_read::<AsJson<String>>(&again, "map").await?;
        does_not_read::<AsJson<String>>(&again, "text").await?;
        does_not_read::<String>(&again, "bytes").await?;
        does_not_read::<Bytes>(&again, "nothing").await
    })
    .await
}

async fn does_not_read<T: FromRecord>(collection: &KeyValueStore, key: &str) -> Result<(), Failure> {
    let before = collection.get_record(key).await?;
    let read = collection.get_value::<T>(key).await.map(|_| ());
    let error = refused_with(read, ErrorKind::Corrupt, format_args!("a read of {key} as another type"))?;
    ensure_eq!(error.key(), Some(key), "the key that the error names");
    ensure_eq!(error.operation(), Some("get_value"), "the operation that the error names");
    ensure_eq!(error.outcome(), Outcome::NotApplied, "the outcome of what does not read");
    let missed = collection.get_value::<T>(key).on_corrupt(OnCorrupt::Miss).await?;
    ensure!(missed.is_none(), "{key} is no miss");
    ensure_eq!(collection.get_record(key).await?, before, "the record after it did not read");
    Ok(())
}

pub(super) async fn nothing_is_not_the_default(context: &Context) -> CheckResult {
    for_all(context, any::<Option<String>>(), async |scope: &Scope<'_>, default: Option<String>| {
        let [collection, again] = scope.collections()?.make().await?;
        ensure_eq!(again.get_value("k").or(default.clone()).await?, default, "a read of what is missing");
        collection.set_value("k", None::<String>).await?;
        ensure_eq!(again.get_value("k").or(default.clone()).await?, None, "a read of nothing");
        ensure!(again.delete_value("k").await?, "nothing was not there");
        ensure_eq!(again.get_value("k").or(default.clone()).await?, default, "a read after the removal");
        Ok(())
    })
    .await
}
