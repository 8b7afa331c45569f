//! What cases ask of the Rust side, whatever the system.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use store_redis::ListedKey;
use store_redis::prelude::*;
use tokio::time::{sleep, timeout};

use crate::sides::Sides;

/// For an entry that expires within a second, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Keys that have to be spelled exactly as they are: separators and glob characters of all layouts, white space, NUL,
/// braces that choose a slot, text beyond ASCII.
pub(crate) const KEYS: [&str; 9] = ["a:b", "*", "a b\n", "é", "[x]?", "a_b", "{tag}", "\0", "%41\\"];

/// Every byte there is.
pub(crate) fn every_byte() -> Vec<u8> {
    (0..=u8::MAX).collect()
}

/// The keys of a store, sorted: those of nested namespaces behind their path and a slash.
pub(crate) async fn keys(store: &impl Store) -> Result<Vec<String>> {
    let listed = store.list().subtree().all().await?;
    let name = |listed: &ListedKey| match listed.namespace.segments().collect::<Vec<_>>().join("/") {
        path if path.is_empty() => listed.key.to_string(),
        path => format!("{path}/{}", listed.key),
    };
    let mut names: Vec<_> = listed.iter().map(name).collect();
    names.sort_unstable();
    Ok(names)
}

/// Waits until an entry is gone.
pub(crate) async fn gone(store: &impl Store, key: &str) -> Result<()> {
    let gone = async {
        while store.exists(key).await? {
            sleep(Duration::from_millis(5)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, gone).await.with_context(|| format!("{key} is still there"))?
}

/// An entry that Rust sees with what is left of this lifetime, given since the case began.
pub(crate) async fn lives(sides: &Sides, store: &impl Store, key: &str, lifetime: Duration) -> Result<()> {
    let left = store.ttl(key).await?;
    let course = Duration::from_millis(sides.wire.course()?.try_into()?);
    let holds = left.and_then(Remaining::as_duration).is_some_and(|left| left <= lifetime && left + course >= lifetime);
    ensure!(holds, "{key}: Rust sees {left:?} left {course:?} after the case began, given {lifetime:?}");
    Ok(())
}
