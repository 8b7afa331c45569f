//! Collections of records with labels of their own, which are dropped when their check is over.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use store_core::{ErrorKind, KeyValueStore, KeyValueStoreClient, StoreAlias, StoreLabel, StoreName};

use crate::failure::Failure;

/// Two clients on the same data.
pub(crate) type Clients = [Arc<dyn KeyValueStoreClient>; 2];

/// What the collections of one check are called. All of it begins with the same letters, which nobody else uses.
#[derive(Debug)]
pub(crate) struct Labels {
    stem: String,
    used: Mutex<BTreeSet<StoreLabel>>,
}

impl Labels {
    /// How many collections are dropped at a time.
    const AT_ONCE: usize = 32;

    pub(crate) fn beginning_with(stem: String) -> Self {
        Self { stem, used: Mutex::default() }
    }

    pub(crate) fn of_case(&self, number: u64, clients: Clients) -> Collections<'_> {
        Collections { labels: self, stem: format!("{}-{number}", self.stem), clients }
    }

    fn used(&self, label: StoreLabel) -> StoreLabel {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(label.clone());
        label
    }

    /// Drops every collection that was used, and says whether all are gone: none is where both clients are closed, and
    /// then it stays to be dropped by others. What fails keeps no other from being dropped.
    pub(crate) async fn drop_all(&self, clients: &Clients) -> Result<AllGone, Failure> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        let drops = stream::iter(used).map(async |label| (drop_one(clients, &label).await, label));
        let dropped: Vec<_> = drops.buffer_unordered(Self::AT_ONCE).collect().await;
        let mut result = Ok(AllGone::Yes);
        for (gone, label) in dropped {
            if matches!(gone, Ok(AllGone::No)) {
                self.used(label);
            }
            if !matches!(gone, Ok(AllGone::Yes)) {
                result = result.and(gone);
            }
        }
        result
    }
}

/// Whether what a check made is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllGone {
    Yes,
    No,
}

/// By whichever client its check left open.
async fn drop_one(clients: &Clients, label: &StoreLabel) -> Result<AllGone, Failure> {
    for client in clients {
        let dropped = match KeyValueStore::open(Arc::clone(client), label.clone()).await {
            Ok(collection) => collection.drop().await,
            Err(error) => Err(error),
        };
        match dropped {
            Err(error) if error.kind() == ErrorKind::Closed => {}
            Err(error) => return Err(Failure::new(format!("cleaning up {label:?}: {error}"))),
            Ok(()) => return Ok(AllGone::Yes),
        }
    }
    Ok(AllGone::No)
}

/// The collections of one case.
pub(crate) struct Collections<'a> {
    labels: &'a Labels,
    stem: String,
    pub(crate) clients: Clients,
}

impl Collections<'_> {
    /// What the name of each collection of this case begins with.
    pub(crate) fn stem(&self) -> &str {
        &self.stem
    }

    /// A name of this case that ends so.
    pub(crate) fn named(&self, end: &str) -> Result<StoreLabel, Failure> {
        let name = StoreName::new(format!("{}-{end}", self.stem))?;
        Ok(self.labels.used(StoreLabel::Name(name)))
    }

    /// An alias of this case that ends so.
    pub(crate) fn aliased(&self, end: &str) -> Result<StoreLabel, Failure> {
        let alias = StoreAlias::new(format!("{}-{end}", self.stem))?;
        Ok(self.labels.used(StoreLabel::Alias(alias)))
    }

    /// Opens it through the first client.
    pub(crate) async fn open(&self, label: &StoreLabel) -> Result<KeyValueStore, Failure> {
        Ok(KeyValueStore::open(Arc::clone(&self.clients[0]), label.clone()).await?)
    }

    /// Opens it through the second client.
    pub(crate) async fn open_again(&self, label: &StoreLabel) -> Result<KeyValueStore, Failure> {
        Ok(KeyValueStore::open(Arc::clone(&self.clients[1]), label.clone()).await?)
    }

    /// A new collection, opened through each client.
    pub(crate) async fn make(&self) -> Result<[KeyValueStore; 2], Failure> {
        let label = self.named("c")?;
        Ok([self.open(&label).await?, self.open_again(&label).await?])
    }
}
