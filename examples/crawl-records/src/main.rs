//! A folder of files as a collection of records: stored, resumed after an interruption, counted, exported.
//!     cargo run -p crawl-records -- examples/crawl-records/sample
//!     cargo run -p crawl-records -- examples/crawl-records/sample --url redis://localhost:6379
//!     cargo run -p crawl-records -- examples/crawl-records/sample --export index.html --to exported.html
//! Prints the same without a server and on Redis. On Redis the records stay, so a run that was interrupted (try
//! `--stop-after 3`, or kill it) is gone on with by the next one; `--drop` removes them, and so does another folder.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it does")]

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use crawl_records::{Crawl, Totals, files_in};
use indicatif::{ProgressBar, ProgressStyle};
use store_memory::{MemoryKeyValueStoreClient, prelude::*};
use store_redis::RedisKeyValueStoreClient;

/// How often it is saved how far the crawl has come.
const SAVE_PERIOD: Duration = Duration::from_secs(1);

/// Stores the files of a folder as records, on memory or on Redis.
#[derive(Parser)]
struct Arguments {
    /// The folder whose files are stored.
    folder: PathBuf,
    /// Keeps the records on this Redis server instead of in this process: redis://…, unix://…
    #[arg(long)]
    url: Option<String>,
    /// The collection: letters, digits and hyphens between them. It holds the files of one folder; with another one it
    /// begins anew.
    #[arg(long, default_value = "crawl")]
    name: String,
    /// Stops after so many files, as if interrupted.
    #[arg(long, value_name = "FILES")]
    stop_after: Option<usize>,
    /// Writes this record to the file named by --to.
    #[arg(long, value_name = "KEY", requires = "to")]
    export: Option<String>,
    /// Where the exported record is written.
    #[arg(long, value_name = "FILE", requires = "export")]
    to: Option<PathBuf>,
    /// Removes the collection at the end.
    #[arg(long)]
    drop: bool,
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
    let client = connect(arguments.url.as_deref()).await?;
    let stores = Arc::new(KeyValueStores::new(Arc::clone(&client)));
    // What is saved in the background is saved once more below, so it may end anywhere.
    let saver = tokio::spawn({
        let stores = Arc::clone(&stores);
        let report = |error| eprintln!("progress not saved: {error}");
        async move { stores.save_every(SAVE_PERIOD, tokio::time::sleep, report).await }
    });
    let shown = show(&stores, &arguments).await;
    saver.abort();
    let saved = stores.close().await;
    let closed = client.close().await;
    shown?;
    saved.context("cannot save the progress")?;
    Ok(closed?)
}

/// The one place that knows which driver it is.
async fn connect(url: Option<&str>) -> Result<Arc<dyn KeyValueStoreClient>> {
    Ok(match url {
        Some(url) => Arc::new(RedisKeyValueStoreClient::connect(url).await.context("cannot connect to Redis")?),
        None => Arc::new(MemoryKeyValueStoreClient::new()),
    })
}

async fn show(stores: &KeyValueStores, arguments: &Arguments) -> Result<()> {
    let crawl = Crawl::open(stores, &arguments.name, &arguments.folder).await?;
    store(&crawl, arguments).await?;
    print!("{}", Totals::of(crawl.pages()).await?);
    if let (Some(key), Some(file)) = (&arguments.export, &arguments.to) {
        let exported = crawl.export(key, file).await?;
        println!("exported {key}: {} bytes of {}", exported.size, exported.content_type);
    }
    if arguments.drop {
        crawl.drop().await?;
        println!("dropped");
    }
    Ok(())
}

async fn store(crawl: &Crawl, arguments: &Arguments) -> Result<()> {
    let files = files_in(&arguments.folder)?;
    let left = crawl.left_of(&files).await?;
    let saved = crawl.last().map_or_else(String::new, |last| format!(" (its progress was last saved at {last})"));
    println!("{} files, {} of them stored by an earlier run{saved}", files.len(), files.len() - left.len());
    let now = &left[..arguments.stop_after.unwrap_or(left.len()).min(left.len())];
    let bytes = now.iter().map(|file| file.size).sum();
    let progress = ProgressBar::new(bytes)
        .with_style(ProgressStyle::with_template("storing {wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}")?);
    for file in now {
        crawl.store(file).await?;
        progress.inc(file.size);
    }
    progress.finish_and_clear();
    println!("stored {}, {} left", now.len(), left.len() - now.len());
    Ok(())
}
