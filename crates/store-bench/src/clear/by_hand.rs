//! What a user of redis-rs writes to remove the keys of a namespace.

use anyhow::Result;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use super::database::{NAMESPACE, wire_key};

/// Of SCAN.
const COUNT: usize = 1_000;
/// Of UNLINK.
const AT_ONCE: usize = 1_000;

pub(super) async fn clear(connection: &mut MultiplexedConnection) -> Result<u64> {
    let pattern = wire_key(NAMESPACE, '*');
    let (mut cursor, mut found, mut removed) = (0, Vec::new(), 0);
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(COUNT);
        let (next, keys): (u64, Vec<Vec<u8>>) = scan.query_async(connection).await?;
        found.extend(keys);
        while found.len() >= AT_ONCE {
            removed += unlink(connection, found.drain(..AT_ONCE).collect()).await?;
        }
        if next == 0 {
            break;
        }
        cursor = next;
    }
    if !found.is_empty() {
        removed += unlink(connection, found).await?;
    }
    Ok(removed)
}

async fn unlink(connection: &mut MultiplexedConnection, keys: Vec<Vec<u8>>) -> Result<u64> {
    Ok(connection.unlink(keys).await?)
}
