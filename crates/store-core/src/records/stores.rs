//! The open collections of a program, one instance of each.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::lock::{Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard};

use super::{KeyValueStore, StoreLabel, StoreSelector};
use crate::client::KeyValueStoreClient;
use crate::error::{Error, ErrorKind, Result};

/// The collections that a program has open, made on first use. A program has one of these for each client.
///
/// # Contract
/// * `one_instance_each`: whoever opens a collection, also at the same time, and whether by what it is called or by its id, gets handles on one instance, as long as the collection is not dropped; a name and an alias of one text are two.
/// * `dropped_is_opened_anew`: once a handle on it has dropped a collection or has got [`Dropped`](ErrorKind::Dropped) for it, the next open makes a new instance.
/// * `purge_on_start`: where it is asked for, a collection without a name is purged when it is first opened here, once, before anybody gets it; one with a name never is, however it is opened.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use std::sync::Arc;
/// use std::time::Duration;
/// use store_memory::{StoreAlias, StoreName, prelude::*};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_core::Result<()> {
/// let client = Arc::new(MemoryKeyValueStoreClient::new());
/// let stores = Arc::new(KeyValueStores::new(client).purge_on_start());
/// let saver = tokio::spawn({
///     let stores = Arc::clone(&stores);
///     let report = |error| eprintln!("not saved: {error}");
///     async move { stores.save_every(Duration::from_secs(60), tokio::time::sleep, report).await }
/// });
///
/// let pages = stores.open(StoreName::new("pages")?).await?;
/// let errors = stores.open(StoreAlias::new("errors of this run")?).await?;
/// pages.auto_saved("count", 0_u64).await?.update(|count| *count += 1)?;
/// // The same collection, and the same value.
/// let count = stores.open(StoreName::new("pages")?).await?.auto_saved("count", 0_u64).await?;
/// assert_eq!(count.with(|count| *count), 1);
/// # let _ = errors;
///
/// stores.close().await?;
/// saver.abort();
/// assert_eq!(pages.get_value::<Bytes>("count").await?.as_deref(), Some(&b"1"[..]));
/// # Ok(())
/// # }
/// # }
/// ```
#[derive(Debug)]
pub struct KeyValueStores {
    client: Arc<dyn KeyValueStoreClient>,
    start: OnStart,
    places: Mutex<HashMap<StoreLabel, Arc<Place>>>,
    closed: AtomicBool,
}

/// What becomes of a collection without a name when it is first opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OnStart {
    Keep,
    Purge,
}

/// Where the instance of one collection is kept.
#[derive(Debug, Default)]
struct Place {
    instance: Mutex<Option<KeyValueStore>>,
    /// One at a time opens it.
    opening: AsyncMutex<Purged>,
}

/// Whether the collection of this label was purged on start.
#[derive(Debug, Default)]
struct Purged(bool);

impl KeyValueStores {
    /// Nothing is open yet.
    #[must_use]
    pub fn new(client: Arc<dyn KeyValueStoreClient>) -> Self {
        Self { client, start: OnStart::Keep, places: Mutex::default(), closed: AtomicBool::new(false) }
    }

    /// Purges each collection without a name when it is first opened: that of an alias, and the default one. They are
    /// meant for one run of a program. Other programs that have one open lose what is in it.
    #[must_use]
    pub fn purge_on_start(mut self) -> Self {
        self.start = OnStart::Purge;
        self
    }

    /// The client that collections are opened by.
    #[must_use]
    pub fn client(&self) -> &Arc<dyn KeyValueStoreClient> {
        &self.client
    }

    /// Opens a collection, and creates it unless it is chosen by its id. Nothing is sent for one that is open; else the
    /// round trips of [`KeyValueStore::open`], and one more to purge it. By its id these are made twice where what it is
    /// called is open as another collection.
    ///
    /// # Errors
    /// Those of [`KeyValueStore::open`] and [`KeyValueStore::purge`]; then nothing is kept, and the next open begins
    /// again. [`Closed`](ErrorKind::Closed) after [`close`](Self::close).
    ///
    /// # Cancel safety
    /// The collection may have been created and purged. Others who wait for it go on in its place.
    pub async fn open(&self, selector: impl Into<StoreSelector>) -> Result<KeyValueStore> {
        self.refuse_if_closed()?;
        let opened = match selector.into() {
            StoreSelector::Label(label) => self.open_labelled(label).await,
            StoreSelector::Id(id) => self.open_by_id(id).await,
        };
        let instance = opened.inspect_err(|_| let_go_of_unused(&mut lock(&self.places)))?;
        // Whoever closes marks it closed first and then looks for instances: what is let out here, that one has seen.
        self.refuse_if_closed()?;
        Ok(instance)
    }

    async fn open_labelled(&self, label: StoreLabel) -> Result<KeyValueStore> {
        let place = self.place(&label);
        let opening = place.opening.lock().await;
        match place.instance() {
            Some(instance) => Ok(instance),
            None => {
                let opened = KeyValueStore::open(Arc::clone(&self.client), label).await?;
                self.keep(&place, opening, opened).await
            }
        }
    }

    /// What an id is called is known once it is open, and only then whose turn it is to open it.
    async fn open_by_id(&self, id: String) -> Result<KeyValueStore> {
        if let Some(instance) = self.instances().into_iter().find(|instance| instance.id() == id) {
            return Ok(instance);
        }
        let selector = StoreSelector::Id(id);
        let opened = KeyValueStore::open(Arc::clone(&self.client), selector.clone()).await?;
        let place = self.place(&opened.opened().label);
        let opening = place.opening.lock().await;
        match place.instance() {
            Some(instance) if instance.id() == opened.id() => Ok(instance),
            // One of the two was dropped: this one before the lock was got, or the other without its handles knowing.
            Some(_) => {
                let opened = KeyValueStore::open(Arc::clone(&self.client), selector).await?;
                self.keep(&place, opening, opened).await
            }
            None => self.keep(&place, opening, opened).await,
        }
    }

    /// Makes the instance of a place of what was opened.
    async fn keep(
        &self,
        place: &Place,
        mut purged: AsyncMutexGuard<'_, Purged>,
        opened: KeyValueStore,
    ) -> Result<KeyValueStore> {
        let has_name = opened.opened().label.name().is_some();
        if self.start == OnStart::Purge && !has_name && !purged.0 {
            opened.purge().await?;
            purged.0 = true;
        }
        *lock(&place.instance) = Some(opened.clone());
        Ok(opened)
    }

    fn place(&self, label: &StoreLabel) -> Arc<Place> {
        let mut places = lock(&self.places);
        if !places.contains_key(label) {
            let_go_of_unused(&mut places);
        }
        Arc::clone(places.entry(label.clone()).or_default())
    }

    /// All that are open and not known to be dropped.
    pub(super) fn instances(&self) -> Vec<KeyValueStore> {
        lock(&self.places).values().filter_map(|place| place.instance()).collect()
    }

    /// Lets nothing be opened any more.
    #[cfg(feature = "json")]
    pub(super) fn mark_closed(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    fn refuse_if_closed(&self) -> Result<()> {
        if !self.is_closed() {
            return Ok(());
        }
        let driver = self.client.capabilities().driver;
        let error = Error::new(ErrorKind::Closed, "the open collections were closed");
        Err(error.with_driver(driver).with_context("open", None))
    }
}

impl Place {
    fn instance(&self) -> Option<KeyValueStore> {
        let mut instance = lock(&self.instance);
        instance.take_if(|instance| instance.is_dropped());
        instance.clone()
    }
}

/// Removes the places where nothing is open or being opened, except where it has to be known that it was purged.
fn let_go_of_unused(places: &mut HashMap<StoreLabel, Arc<Place>>) {
    places.retain(|_, place| match Arc::get_mut(place) {
        Some(place) => place.opening.get_mut().0 || place.instance().is_some(),
        // Whoever opens it has it too.
        None => true,
    });
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
