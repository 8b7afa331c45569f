//! What was written is read, of any kind and up to the limits; what is not there is told apart.

use proptest::collection::vec;
use proptest::prelude::Strategy;
use store_core::{Bytes, ContentType, ErrorKind, Key, KeyBuf, KeyValueStore, Record};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, Verdict, ensure_eq, refused_with};
use crate::pages::{all_keys, all_records};
use crate::race::{contend, contended_keys};
use crate::strategy::{keys, repeated, unlike_itself, values};

use super::labels::content_types;

/// Writes a record of text.
pub(super) async fn set(collection: &KeyValueStore, key: &str, value: &str) -> store_core::Result<()> {
    collection.set_record(key, ContentType::TEXT, Bytes::copy_from_slice(value.as_bytes())).await
}

/// A content type and a value.
fn contents() -> impl Strategy<Value = (String, Bytes)> + Clone {
    (content_types(), values())
}

pub(super) async fn get_record_after_set(context: &Context) -> CheckResult {
    let limit = context.record_capabilities()?.max_key_bytes;
    let inputs = (keys(limit), vec(contents(), 1..4));
    for_all(context, inputs, async |scope: &Scope<'_>, (key, contents): (String, Vec<(String, Bytes)>)| {
        let [collection, again] = scope.collections()?.make().await?;
        for (content_type, value) in contents {
            let record = Record::new(KeyBuf::new(key.as_str())?, ContentType::new(content_type)?, value);
            let Record { content_type, value, .. } = record.clone();
            collection.set_record(&key, content_type, value).await?;
            for reader in [&collection, &again] {
                ensure_eq!(reader.get_record(&key).await?.map(Shown), Some(Shown(record.clone())), "the record");
                let listed: Vec<_> = all_records(reader, 10).await?.into_iter().map(Shown).collect();
                ensure_eq!(listed, [Shown(record.clone())], "the records listed");
            }
        }
        ensure_eq!(again.delete_value(&key).await?, true, "removing what was set");
        ensure_eq!(collection.get_record(&key).await?, None, "the record after its removal");
        Ok(())
    })
    .await
}

/// A record that shows its value, which here is no secret.
#[derive(PartialEq)]
pub(super) struct Shown(pub(super) Record);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Record { key, content_type, value, .. } = &self.0;
        write!(f, "{key:?}: {content_type} {value:?}")
    }
}

pub(super) async fn absent_differs_from_none(context: &Context) -> CheckResult {
    let limit = context.record_capabilities()?.max_key_bytes;
    for_all(context, keys(limit), async |scope: &Scope<'_>, key: String| {
        let [collection, again] = scope.collections()?.make().await?;
        let is_absent = async || {
            ensure_eq!(again.get_record(&key).await?, None, "a record that is not there");
            ensure_eq!(again.record_exists(&key).await?, false, "whether there is one that is not there");
            ensure_eq!(all_keys(&again, 10).await?, [], "the keys listed without one");
            ensure_eq!(again.delete_value(&key).await?, false, "removing one that is not there");
            Ok::<_, Failure>(())
        };
        is_absent().await?;
        for content_type in [ContentType::NOTHING, ContentType::TEXT] {
            collection.set_record(&key, content_type.clone(), Bytes::new()).await?;
            let record = Record::new(KeyBuf::new(key.as_str())?, content_type, Bytes::new());
            ensure_eq!(again.get_record(&key).await?.as_ref(), Some(&record), "a record without bytes");
            ensure_eq!(again.record_exists(&key).await?, true, "whether there is one without bytes");
            ensure_eq!(all_keys(&again, 10).await?, [record.metadata()], "the keys listed with one without bytes");
            ensure_eq!(all_records(&again, 10).await?, [record], "the records listed with one without bytes");
            ensure_eq!(collection.delete_value(&key).await?, true, "removing one without bytes");
            is_absent().await?;
        }
        Ok(())
    })
    .await
}

pub(super) async fn delete_record_reports_removal(context: &Context) -> CheckResult {
    let limit = context.record_capabilities()?.max_key_bytes;
    for_all(context, keys(limit), async |scope: &Scope<'_>, key: String| {
        let [collection, again] = scope.collections()?.make().await?;
        ensure_eq!(collection.delete_value(&key).await?, false, "removing what was never there");
        set(&collection, &key, "x").await?;
        ensure_eq!(again.delete_value(&key).await?, true, "removing what is there");
        ensure_eq!(collection.delete_value(&key).await?, false, "removing it again");
        ensure_eq!(collection.record_exists(&key).await?, false, "whether it is there after its removal");
        Ok(())
    })
    .await?;
    for _ in 0..context.races_for_many() {
        once(context, removers_are_told_apart).await?;
    }
    Ok(Verdict::Pass)
}

async fn removers_are_told_apart(scope: &Scope<'_>) -> Result<(), Failure> {
    const CALLERS: usize = 8;

    let handles = scope.collections()?.make().await?;
    for key in contended_keys() {
        set(&handles[0], &key, "x").await?;
    }
    let remove = |collection: KeyValueStore, key: String, _caller| async move { collection.delete_value(&key).await };
    for (key, answers) in contend(CALLERS, &handles, remove).await? {
        let told = answers.iter().filter(|&&removed| removed).count();
        ensure_eq!(told, 1, "how many of {CALLERS} were told that they removed {key:?}");
    }
    ensure_eq!(all_keys(&handles[0], 100).await?, [], "what is left when all is removed");
    Ok(())
}

/// No larger value is made to see it refused.
pub(super) const LARGEST_REFUSED: usize = 64 * 1024 * 1024 + 1;

pub(super) async fn record_limits(context: &Context) -> CheckResult {
    /// Larger limits are believed: a suite is no load test.
    const LARGEST_TRIED: usize = 10 * 1024 * 1024;

    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        let (most_value, most_key) = {
            let declared = collection.client().capabilities();
            (declared.max_value_bytes, declared.max_key_bytes)
        };
        for bytes in [0, 1, 4096, 65_536, most_value].map(|bytes| bytes.min(most_value).min(LARGEST_TRIED)) {
            let value = unlike_itself(scope.seed, bytes);
            collection.set_record("record", ContentType::OCTET_STREAM, value.clone()).await?;
            let read = again.get_record("record").await?.map(|record| record.value);
            ensure_eq!(read.as_ref().map(Bytes::len), Some(bytes), "the length of a value");
            ensure_eq!(read == Some(value), true, "whether a value of {bytes} B is as it was written");
        }
        for char in ['k', 'é', '🦀'] {
            for bytes in [1, most_key] {
                let key = repeated(char, bytes);
                set(&collection, &key, "long").await?;
                ensure_eq!(again.record_exists(&key).await?, true, "a record with a key of {bytes} B");
                ensure_eq!(again.delete_value(&key).await?, true, "removing a record with a key of {bytes} B");
            }
        }
        let before = collection.metadata().await?;
        if most_value < LARGEST_REFUSED {
            let too_large =
                collection.set_record("record", ContentType::TEXT, Bytes::from(vec![0; most_value + 1])).await;
            refused_with(too_large, ErrorKind::TooLarge, "a value over the limit")?;
        }
        keys_are_refused(&collection, "", ErrorKind::InvalidKey).await?;
        keys_are_refused(&collection, &"record".repeat(Key::MAX_BYTES + 1), ErrorKind::InvalidKey).await?;
        if most_key < Key::MAX_BYTES {
            keys_are_refused(&collection, &"record".repeat(most_key + 1), ErrorKind::TooLarge).await?;
        }
        ensure_eq!(again.metadata().await?, before, "the metadata after what was refused");
        ensure_eq!(all_keys(&again, 10).await?.len(), 1, "how many records there are after what was refused");
        Ok(())
    })
    .await
}

async fn keys_are_refused(collection: &KeyValueStore, key: &str, kind: ErrorKind) -> Result<(), Failure> {
    let what = format!("a key of {} B", key.len());
    refused_with(collection.get_record(key).await, kind, format_args!("get_record by {what}"))?;
    refused_with(collection.record_exists(key).await, kind, format_args!("record_exists by {what}"))?;
    refused_with(set(collection, key, "x").await, kind, format_args!("set_record by {what}"))?;
    refused_with(collection.delete_value(key).await, kind, format_args!("delete_value by {what}"))?;
    refused_with(collection.public_url(key).await, kind, format_args!("public_url by {what}"))?;
    Ok(())
}
