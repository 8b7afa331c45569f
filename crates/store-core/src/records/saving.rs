//! Which auto-saved values are open, and when they are saved: from time to time, when asked for, and at the end.

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::lock::Mutex as AsyncMutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access::decode;
use super::auto_saved::{AnyLive, Live};
use super::{AsJson, AutoSaved, KeyValueStore, KeyValueStores};
use crate::call::check_key;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{Key, KeyBuf};

impl KeyValueStore {
    /// Opens a value that lives in memory from now on and is saved as JSON; `default` where there is no record, or one
    /// whose value is nothing. One round trip, or none where it is open already; two where one that was closed still has
    /// to be saved.
    ///
    /// # Errors
    /// [`Corrupt`](ErrorKind::Corrupt) for a record that is no JSON of a `T`, which stays as it is;
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) where it is open with another type; [`Closed`](ErrorKind::Closed)
    /// after [`close_auto_saved`](Self::close_auto_saved); where one that was closed still has to be saved, as
    /// [`AutoSaved::save`].
    ///
    /// # Cancel safety
    /// Dropping it changes nothing but the time of the last access.
    pub async fn auto_saved<T>(&self, key: &str, default: T) -> Result<AutoSaved<T>>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let operation = "auto_saved";
        let checked = check_key(self.client().capabilities(), key).map(Key::to_buf);
        let key = checked.map_err(|error| self.failed(operation, None, error))?;
        let failed = |error| self.failed(operation, Some(key.as_key()), error);
        let mut open = self.values().lock().await;
        self.refuse_if_dropped().map_err(failed)?;
        if open.closed {
            return Err(failed(Error::new(ErrorKind::Closed, "the auto-saved values of the collection were closed")));
        }
        if let Some(live) = open.by_key.get(&key) {
            if !live.is_closed() {
                let live = Arc::clone(live).into_any().downcast().map_err(|_| failed(other_type()))?;
                return Ok(AutoSaved { store: self.clone(), live });
            }
            live.save(self).await?;
        }
        let record = self.read(operation, &key).await?;
        let stored = record.map(|record| decode::<Option<AsJson<T>>>(self, operation, &record)).transpose()?;
        let value = stored.flatten().map_or(default, |AsJson(value)| value);
        let live = Arc::new(Live::new(key.clone(), value));
        open.by_key.insert(key, live.clone());
        Ok(AutoSaved { store: self.clone(), live })
    }

    /// Saves every auto-saved value that has changed. One round trip for each.
    ///
    /// # Errors
    /// The first one; the other values are saved all the same, and those that were not are saved again by the next call.
    ///
    /// # Cancel safety
    /// Each record is as before or as after; the next call goes on.
    pub async fn save_auto_saved(&self) -> Result<()> {
        let open: Vec<_> = self.values().lock().await.by_key.values().cloned().collect();
        let mut saved = Ok(());
        for live in open {
            saved = saved.and(live.save(self).await);
        }
        saved
    }

    /// Closes every auto-saved value, and lets none be opened from then on. One round trip for each that has changed.
    ///
    /// # Errors
    /// As [`save_auto_saved`](Self::save_auto_saved).
    ///
    /// # Cancel safety
    /// As [`save_auto_saved`](Self::save_auto_saved).
    pub async fn close_auto_saved(&self) -> Result<()> {
        let mut open = self.values().lock().await;
        open.closed = true;
        for live in open.by_key.values() {
            live.refuse_changes();
        }
        let mut saved = Ok(());
        for live in open.by_key.values() {
            saved = saved.and(live.save(self).await);
        }
        saved
    }
}

impl KeyValueStores {
    /// Saves the auto-saved values of all open collections, as [`KeyValueStore::save_auto_saved`].
    ///
    /// # Errors
    /// The first one; the other values are saved all the same, and those that were not are saved again by the next call.
    ///
    /// # Cancel safety
    /// Each record is as before or as after; the next call goes on.
    pub async fn save(&self) -> Result<()> {
        let mut saved = Ok(());
        for instance in self.instances() {
            saved = saved.and(instance.save_auto_saved().await);
        }
        saved
    }

    /// Saves all auto-saved values every `period`, and gives what could not be saved to `report`. It ends at the end of
    /// the period in which this is closed.
    ///
    /// This crate knows no timer and spawns nothing: `sleep` is that of the program's runtime, as `tokio::time::sleep`,
    /// and the program spawns the future where it likes. A task that keeps it and does not poll it while it awaits
    /// [`close`](Self::close) may wait for ever: for a save under way that only polling ends.
    ///
    /// # Cancel safety
    /// As [`save`](Self::save); values are saved no longer.
    pub async fn save_every<F: Future<Output = ()>>(
        &self,
        period: Duration,
        sleep: impl Fn(Duration) -> F,
        mut report: impl FnMut(Error),
    ) {
        while !self.is_closed() {
            sleep(period).await;
            if let Err(error) = self.save().await {
                report(error);
            }
        }
    }

    /// Closes all auto-saved values, as [`KeyValueStore::close_auto_saved`], and lets no collection be opened any more.
    /// Handles that are there keep working, and so does the client.
    ///
    /// # Errors
    /// The first one; the other values are saved all the same. Closing again saves again what was not.
    ///
    /// # Cancel safety
    /// As [`save`](Self::save); closing again goes on.
    pub async fn close(&self) -> Result<()> {
        self.mark_closed();
        let mut closed = Ok(());
        for instance in self.instances() {
            closed = closed.and(instance.close_auto_saved().await);
        }
        closed
    }
}

impl KeyValueStore {
    /// What lives in memory is refused like what is asked of the backend.
    pub(super) fn refuse_if_dropped(&self) -> Result<()> {
        if self.is_dropped() { Err(Error::new(ErrorKind::Dropped, "the collection was dropped")) } else { Ok(()) }
    }
}

fn other_type() -> Error {
    Error::new(ErrorKind::InvalidArgument, "the auto-saved value is open with another type")
}

/// The auto-saved values of one collection. Locked while one of them is read or closed, so that no key has two.
pub(super) type Values = AsyncMutex<Open>;

/// Those that are open, and those that are closed and still have to be saved.
#[derive(Debug, Default)]
pub(super) struct Open {
    closed: bool,
    by_key: HashMap<KeyBuf, Arc<dyn AnyLive>>,
}

impl Open {
    /// Whether this one is the value of its key.
    pub(super) fn has<T>(&self, live: &Arc<Live<T>>) -> bool {
        self.by_key.get(&live.key).is_some_and(|there| std::ptr::addr_eq(Arc::as_ptr(there), Arc::as_ptr(live)))
    }

    pub(super) fn remove(&mut self, key: &KeyBuf) {
        self.by_key.remove(key);
    }
}
