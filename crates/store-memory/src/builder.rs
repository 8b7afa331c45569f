//! Settings of a store, and what it is built of.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use ahash::RandomState;
use parking_lot::{Mutex, RwLock};
use store_core::{BatchAtomicity, Capabilities, Clock, Eviction, Lifetime, Listing, SystemClock, Topology};

use crate::budget::Budget;
use crate::engine::Engine;
use crate::locks::Locks;
use crate::shard::Shard;
use crate::sweeper;

/// Reads share a lock and no lock is held for long, so this many serve dozens of threads; and a table of a million
/// entries grows in pieces small enough that nobody notices.
const DEFAULT_SHARDS: usize = 64;

const MAX_SHARDS: usize = 1 << 16;

/// Unless their number is set, the shards of a store with a limit have at least this share of it: the fewer entries a
/// shard has, the less eviction can choose among them.
const MIN_LIMIT_PER_SHARD: usize = 4 * 1024 * 1024;

const DEFAULT_SWEEP_INTERVAL: Duration = Duration::from_secs(1);

const MIN_SWEEP_INTERVAL: Duration = Duration::from_millis(1);

/// Settings of a [`MemoryStore`](crate::MemoryStore) or a [`MemoryCache`](crate::MemoryCache); made by their `builder`.
///
/// ```
/// use std::time::Duration;
/// use store_memory::{Lifetime, MemoryCache, Ttl};
///
/// let cache = MemoryCache::builder()
///     .limit_bytes(64 * 1024 * 1024)
///     .default_lifetime(Lifetime::In(Ttl::new(Duration::from_secs(60))?))
///     .build();
/// assert_eq!(cache.bytes_used(), 0);
/// # Ok::<(), store_memory::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is built before `build`"]
pub struct Builder<T> {
    clock: Option<Box<dyn Clock>>,
    limit_bytes: Option<usize>,
    pub(crate) default_lifetime: Lifetime,
    max_value_bytes: Option<usize>,
    shards: Option<usize>,
    sweep_interval: Option<Duration>,
    built: PhantomData<fn() -> T>,
}

impl<T> Builder<T> {
    pub(crate) fn new(default_lifetime: Lifetime) -> Self {
        Self {
            clock: None,
            limit_bytes: None,
            default_lifetime,
            max_value_bytes: None,
            shards: None,
            sweep_interval: Some(DEFAULT_SWEEP_INTERVAL),
            built: PhantomData,
        }
    }

    /// Sets the clock by which entries expire. [`SystemClock`] by default; tests take a
    /// [`ManualClock`](store_core::ManualClock), and a [`CoarseClock`](crate::CoarseClock) makes hits faster. It is read
    /// while a lock is held, so it must neither wait nor use the store. How far its plain reads may lag is declared as the
    /// store's [`expiry_granularity`](store_core::Capabilities::expiry_granularity).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Limits what all entries may cost, in bytes: keys, values and an overhead for each entry and each namespace. By
    /// default there is no limit, and nothing is ever evicted. See the [crate's documentation](crate#a-limit-in-bytes).
    pub fn limit_bytes(mut self, bytes: usize) -> Self {
        self.limit_bytes = Some(bytes);
        self
    }

    /// Sets the lifetime that [`Expiry::Default`](store_core::Expiry::Default) means: never for a store and
    /// [300 s](store_core::DEFAULT_CACHE_TTL) for a cache by default.
    pub fn default_lifetime(mut self, lifetime: Lifetime) -> Self {
        self.default_lifetime = lifetime;
        self
    }

    /// Sets the longest value that is accepted, in bytes; a longer one is
    /// [`TooLarge`](store_core::ErrorKind::TooLarge). 64 MiB by default.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.max_value_bytes = Some(bytes);
        self
    }

    /// Sets the number of shards, each with a lock of its own; it is rounded up to a power of two, at most 65,536. By
    /// default 64, and fewer where a limit would leave less than 4 MiB to each.
    ///
    /// More of them mean less waiting for locks, and shorter pauses when a table of very many entries grows.
    pub fn shards(mut self, shards: usize) -> Self {
        self.shards = Some(shards);
        self
    }

    /// Sets how often expired entries are freed: every second by default, at least 1 ms. It moves no expiry.
    pub fn sweep_interval(mut self, interval: Duration) -> Self {
        self.sweep_interval = Some(interval.max(MIN_SWEEP_INTERVAL));
        self
    }

    /// Starts no sweeper. For tokio runtimes without timers, on which its task would panic.
    pub fn without_sweeper(mut self) -> Self {
        self.sweep_interval = None;
        self
    }

    pub(crate) fn build_engine(self) -> Arc<Engine> {
        let shards = self.shards.unwrap_or_else(|| default_shards(self.limit_bytes)).min(MAX_SHARDS);
        let capabilities = self.capabilities();
        let clock = self.clock.unwrap_or_else(|| Box::new(SystemClock::new()));
        let engine = Arc::new(Engine {
            capabilities: capabilities.with_expiry_granularity(clock.lag()),
            clock,
            hasher: RandomState::new(),
            shards: (0..shards.next_power_of_two()).map(|_| RwLock::new(Some(Shard::default()))).collect(),
            budget: Budget::new(self.limit_bytes),
            locks: Locks::new(),
            alive: Mutex::new(None),
        });
        if let Some(interval) = self.sweep_interval {
            sweeper::start(&engine, interval);
        }
        engine
    }

    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::minimal("memory", Topology::InProcess)
            .with_value_conditions()
            .with_renewal()
            .with_take()
            .with_counters()
            .with_batch_atomicity(BatchAtomicity::All)
            .with_snapshot_reads()
            .with_listing(Listing::Unordered)
            .with_locks()
            .with_eviction(if self.limit_bytes.is_some() { Eviction::WhenFull } else { Eviction::Never });
        match self.max_value_bytes {
            Some(bytes) => all.with_max_value_bytes(bytes),
            None => all,
        }
    }
}

fn default_shards(limit: Option<usize>) -> usize {
    let affordable = limit.map_or(DEFAULT_SHARDS, |limit| limit / MIN_LIMIT_PER_SHARD);
    1 << affordable.clamp(1, DEFAULT_SHARDS).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    #[test]
    fn a_limit_is_shared_by_few_shards() {
        for (limit, shards) in
            [(None, 64), (Some(0), 1), (Some(MIB), 1), (Some(15 * MIB), 2), (Some(16 * MIB), 4), (Some(usize::MAX), 64)]
        {
            assert_eq!(default_shards(limit), shards, "{limit:?}");
        }
    }

    #[test]
    fn any_number_of_shards_is_made_usable() {
        for (given, made) in [(0, 1), (1, 1), (3, 4), (usize::MAX, MAX_SHARDS)] {
            assert_eq!(Builder::<()>::new(Lifetime::Never).shards(given).build_engine().shards.len(), made);
        }
    }
}
