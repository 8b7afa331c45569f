//! The same code on one server, behind Sentinel and on a Cluster; only the URL differs.
//!     cargo run -p redis-topologies -- redis://… redis+sentinel://… redis+cluster://…
//! Without a URL it says how to start servers. What begins with `#` tells about the servers; all other lines are the
//! same wherever it runs.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

mod scenes;
mod servers;

use std::hash::{BuildHasher, RandomState};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use store_redis::prelude::*;

/// The same code on one server, behind Sentinel and on a Cluster.
#[derive(Parser)]
struct Arguments {
    /// Where to run it: redis://…, redis+sentinel://…, redis+cluster://…
    urls: Vec<String>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let urls = Arguments::parse().urls;
    if urls.is_empty() {
        print!("{}", include_str!("start_servers.txt"));
    }
    for url in urls {
        if let Err(error) = run(&url).await {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn run(url: &str) -> Result<()> {
    let cache = RedisCache::connect(url).await.context("cannot connect to Redis")?;
    servers::describe(&cache)?;
    // The servers may be shared, with other programs and with other runs of this one: whatever is written lies below
    // a namespace of this run, and goes with it.
    let run = format!("{:016x}", RandomState::new().hash_one(()));
    let (shop, forum) = (cache.namespace(["shop", &run])?, cache.namespace(["forum", &run])?);
    let shown = show(&cache, &shop, &forum).await;
    let cleared = async { Ok::<_, Error>((shop.clear().await?, forum.clear().await?)) }.await;
    servers::sum_up(&cache);
    cache.close().await?;
    shown?;
    cleared.context("cannot clear up")?;
    Ok(())
}

async fn show(cache: &RedisCache, shop: &Namespaced<RedisCache>, forum: &Namespaced<RedisCache>) -> Result<()> {
    scenes::all(shop, forum).await?;
    println!("slots");
    servers::locate(cache, "shop")?;
    servers::locate(cache, "forum")
}
