//! What a sentinel says about those it watches.

use super::SERVICE;
use crate::resp::Reply;
use crate::{Error, RedisServer};

/// How many nodes a sentinel knows and finds healthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Picture {
    pub(super) replicas: usize,
    pub(super) other_sentinels: usize,
}

/// The port of the primary that the sentinel names; `None` while it does not answer or names none.
pub(super) fn primary_port(sentinel: &RedisServer) -> Option<u16> {
    let reply = sentinel.probe(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", SERVICE]).ok()?;
    let Reply::Array(address) = reply else { return None };
    address.get(1)?.as_text()?.parse().ok()
}

/// What the sentinel knows, while it finds the primary healthy.
pub(super) fn picture(sentinel: &RedisServer) -> Result<Picture, Error> {
    // Refused while too few sentinels are known to replace the primary.
    sentinel.probe(&["SENTINEL", "CKQUORUM", SERVICE])?;
    let replicas = sentinel.probe(&["SENTINEL", "REPLICAS", SERVICE])?;
    let sentinels = sentinel.probe(&["SENTINEL", "SENTINELS", SERVICE])?;
    let linked =
        |node: &&Reply| field(node, "flags") == Some("slave") && field(node, "master-link-status") == Some("ok");
    let connected = |node: &&Reply| field(node, "flags") == Some("sentinel");
    Ok(Picture {
        replicas: list(&replicas).iter().filter(linked).count(),
        other_sentinels: list(&sentinels).iter().filter(connected).count(),
    })
}

fn list(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(items) => items,
        _ => &[],
    }
}

/// The value that follows `name` in a row of names and values.
fn field<'a>(node: &'a Reply, name: &str) -> Option<&'a str> {
    list(node).chunks_exact(2).find(|pair| pair[0].as_text() == Some(name))?.get(1)?.as_text()
}
