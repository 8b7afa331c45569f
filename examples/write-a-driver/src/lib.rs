//! A driver of one's own: a cache in a `BTreeMap` behind a mutex, in about two hundred lines with comments.
//!     cargo test -p write-a-driver
//! Runs the public conformance suite against it; see `tests/conformance.rs`.
//!
//! A driver implements [`Store`], and [`Cache`] if it has counters and batches. Whoever uses it calls `StoreExt` and
//! `CacheExt`, which check every argument first. So nothing here looks at the length of a key, at a lifetime of zero
//! or at an option that is not declared: such calls never arrive.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use store_core::{
    Address, Bytes, Cache, Capabilities, Clock, Condition, Cursor, DEFAULT_CACHE_TTL, DeleteOptions, Entry, Error,
    ExpireOptions, ExpiresAt, ExpiryRead, GetOptions, KeyBuf, Lifetime, ListOptions, ListedKey, Listing, Namespace,
    Page, Remaining, Result, Scope, SetOptions, SetOutcome, Store, Timestamp, Topology, WriteExpiry, async_trait,
};

// What is left out here (renewal, take, atomic batches, snapshots) is refused before it gets to us, and the suite checks
// that it is. Declaring too little costs a feature; declaring too much breaks a promise.
static CAPABILITIES: Capabilities =
    Capabilities::minimal("tree", Topology::InProcess).with_value_conditions().with_listing(Listing::ByteOrder);

/// A cache in this process. Clones share the entries.
///
/// An entry that expired is never seen again, but its memory is freed only when its key is met the next time: right
/// for a bounded set of keys, and the reason why a driver for everyone has a sweeper as well.
#[derive(Clone)]
pub struct TreeCache {
    // `None` once the cache is closed, so that no operation can forget to ask.
    tree: Arc<Mutex<Option<Tree>>>,
    clock: Arc<dyn Clock>,
}

impl TreeCache {
    /// An empty cache that judges expiry by `clock`: a `SystemClock`, or a `ManualClock` in tests that do not sleep.
    #[must_use]
    pub fn new(clock: impl Clock) -> Self {
        Self { tree: Arc::new(Mutex::new(Some(Tree::default()))), clock: Arc::new(clock) }
    }

    /// Carries out one operation, alone and at one instant.
    ///
    /// The operation is a closure that cannot await, so no lock is ever held across an await. The clock is read under
    /// the lock: read before it, a slow caller would judge by a time that others have already left behind.
    fn alone<T>(&self, operation: impl FnOnce(&mut Tree, Timestamp) -> T) -> Result<T> {
        // No step below leaves the tree half changed, so it is as good after a panic elsewhere as before.
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = tree.as_mut().ok_or_else(Error::closed)?;
        Ok(operation(tree, self.clock.now()))
    }
}

/// Shows neither keys nor values: a store ends up in somebody's log sooner or later.
impl fmt::Debug for TreeCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeCache").field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The entries. [`ListedKey`] orders by namespace, then by key, which is the order that listing promises.
#[derive(Default)]
struct Tree(BTreeMap<ListedKey, Stored>);

struct Stored {
    value: Bytes,
    expires_at: ExpiresAt,
}

impl Tree {
    /// The entry, if there is one now. Every operation comes through here, so that none can see an expired entry.
    fn live(&mut self, at: &ListedKey, now: Timestamp) -> Option<&mut Stored> {
        if self.0.get(at)?.expires_at.is_past(now) {
            self.0.remove(at);
        }
        self.0.get_mut(at)
    }

    fn write(&mut self, at: ListedKey, value: Bytes, expiry: WriteExpiry, now: Timestamp) {
        let kept = self.live(&at, now).map(|stored| stored.expires_at);
        // An expiry in the past is stored like any other, and never seen.
        self.0.insert(at, Stored { value, expires_at: expiry.expires_at(kept, now) });
    }
}

fn owned(at: Address<'_>) -> ListedKey {
    ListedKey::new(at.namespace.clone(), at.key.to_buf())
}

#[async_trait]
impl Store for TreeCache {
    fn capabilities(&self) -> &Capabilities {
        &CAPABILITIES
    }

    fn default_lifetime(&self) -> Lifetime {
        Lifetime::In(DEFAULT_CACHE_TTL)
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.alone(|tree, now| {
            let stored = tree.live(&owned(at), now)?;
            let entry = Entry::new(stored.value.clone());
            Some(match options.expiry {
                ExpiryRead::Skip => entry,
                ExpiryRead::Include => entry.with_expires_at(stored.expires_at),
            })
        })
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        self.alone(|tree, now| {
            let at = owned(at);
            let current = tree.live(&at, now);
            let holds = match options.condition {
                Condition::Always => true,
                Condition::IfAbsent => current.is_none(),
                Condition::IfPresent => current.is_some(),
                Condition::IfValue(expected) => current.is_some_and(|stored| stored.value == expected),
                // A condition newer than this driver. To ignore it would be to break it.
                _ => return Err(Error::unsupported("condition")),
            };
            if !holds {
                return Ok(SetOutcome::Refused);
            }
            tree.write(at, value, options.expiry, now);
            Ok(SetOutcome::Stored)
        })?
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.alone(|tree, now| {
            let at = owned(at);
            let Some(stored) = tree.live(&at, now) else { return false };
            let holds = options.if_value.is_none_or(|expected| stored.value == expected);
            holds && tree.0.remove(&at).is_some()
        })
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.alone(|tree, now| {
            let stored = tree.live(&owned(at), now);
            stored.map(|stored| stored.expires_at = options.lifetime.expires_at(now)).is_some()
        })
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.alone(|tree, now| tree.live(&owned(at), now).map(|stored| stored.expires_at.remaining(now)))
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        let start = match &options.cursor {
            Some(cursor) => Bound::Excluded(place_of(cursor, namespace)?),
            None => Bound::Included(ListedKey::new(namespace.clone(), KeyBuf::new(LEAST_KEY)?)),
        };
        self.alone(|tree, now| {
            let keys: Vec<_> = (tree.0.range((start, Bound::Unbounded)))
                .take_while(|(at, _)| match options.scope {
                    Scope::Namespace => at.namespace == *namespace,
                    Scope::Subtree => at.namespace.as_encoded().starts_with(namespace.as_encoded()),
                })
                // Whatever is nested in `app` begins with `app`, but so does its sibling `apple`: the prefix only ends
                // the walk, `is_within` decides.
                .filter(|(at, stored)| at.namespace.is_within(namespace) && !stored.expires_at.is_past(now))
                .map(|(at, _)| at.clone())
                .take(options.limit.get())
                .collect();
            let full = keys.len() == options.limit.get();
            let next = keys.last().filter(|_| full).map(cursor_after);
            Page::new(keys, next)
        })
    }

    async fn ping(&self) -> Result<()> {
        self.alone(|_, _| ())
    }

    async fn close(&self) -> Result<()> {
        *self.tree.lock().unwrap_or_else(PoisonError::into_inner) = None;
        Ok(())
    }
}

/// Sorts before or with every other key.
const LEAST_KEY: &str = "\0";

/// Between namespace and key in a cursor. The encoded form of a namespace never contains it.
const CURSOR_SEPARATOR: char = ':';

/// A cursor names the last key that was handed out, not a position: it holds when that key is gone, and when the
/// process that made it is.
fn cursor_after(last: &ListedKey) -> Cursor {
    Cursor::new(format!("{}{CURSOR_SEPARATOR}{}", last.namespace.as_encoded(), last.key))
}

/// Cursors come back from outside, so whatever this driver would not have written for this namespace is refused.
fn place_of(cursor: &Cursor, listed: &Namespace) -> Result<ListedKey> {
    let parse = || {
        let (namespace, key) = cursor.as_str().split_once(CURSOR_SEPARATOR)?;
        let namespace = Namespace::from_encoded(namespace).filter(|namespace| namespace.is_within(listed))?;
        Some(ListedKey::new(namespace, KeyBuf::new(key).ok()?))
    };
    parse().ok_or_else(Cursor::invalid)
}

// Batches come for free, as loops; that is what `BatchAtomicity::PerKey`, the default of `minimal`, says about them.
// Counters come for free too, by compare-and-set, because value conditions are declared.
impl Cache for TreeCache {}
