//! Where both sides meet: a Redis server, or one with JSON commands.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use store_testkit::{RedisServer, ServerOptions};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Child;
use tokio::time::timeout;

use crate::worker::script;

/// For the import of a library on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the library needs of its server.
#[derive(Clone, Copy)]
pub(crate) enum ServerKind {
    Redis,
    /// With the commands of RedisJSON, which is not free software: fakeredis, in the environment of the system.
    Json,
}

pub(crate) struct Server {
    pub(crate) redis: RedisServer,
    /// It ends with its standard input, so also when this process is killed.
    _process: Option<Child>,
}

impl Server {
    pub(crate) async fn start(kind: ServerKind, python: &Path) -> Result<Self> {
        match kind {
            ServerKind::Redis => Ok(Self { redis: RedisServer::start_process(ServerOptions::new())?, _process: None }),
            ServerKind::Json => Self::start_in_python(python).await,
        }
    }

    async fn start_in_python(python: &Path) -> Result<Self> {
        let mut process = script(python, "json_server", &[])?;
        let output = process.stdout.take().context("the server has a standard output")?;
        let mut lines = BufReader::new(output).lines();
        let told = timeout(PATIENCE, lines.next_line()).await;
        let told = told.with_context(|| format!("the server did not start within {PATIENCE:?}"))??;
        let port: u16 = told.context("the server ended; its standard error says why")?.parse()?;
        let redis = RedisServer::at_url(format!("redis://127.0.0.1:{port}"))?;
        Ok(Self { redis, _process: Some(process) })
    }
}
