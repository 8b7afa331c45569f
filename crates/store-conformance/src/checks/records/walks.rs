//! Walks over collections.

use store_core::{Bytes, ErrorKind, Iterate, KeyValueStore, RecordPageOptions};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::strategy::distinct_keys;

pub(super) async fn values_stream_out(context: &Context) -> CheckResult {
    let keys = distinct_keys(9);
    let walks = (keys, 0..9usize, 0..12usize);
    for_all(context, walks, async |scope: &Scope<'_>, (keys, start, limit): (Vec<String>, usize, usize)| {
        let [collection, again] = scope.collections()?.make().await?;
        let (behind, mut there) = (keys[start].clone(), keys);
        for key in &there {
            collection.set_value(key, key.as_str()).await?;
        }
        there.sort_unstable();
        walks_agree(&again, &there, None, limit).await?;
        // A place from which to go on need not be there.
        collection.delete_value(&behind).await?;
        there.retain(|key| *key > behind);
        walks_agree(&again, &there, Some(&behind), limit).await
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        goes_on_whatever_happens(&collection, &again).await
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let [collection, again] = scope.collections()?.make().await?;
        spans_many_parts(&collection, &again).await
    })
    .await
}

/// All three walks from behind a key visit the keys that are there, and no more than the limit of them.
async fn walks_agree(
    collection: &KeyValueStore,
    there: &[String],
    behind: Option<&str>,
    limit: usize,
) -> Result<(), Failure> {
    for limit in [None, Some(limit)] {
        let there = &there[..limit.unwrap_or(there.len()).min(there.len())];
        let keys = begun(collection.iterate_keys(), behind, limit).all().await?;
        let keys: Vec<_> = keys.iter().map(|listed| listed.key.as_str()).collect();
        ensure_eq!(keys, there, "the keys behind {behind:?}");
        let values = begun(collection.iterate_values::<String>(), behind, limit).all().await?;
        ensure_eq!(values, there, "the values behind {behind:?}");
        let entries = begun(collection.iterate_entries(), behind, limit).all().await?;
        let entries: Vec<_> = entries.iter().map(|record| (record.key.as_str(), &record.value[..])).collect();
        let promised: Vec<_> = there.iter().map(|key| (key.as_str(), key.as_bytes())).collect();
        ensure_eq!(entries, promised, "the records behind {behind:?}");
    }
    Ok(())
}

fn begun<'a, T>(walk: Iterate<'a, T>, behind: Option<&str>, limit: Option<usize>) -> Iterate<'a, T> {
    let walk = walk.exclusive_start_key(behind);
    match limit {
        Some(limit) => walk.limit(limit),
        None => walk,
    }
}

/// A value that does not read, and removals under a walk.
async fn goes_on_whatever_happens(collection: &KeyValueStore, again: &KeyValueStore) -> Result<(), Failure> {
    for key in ["a", "c", "e"] {
        collection.set_value(key, key).await?;
    }
    collection.set_value("b", b"\xff").await?;
    let mut walk = again.iterate_values::<String>().stream();
    ensure_eq!(walk.next().await.transpose()?.as_deref(), Some("a"), "the first value");
    let corrupt = walk.next().await.unwrap_or(Ok(String::new()));
    let error = refused_with(corrupt, ErrorKind::Corrupt, "the value that does not read")?;
    ensure_eq!(error.key(), Some("b"), "the key that the error names");
    ensure_eq!(walk.position(), Some("b"), "the position of the walk");
    for key in ["b", "c"] {
        collection.delete_value(key).await?;
    }
    collection.set_value("d", "d").await?;
    let rest = again.iterate_values::<String>().exclusive_start_key(walk.position()).all().await?;
    ensure_eq!(rest, ["d", "e"], "what a walk from the same position visits");
    while let Some(value) = walk.next().await {
        let value = value?;
        ensure!(*value > *"b", "{value} was visited behind b");
    }
    ensure!(walk.next().await.is_none(), "a walk went on behind its end");
    Ok(())
}

/// One value more than a part has by number, and then more than it has by size.
async fn spans_many_parts(collection: &KeyValueStore, again: &KeyValueStore) -> Result<(), Failure> {
    const LARGE: usize = 3 * 1024 * 1024;
    let large = Bytes::from(vec![b'x'; LARGE.min(collection.client().capabilities().max_value_bytes)]);
    let small = (0..=RecordPageOptions::MAX_RECORDS).map(|number| Bytes::from(number.to_string()));
    let mut promised = Vec::new();
    for values in [small.collect(), vec![large; 4]] {
        for value in values {
            let key = format!("{:04}", promised.len());
            collection.set_value(&key, &value).await?;
            promised.push((key, value.len()));
        }
        let mut walk = again.iterate_values::<Bytes>().stream();
        let mut visited = Vec::new();
        while let Some(value) = walk.next().await {
            let bytes = value?.len();
            visited.push((walk.position().unwrap_or_default().to_owned(), bytes));
        }
        ensure_eq!(visited, promised, "what a walk over several parts visits");
    }
    Ok(())
}
