//! Values that are changed in memory and saved in records.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::lock::Mutex as AsyncMutex;
use serde::Serialize;

use super::{ContentType, KeyValueStore};
use crate::codec::{Json, encode};
use crate::error::{Error, ErrorKind, Result};
use crate::forward::BoxFuture;
use crate::key::KeyBuf;

/// A value that lives in memory and is saved in a record as JSON. Made by [`KeyValueStore::auto_saved`].
///
/// Clones are handles on one value, and so is every other that is opened with the same key through a handle on the same
/// [`KeyValueStore`]; [`KeyValueStores`](super::KeyValueStores) has one of them for each collection. The collection keeps
/// the value when the last handle goes.
///
/// # Contract
/// * `auto_saved_is_one_value`: whoever opens a key of a collection, also at the same time, gets the same live value, and each sees what others have changed; nobody can change it but through `update`.
/// * `auto_saved_is_saved_whole`: a save writes what the value is at one instant; what is changed meanwhile is saved by the next one, and a failed save is told and leaves the value to be saved again.
/// * `auto_saved_unchanged_is_not_written`: only a change since the last save makes a save write.
/// * `auto_saved_ends`: closing saves the last state, refuses changes from then on with [`Closed`](ErrorKind::Closed), and may be repeated when it failed; once a handle has dropped the collection, or has got [`Dropped`](ErrorKind::Dropped) for it, changes are refused with [`Dropped`](ErrorKind::Dropped).
/// * `auto_saved_survives_panics`: a panic in a closure leaves the value usable for others, as the closure left it; one while it is serialized makes its save fail with [`InvalidArgument`](ErrorKind::InvalidArgument), and all others are saved.
///
/// The record is read when the value is opened, and only then. Whoever sets, deletes or purges it meanwhile, another process
/// or this very handle, leaves the value as it is: the next save after a change writes it over what is there, and without a
/// change nothing is written. A program that ends without closing it loses what was changed since the last save.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use std::sync::Arc;
/// use store_memory::{StoreName, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let client = Arc::new(MemoryKeyValueStoreClient::new());
/// let pages = KeyValueStore::open(client, StoreName::new("pages")?).await?;
/// let visited = pages.auto_saved("visited", Vec::<String>::new()).await?;
///
/// visited.update(|urls| urls.push("https://example.com/".into()))?;
/// assert_eq!(visited.with(|urls| urls.len()), 1);
/// visited.save().await?;
///
/// visited.update(|urls| urls.push("https://example.com/about".into()))?;
/// visited.close().await?;
/// let stored: Option<Bytes> = pages.get_value("visited").await?;
/// assert_eq!(stored.as_deref(), Some(&br#"["https://example.com/","https://example.com/about"]"#[..]));
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// # }
/// ```
pub struct AutoSaved<T> {
    pub(super) store: KeyValueStore,
    pub(super) live: Arc<Live<T>>,
}

impl<T: Serialize + Send + 'static> AutoSaved<T> {
    /// Looks at the value. `read` is run under a lock: it must not use this value again.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.live.lock().value)
    }

    /// Changes the value. `change` is run under a lock: it must not use this value again. Two threads that each change
    /// another value from within `change`, the one the value of the other, wait for each other for ever.
    ///
    /// # Errors
    /// [`Closed`](ErrorKind::Closed) and [`Dropped`](ErrorKind::Dropped); then `change` is not run.
    pub fn update<R>(&self, change: impl FnOnce(&mut T) -> R) -> Result<R> {
        let refused = |error| self.store.failed("update", Some(self.live.key.as_key()), error);
        self.store.refuse_if_dropped().map_err(refused)?;
        let mut state = self.live.lock();
        if state.closed {
            return Err(refused(Error::new(ErrorKind::Closed, "the auto-saved value was closed")));
        }
        // Before the closure, whose panic may leave half of a change.
        state.changes += 1;
        Ok(change(&mut state.value))
    }

    /// Saves the value, if it has changed. One round trip, or none.
    ///
    /// # Errors
    /// Those of [`KeyValueStore::set_value`]. The value is saved again by the next save.
    ///
    /// # Cancel safety
    /// The record is as before or as after, and the next save writes again.
    pub async fn save(&self) -> Result<()> {
        self.live.save(&self.store).await
    }

    /// Saves the last state, and refuses changes from the moment that it is called. The next one who opens the key reads
    /// the record. Idempotent. One round trip, or none.
    ///
    /// # Errors
    /// As [`save`](Self::save). Changes are refused all the same; closing it again saves again.
    ///
    /// # Cancel safety
    /// As [`save`](Self::save). Closing it again goes on.
    pub async fn close(&self) -> Result<()> {
        // Nobody opens it before it is saved.
        let mut open = self.store.values().lock().await;
        if !open.has(&self.live) {
            return Ok(());
        }
        self.live.refuse_changes();
        self.live.save(&self.store).await?;
        open.remove(&self.live.key);
        Ok(())
    }

    /// The key of its record.
    #[must_use]
    pub fn key(&self) -> &str {
        self.live.key.as_str()
    }
}

impl<T> Clone for AutoSaved<T> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), live: Arc::clone(&self.live) }
    }
}

/// Shows nothing of the value.
impl<T> fmt::Debug for AutoSaved<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoSaved").field("store", &self.store).field("key", &self.live.key).finish_non_exhaustive()
    }
}

/// A value in memory.
pub(super) struct Live<T> {
    pub(super) key: KeyBuf,
    state: Mutex<State<T>>,
    /// Whose turn it is to save: an older state must not be written over a newer one.
    turn: AsyncMutex<()>,
}

struct State<T> {
    value: T,
    /// How often it was changed.
    changes: u64,
    /// As far as these it is saved.
    saved: u64,
    closed: bool,
}

impl<T> Live<T> {
    pub(super) fn new(key: KeyBuf, value: T) -> Self {
        let state = State { value, changes: 0, saved: 0, closed: false };
        Self { key, state: Mutex::new(state), turn: AsyncMutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Serialize> Live<T> {
    /// What has to be written, and the changes that are in it.
    fn unsaved(&self) -> Option<(Result<Bytes>, u64)> {
        let state = self.lock();
        (state.changes != state.saved).then(|| (encode_or_refuse(&state.value), state.changes))
    }
}

/// One value that panics must not keep others from being saved. What it said is not told: it may show the value.
fn encode_or_refuse(value: &impl Serialize) -> Result<Bytes> {
    let panicked = |_| Err(Error::new(ErrorKind::InvalidArgument, "the value panicked while it was serialized"));
    catch_unwind(AssertUnwindSafe(|| encode(&Json, value))).unwrap_or_else(panicked)
}

/// A value of whichever type.
pub(super) trait AnyLive: Send + Sync {
    fn save<'a>(&'a self, store: &'a KeyValueStore) -> BoxFuture<'a, ()>;
    fn refuse_changes(&self);
    fn is_closed(&self) -> bool;
    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync>;
}

impl<T: Serialize + Send + 'static> AnyLive for Live<T> {
    fn save<'a>(&'a self, store: &'a KeyValueStore) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            let Some((value, changes)) = self.unsaved() else { return Ok(()) };
            let record = value.map(|value| (ContentType::JSON, value));
            store.write("save", &self.key, record).await?;
            self.lock().saved = changes;
            Ok(())
        })
    }

    fn refuse_changes(&self) {
        self.lock().closed = true;
    }

    fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn into_any(self: Arc<Self>) -> Arc<dyn Any + Send + Sync> {
        self
    }
}

impl fmt::Debug for dyn AnyLive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}
