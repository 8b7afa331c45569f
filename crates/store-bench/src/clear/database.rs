//! A database, a part of which is one namespace.

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

/// What is cleared.
pub(super) const NAMESPACE: &str = "part";
pub(super) const PART: u64 = 100_000;
/// With it.
pub(super) const WHOLE: u64 = 1_100_000;

/// Entries written in one go, and how many are written at the same time.
const AT_ONCE: u64 = 1_000;
const WRITERS: u64 = 8;

/// Writes what stays.
pub(super) async fn fill(connection: &MultiplexedConnection) -> Result<()> {
    write(connection, "others", WHOLE - PART).await
}

/// Writes what is cleared.
pub(super) async fn fill_part(connection: &MultiplexedConnection) -> Result<()> {
    write(connection, NAMESPACE, PART).await
}

/// The wire keys of a namespace.
pub(super) fn wire_key(namespace: &str, key: impl std::fmt::Display) -> String {
    format!("{{{namespace}}}:{key}")
}

async fn write(connection: &MultiplexedConnection, namespace: &'static str, entries: u64) -> Result<()> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let mut connection = connection.clone();
        writers.spawn(async move {
            for first in (writer * AT_ONCE..entries).step_by((WRITERS * AT_ONCE) as usize) {
                let mut pipeline = redis::pipe();
                for number in first..(first + AT_ONCE).min(entries) {
                    pipeline.set(wire_key(namespace, number), "a value").ignore();
                }
                pipeline.query_async::<()>(&mut connection).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(written) = writers.join_next().await {
        written??;
    }
    Ok(())
}
