//! What entries cost, and how much of the limit is used.

use std::sync::atomic::{AtomicUsize, Ordering};

use store_core::{Error, ErrorKind, Namespace, Result, Retry};

/// What an entry costs beside key and value: its bucket with half of slack, its number and its places in its namespace
/// and in the expiry queue with a quarter, what lies before its key in its block, and the allocator's own share.
/// `tests/accounting.rs` holds the count against what the allocator is asked for.
const ENTRY_OVERHEAD: usize = 132;

/// What an entry costs whose key and value have this many bytes together.
pub(crate) fn entry_cost(key_and_value: usize) -> usize {
    ENTRY_OVERHEAD + key_and_value
}

/// What a namespace with entries costs in each shard beside its path: its record, its place in the ordered map, and the
/// smallest list of members.
const NAMESPACE_OVERHEAD: usize = 160;

/// What a namespace costs in a shard while it has entries there.
pub(crate) fn namespace_cost(namespace: &Namespace) -> usize {
    NAMESPACE_OVERHEAD + namespace.as_encoded().len()
}

/// The limit in bytes, if there is one, and what is used of it.
///
/// The bytes are counted while a shard is locked and brought under the limit after the lock is released. So the count
/// can be above the limit by what calls under way have just written, never by what a call that returned has left
/// behind. Holding the limit at every instant would gain nothing: what is about to be stored exists before any lock is
/// taken.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: Option<usize>,
    used: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit, used: AtomicUsize::new(0) }
    }

    /// Counts what a shard has grown or shrunk by. Without a limit nobody asks, and the counter that all shards share
    /// is left alone.
    pub(crate) fn settle(&self, before: usize, after: usize) {
        if self.limit.is_none() || before == after {
            return;
        }
        if after > before {
            self.used.fetch_add(after - before, Ordering::Relaxed);
        } else {
            self.used.fetch_sub(before - after, Ordering::Relaxed);
        }
    }

    /// By how much the limit is exceeded.
    pub(crate) fn excess(&self) -> usize {
        self.limit.map_or(0, |limit| self.used.load(Ordering::Relaxed).saturating_sub(limit))
    }

    /// Refuses what would not fit into an empty store, before anything is evicted for it.
    pub(crate) fn admit(&self, bytes: usize) -> Result<()> {
        match self.limit {
            Some(limit) if bytes > limit => Err(Error::new(
                ErrorKind::Full,
                format!("the write alone exceeds the limit of the store; bytes={bytes} limit={limit}"),
            )
            .with_retry(Retry::Never)),
            _ => Ok(()),
        }
    }
}
