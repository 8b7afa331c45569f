//! Servers that cannot save.

use std::path::Path;

use store_testkit::{RedisServer, Reply, wait_until};

use crate::common::PATIENCE;

/// Has the server find out that it cannot save, because a snapshot cannot take the place of a directory. It was started
/// with `save` and has something to save.
pub(crate) fn fail_snapshot(server: &RedisServer) {
    let Reply::Array(pair) = server.command(&["CONFIG", "GET", "dir"]).unwrap() else { panic!("no directory") };
    std::fs::create_dir(Path::new(pair[1].as_text().unwrap()).join("dump.rdb")).unwrap();
    server.command(&["BGSAVE"]).unwrap();
    wait_until("the snapshot fails", PATIENCE, || {
        let status = server.info("persistence", "rdb_last_bgsave_status").unwrap();
        (status.as_deref() == Some("err")).then_some(())
    })
    .unwrap();
}
