//! What a store is for, in four scenes: sessions, a typed cache, a rate limit, namespaces.
//!     cargo run -p quickstart
//!     cargo run -p quickstart -- --url redis://localhost:6379
//! Prints the same without a server and on Redis. With `--words FILE` it counts the words of a text instead.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

mod scenes;
mod words;

use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Parser;
use store_memory::{MemoryCache, prelude::*};
use store_redis::RedisCache;

/// Sessions, a typed cache, a rate limit and namespaces, on memory or on Redis.
#[derive(Parser)]
struct Arguments {
    /// Runs on this Redis server instead of in this process: redis://…, unix://…
    #[arg(long)]
    url: Option<String>,
    /// Counts the words of this text file through the cache.
    #[arg(long, value_name = "FILE")]
    words: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let cache = connect(arguments.url.as_deref()).await?;
    // The server may be shared, with other programs and with other runs of this one: whatever is written below lies in
    // a namespace of this run, and goes with it.
    let run = cache.namespace(["quickstart", &format!("{:016x}", RandomState::new().hash_one(()))])?;
    let shown = show(Arc::new(run.clone()), arguments.words).await;
    let cleared = run.clear().await.context("cannot clear up");
    let closed = cache.close().await;
    shown?;
    cleared?;
    Ok(closed?)
}

/// The one place that knows which driver it is.
async fn connect(url: Option<&str>) -> Result<Arc<dyn Cache>> {
    Ok(match url {
        Some(url) => Arc::new(RedisCache::connect(url).await.context("cannot connect to Redis")?),
        None => Arc::new(MemoryCache::new()),
    })
}

async fn show(cache: Arc<dyn Cache>, words: Option<PathBuf>) -> Result<()> {
    match words {
        Some(file) => words::count(cache, &file).await,
        None => Ok(scenes::all(&cache).await?),
    }
}
