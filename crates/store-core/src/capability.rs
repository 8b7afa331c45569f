//! What a driver promises beyond the required, and within which limits.

use std::time::Duration;

use crate::key::Key;

/// Whether something is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Support {
    /// Answers `Unsupported`.
    No,
    /// Works as promised.
    Yes,
}

impl Support {
    /// Whether it is [`Support::Yes`].
    #[must_use]
    pub fn is_supported(self) -> bool {
        self == Self::Yes
    }
}

/// How much of a batch is applied in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BatchAtomicity {
    /// Each key by itself; a reader may see a part of the batch.
    PerKey,
    /// The whole batch.
    All,
}

/// Whether and in which order keys can be enumerated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listing {
    /// Not at all; then there is no `clear` either.
    None,
    /// In no particular order; a key may come up more than once.
    Unordered,
    /// By the bytes of the key within one namespace, each exactly once.
    ByteOrder,
}

/// Whether entries may go before they expire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Eviction {
    /// Never.
    Never,
    /// Yes, when the backend runs out of room.
    WhenFull,
}

/// What reads see of the latest writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reads {
    /// All of them: reads are answered by whoever answers writes.
    Latest,
    /// Possibly not yet all of them: reads may be answered by replicas, which lag behind. No clause that speaks of a
    /// read after a write holds then, and none on expiry; the suite is not for such a store.
    MayBeStale,
}

/// What stands behind a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topology {
    /// The process itself.
    InProcess,
    /// One server.
    Standalone,
    /// A primary and its replicas, one of which takes its place when it fails (Redis Sentinel).
    Sentinel,
    /// Several primaries that share the keys among them, each with replicas (Redis Cluster).
    Cluster,
}

/// What a driver declares.
///
/// # Contract
/// * `capabilities_are_kept`: what is declared works.
/// * `undeclared_is_unsupported`: what is not declared answers [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) and has no effect; this is decided once, above the driver, so that a driver older than an option cannot ignore it silently.
/// * `value_limits`: values are any bytes, empty ones included, up to [`max_value_bytes`](Self::max_value_bytes); a longer one is [`TooLarge`](crate::ErrorKind::TooLarge), and nothing is sent.
/// * `batch_limits`: a batch has at most [`max_batch_items`](Self::max_batch_items) items; a larger one is [`TooLarge`](crate::ErrorKind::TooLarge), and nothing is sent.
///
/// A layer reports the capabilities that are left with it in place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// The driver's name in errors and reports: lowercase, such as `"memory"`.
    pub driver: &'static str,
    /// Conditions on the stored value: `set … if_value`, `delete … if_value`. Conditions on presence are required of every driver.
    pub value_conditions: Support,
    /// `get` with renewal.
    pub renewal: Support,
    /// `take`.
    pub take: Support,
    /// Counters, where the driver is a cache. With value conditions they work without an implementation of their own.
    pub counters: Support,
    /// Atomicity of `set_many`, where the driver is a cache.
    pub batch_atomicity: BatchAtomicity,
    /// Whether all answers of a `get_many` are of one instant, where the driver is a cache.
    pub snapshot_reads: Support,
    /// Enumeration, and with it `clear`.
    pub listing: Listing,
    /// Locks.
    pub locks: Support,
    /// Writes that wait for replicas: [`Durability::Replicated`](crate::Durability::Replicated). It says that they are
    /// waited for, not that there are any.
    pub replication: Support,
    /// The longest key in bytes, at most [`Key::MAX_BYTES`].
    pub max_key_bytes: usize,
    /// The longest value in bytes. 64 MiB unless the driver says otherwise.
    pub max_value_bytes: usize,
    /// The largest batch in items. 65,536 unless the driver says otherwise.
    pub max_batch_items: usize,
    /// How long after its expiry an entry may still be seen. Zero unless the driver says otherwise.
    pub expiry_granularity: Duration,
    /// Whether entries may go before they expire.
    pub eviction: Eviction,
    /// What reads see of the latest writes.
    pub reads: Reads,
    /// What stands behind the driver.
    pub topology: Topology,
}

impl Capabilities {
    /// The least that a driver can declare: everything optional is absent, limits are the usual ones.
    #[must_use]
    pub const fn minimal(driver: &'static str, topology: Topology) -> Self {
        Self {
            driver,
            value_conditions: Support::No,
            renewal: Support::No,
            take: Support::No,
            counters: Support::No,
            batch_atomicity: BatchAtomicity::PerKey,
            snapshot_reads: Support::No,
            listing: Listing::None,
            locks: Support::No,
            replication: Support::No,
            max_key_bytes: Key::MAX_BYTES,
            max_value_bytes: 64 * 1024 * 1024,
            max_batch_items: 65_536,
            expiry_granularity: Duration::ZERO,
            eviction: Eviction::Never,
            reads: Reads::Latest,
            topology,
        }
    }

    /// Declares conditions on the stored value, and with them counters, which are built on them.
    #[must_use]
    pub const fn with_value_conditions(mut self) -> Self {
        self.value_conditions = Support::Yes;
        self.counters = Support::Yes;
        self
    }

    /// Declares renewal.
    #[must_use]
    pub const fn with_renewal(mut self) -> Self {
        self.renewal = Support::Yes;
        self
    }

    /// Declares `take`.
    #[must_use]
    pub const fn with_take(mut self) -> Self {
        self.take = Support::Yes;
        self
    }

    /// Declares counters.
    #[must_use]
    pub const fn with_counters(mut self) -> Self {
        self.counters = Support::Yes;
        self
    }

    /// Declares how much of a `set_many` is applied in one step.
    #[must_use]
    pub const fn with_batch_atomicity(mut self, atomicity: BatchAtomicity) -> Self {
        self.batch_atomicity = atomicity;
        self
    }

    /// Declares that all answers of a `get_many` are of one instant.
    #[must_use]
    pub const fn with_snapshot_reads(mut self) -> Self {
        self.snapshot_reads = Support::Yes;
        self
    }

    /// Declares enumeration.
    #[must_use]
    pub const fn with_listing(mut self, listing: Listing) -> Self {
        self.listing = listing;
        self
    }

    /// Declares locks.
    #[must_use]
    pub const fn with_locks(mut self) -> Self {
        self.locks = Support::Yes;
        self
    }

    /// Declares writes that wait for replicas.
    #[must_use]
    pub const fn with_replication(mut self) -> Self {
        self.replication = Support::Yes;
        self
    }

    /// Sets the longest key in bytes; more than [`Key::MAX_BYTES`] has no effect.
    #[must_use]
    pub const fn with_max_key_bytes(mut self, bytes: usize) -> Self {
        self.max_key_bytes = bytes;
        self
    }

    /// Sets the longest value in bytes.
    #[must_use]
    pub const fn with_max_value_bytes(mut self, bytes: usize) -> Self {
        self.max_value_bytes = bytes;
        self
    }

    /// Sets the largest batch in items.
    #[must_use]
    pub const fn with_max_batch_items(mut self, items: usize) -> Self {
        self.max_batch_items = items;
        self
    }

    /// Sets how long after its expiry an entry may still be seen.
    #[must_use]
    pub const fn with_expiry_granularity(mut self, granularity: Duration) -> Self {
        self.expiry_granularity = granularity;
        self
    }

    /// Declares whether entries may go before they expire.
    #[must_use]
    pub const fn with_eviction(mut self, eviction: Eviction) -> Self {
        self.eviction = eviction;
        self
    }

    /// Declares what reads see of the latest writes.
    #[must_use]
    pub const fn with_reads(mut self, reads: Reads) -> Self {
        self.reads = reads;
        self
    }
}
