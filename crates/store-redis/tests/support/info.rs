//! Numbers that servers tell.

use store_testkit::RedisServer;

/// A number out of `INFO`.
pub(crate) fn info(server: &RedisServer, section: &str, field: &str) -> u64 {
    server.info(section, field).unwrap().unwrap().parse().unwrap()
}
