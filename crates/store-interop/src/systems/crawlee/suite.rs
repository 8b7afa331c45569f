//! The suite of drivers, on the server that Crawlee shares.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use store_conformance::{ClockControl, Harness, HarnessError, Options, Status};
use store_redis::{
    AccessTimes, Config, KeyValueStoreClient, RecordLayout, RedisKeyValueStoreClient, RedisStore, Store,
};

use super::sentinel::Sentinels;
use crate::case::{Case, cases};
use crate::sides::Sides;

pub(crate) const CASES: &[Case] = cases! {
    RustWrites: [
        clauses_of_the_suite_hold_in_the_layout,
        clauses_of_the_suite_hold_behind_sentinel,
    ]
};

/// For a server in Python, which many checks use at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is left out takes a name and an alias of one text for two stores, has values of tens of megabytes, which this server
/// takes minutes for, or is about entries and arguments.
const CLAUSES: [&str; 14] = [
    "open_is_atomic",
    "get_record_after_set",
    "record_is_never_torn",
    "absent_differs_from_none",
    "delete_record_reports_removal",
    "record_operations_are_linearizable",
    "record_lists_agree_with_reads",
    "record_keys_are_in_byte_order",
    "record_pages_start_behind_a_key",
    "record_paging_is_complete",
    "metadata_counts",
    "purge_keeps_the_store",
    "dropped_is_final",
    "cancelled_record_calls_are_before_or_after",
];

struct CrawleeHarness {
    store: RedisStore,
    first: RedisKeyValueStoreClient,
    second: RedisKeyValueStoreClient,
}

impl CrawleeHarness {
    async fn start(config: Config) -> Result<Self, HarnessError> {
        let client = || {
            let builder = RedisKeyValueStoreClient::builder(config.clone()).layout(RecordLayout::crawlee());
            builder.access_times(AccessTimes::Exact).connect()
        };
        Ok(Self {
            store: RedisStore::connect_with(config.clone()).await?,
            first: client().await?,
            second: client().await?,
        })
    }
}

impl Harness for CrawleeHarness {
    fn store(&self) -> Arc<dyn Store> {
        Arc::new(self.store.clone())
    }

    fn records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(Arc::new(self.first.clone()))
    }

    fn second_records(&self) -> Option<Arc<dyn KeyValueStoreClient>> {
        Some(Arc::new(self.second.clone()))
    }

    fn clock(&self) -> ClockControl {
        ClockControl::Wall { uncertainty: Duration::ZERO }
    }
}

async fn clauses_of_the_suite_hold_in_the_layout(sides: &Sides) -> Result<()> {
    clauses_hold(sides.config()?).await
}

async fn clauses_of_the_suite_hold_behind_sentinel(sides: &Sides) -> Result<()> {
    let sentinels = Sentinels::start(sides)?;
    clauses_hold(sentinels.config()?).await
}

async fn clauses_hold(config: Config) -> Result<()> {
    let config = config.with_deadline(PATIENCE).with_connect_timeout(PATIENCE);
    let run = move || {
        let start = move || CrawleeHarness::start(config.clone());
        let options = CLAUSES.iter().fold(Options::new(), |options, clause| options.only(format!("records::{clause}")));
        store_conformance::run("redis-crawlee", start, options.threads(4))
    };
    // It has a runtime of its own.
    let report = tokio::task::spawn_blocking(run).await?;
    ensure!(report.is_success(), "{report}");
    // One that was left out, or that the driver does not offer, is a success too.
    let met: Vec<_> = report.checks().iter().filter(|check| check.status == Status::Pass).collect();
    let unmet: Vec<_> = CLAUSES.iter().filter(|clause| !met.iter().any(|check| check.clause == **clause)).collect();
    ensure!(unmet.is_empty() && met.len() == CLAUSES.len(), "{} clauses were met, without {unmet:?}", met.len());
    Ok(())
}
