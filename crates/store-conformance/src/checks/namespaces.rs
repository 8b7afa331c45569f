//! Namespaces keep entries apart, however much their names look alike.

use proptest::collection::vec;
use proptest::sample::subsequence;
use store_core::{Bytes, ErrorKind, Namespace, StoreExt};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure_eq, refused_with};
use crate::registry::{Family, check};
use crate::strategy::{Path, distinct_keys, segments};

pub(crate) const FAMILY: Family = Family {
    name: "namespaces",
    checks: &[
        check!(namespaces_are_injective, Nothing),
        check!(namespace_limits, Nothing),
        check!(namespaces_are_isolated, Nothing),
    ],
};

async fn namespaces_are_injective(context: &Context) -> CheckResult {
    let paths = vec(vec(segments(), 1..4), 2..8);
    for_all(context, (paths, segments()), async |scope: &Scope<'_>, (mut paths, key): (Vec<Vec<String>>, String)| {
        let store = scope.store()?;
        // The same text split in every way: as one segment, joined by each separator that an encoding might use, or by none.
        for separator in ["", ":", "/", "_", ".", "-", "%", "\0"] {
            let joined: Vec<_> =
                paths.iter().filter(|path| path.len() > 1).map(|path| vec![path.join(separator)]).collect();
            paths.extend(joined);
        }
        paths.sort_unstable();
        paths.dedup();
        for (number, path) in paths.iter().enumerate() {
            store.namespace(&path[..])?.set(&key, number.to_string()).await?;
        }
        for (number, path) in paths.iter().enumerate() {
            let value = store.namespace(&path[..])?.get(&key).await?;
            ensure_eq!(value, Some(Bytes::from(number.to_string())), "the value under {key:?} in {path:?}");
        }
        // Nor can a key spell its way out of its namespace.
        for path in &paths {
            let outside = store.namespace(&path[..path.len() - 1])?;
            let last = path.last().map(String::as_str).unwrap_or_default();
            for separator in [":", "/", "}:", "%2F"] {
                let spelled = format!("{last}{separator}{key}");
                ensure_eq!(outside.exists(&spelled).await?, false, "exists of {spelled:?} above {path:?}");
            }
        }
        Ok(())
    })
    .await
}

async fn namespace_limits(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        refused_with(Namespace::try_from(""), ErrorKind::InvalidKey, "an empty segment")?;
        refused_with(store.namespace(""), ErrorKind::InvalidKey, "a handle on an empty segment")?;
        refused_with(store.namespace(["a", "", "b"]), ErrorKind::InvalidKey, "a path with an empty segment")?;

        let longest = Namespace::MAX_BYTES - scope.namespace.as_encoded().len() - 1;
        refused_with(
            Namespace::try_from(&"x".repeat(Namespace::MAX_BYTES + 1)),
            ErrorKind::TooLarge,
            "a long segment",
        )?;
        // Each of these characters takes three bytes of the encoded form.
        let expanding = ":".repeat(Namespace::MAX_BYTES / 3 + 1);
        refused_with(Namespace::try_from(&expanding), ErrorKind::TooLarge, "a segment that is long when encoded")?;
        // A handle learns the whole path only when it is joined to its parent's.
        refused_with(store.namespace("x".repeat(longest + 1)), ErrorKind::TooLarge, "a long path")?;

        let deepest = store.namespace("x".repeat(longest))?;
        deepest.set("k", "x").await?;
        ensure_eq!(deepest.get("k").await?.as_deref(), Some(&b"x"[..]), "the value in the longest namespace");
        ensure_eq!(store.exists("k").await?, false, "exists beside the longest namespace");
        Ok(())
    })
    .await
}

async fn namespaces_are_isolated(context: &Context) -> CheckResult {
    let paths = context.look_alikes();
    let inputs = (subsequence(paths.clone(), 3..=paths.len()), distinct_keys(3));
    for_all(context, inputs, async |scope: &Scope<'_>, (paths, keys): (Vec<Path>, Vec<String>)| {
        let store = scope.store()?;
        let value = |path: &[&str], key: &str| Bytes::from(format!("{path:?}{key:?}"));
        for path in &paths {
            let inside = store.namespace(*path)?;
            for key in &keys {
                ensure_eq!(inside.exists(key).await?, false, "exists of {key:?} in {path:?} before it is written");
                inside.set(key, value(path, key)).await?;
            }
        }
        for path in &paths {
            let inside = store.namespace(*path)?;
            for key in &keys {
                ensure_eq!(inside.get(key).await?, Some(value(path, key)), "the value under {key:?} in {path:?}");
            }
        }
        // Each in turn loses an entry, and no other does.
        let gone = &keys[0];
        for (number, path) in paths.iter().enumerate() {
            ensure_eq!(store.namespace(*path)?.delete(gone).await?, true, "removing {gone:?} in {path:?}");
            for (later, other) in paths.iter().enumerate() {
                let there = store.namespace(*other)?.exists(gone).await?;
                ensure_eq!(there, later > number, "exists of {gone:?} in {other:?} after its removal in {path:?}");
            }
        }
        Ok::<(), Failure>(())
    })
    .await
}
