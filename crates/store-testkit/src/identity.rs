//! What a running server says about itself.

use crate::Error;
use crate::info::Info;
use crate::resp::Connection;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    pub(crate) process_id: u32,
    pub(crate) run_id: String,
}

impl Identity {
    pub(crate) fn ask(connection: &mut Connection) -> Result<Self, Error> {
        let info = Info::ask(connection, "server")?;
        // Valkey also reports the Redis version it is compatible with, so its own field is asked for first.
        let (name, version) = match info.field("valkey_version") {
            Some(version) => ("valkey", version),
            None => ("redis", info.field("redis_version").ok_or(Error::Protocol { met: "an INFO without a version" })?),
        };
        let process_id = info
            .field("process_id")
            .and_then(|value| value.parse().ok())
            .ok_or(Error::Protocol { met: "an INFO without a process_id" })?;
        let run_id = info.field("run_id").ok_or(Error::Protocol { met: "an INFO without a run_id" })?;
        Ok(Self { name, version: version.to_owned(), process_id, run_id: run_id.to_owned() })
    }
}
