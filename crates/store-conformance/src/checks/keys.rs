//! Keys are any text, within limits, and are kept as they are.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use store_core::{Bytes, ErrorKind, Key, StoreExt};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure_eq, refused_with};
use crate::registry::{Family, check};
use crate::strategy::{NASTY, distinct_keys, keys, repeated};

pub(crate) const FAMILY: Family =
    Family { name: "keys", checks: &[check!(key_limits, Nothing), check!(keys_are_exact, Nothing)] };

async fn key_limits(context: &Context) -> CheckResult {
    let limit = context.capabilities().max_key_bytes;
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        refuses(&store, "", ErrorKind::InvalidKey).await?;
        for bytes in [Key::MAX_BYTES + 1, 40 * 1024] {
            refuses(&store, &repeated('x', bytes), ErrorKind::InvalidKey).await?;
        }
        if limit < Key::MAX_BYTES {
            refuses(&store, &repeated('x', limit + 1), ErrorKind::TooLarge).await?;
        }
        Ok(())
    })
    .await?;
    let lengths = prop_oneof![Just(1), Just(limit), 1..=limit];
    for_all(context, lengths, async |scope: &Scope<'_>, bytes| {
        let store = scope.store()?;
        for char in ['x', 'é', '🦀'] {
            let key = repeated(char, bytes);
            store.set(&key, key.clone()).await?;
            ensure_eq!(store.get(&key).await?, Some(Bytes::from(key.clone())), "the value under {bytes} bytes of key");
        }
        Ok(())
    })
    .await
}

async fn refuses(store: &StoreHandle, key: &str, kind: ErrorKind) -> Result<(), Failure> {
    let what = format!("a key of {} bytes", key.len());
    refused_with(store.get(key).await, kind, &what)?;
    refused_with(store.set(key, "x").await, kind, &what)?;
    refused_with(store.set(key, "x").if_absent().await, kind, &what)?;
    refused_with(store.delete(key).await, kind, &what)?;
    refused_with(store.exists(key).await, kind, &what)?;
    refused_with(store.ttl(key).await, kind, &what)?;
    refused_with(store.expire(key, store_core::Expiry::Never).await, kind, &what).map(drop)
}

async fn keys_are_exact(context: &Context) -> CheckResult {
    let limit = context.capabilities().max_key_bytes;
    // Long keys that differ in their last character alone.
    let long = (1..limit).prop_map(|bytes| ["a", "b"].map(|end| repeated('x', bytes) + end).to_vec());
    let alike = prop_oneof![2 => distinct_keys(12), 1 => vec(keys(limit), 1..6), 1 => long];
    for_all(context, alike, async |scope: &Scope<'_>, keys: Vec<String>| stay_apart(scope, &keys).await).await?;
    let all: Vec<String> = NASTY.iter().map(|&key| key.to_owned()).collect();
    once(context, async |scope: &Scope<'_>| stay_apart(scope, &all).await).await
}

async fn stay_apart(scope: &Scope<'_>, keys: &[String]) -> Result<(), Failure> {
    let store = scope.store()?;
    let mut written = BTreeMap::new();
    for (number, key) in keys.iter().enumerate() {
        let value = Bytes::from(number.to_string());
        store.set(key, value.clone()).await?;
        written.insert(key, value);
    }
    for (key, value) in &written {
        ensure_eq!(store.get(key).await?.as_ref(), Some(value), "the value under {key:?}");
    }
    for key in written.keys() {
        ensure_eq!(store.delete(key).await?, true, "removing {key:?} once");
    }
    Ok(())
}
