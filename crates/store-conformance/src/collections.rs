//! Collections of records with labels of their own, which are dropped when their check is over.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use store_core::{ErrorKind, KeyValueStore, KeyValueStoreClient, StoreAlias, StoreLabel, StoreName, StoreSelector};

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

    /// Drops every collection that was used. What fails keeps no other from being dropped.
    pub(crate) async fn drop_all(&self, clients: &Clients) -> Result<Dropped, Failure> {
        let used = std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner));
        let drops = stream::iter(used).map(async |label| (drop_one(clients, &label).await, label));
        let ended: Vec<_> = drops.buffer_unordered(Self::AT_ONCE).collect().await;
        let mut result = Ok(());
        let mut dropped = Dropped { all: AllGone::Yes, leaks: Vec::new() };
        for (gone, label) in ended {
            match gone {
                Ok(Gone::Yes) => {}
                Ok(Gone::StillOpens) => dropped.leaks.push(format!("{label:?} still opens by its id after a drop")),
                Ok(Gone::No) => {
                    self.used(label);
                    dropped.all = AllGone::No;
                }
                Err(failure) => result = result.and(Err(failure)),
            }
        }
        result.map(|()| dropped)
    }
}

/// What became of the collections of a check.
pub(crate) struct Dropped {
    pub(crate) all: AllGone,
    /// Those that are there after a drop.
    pub(crate) leaks: Vec<String>,
}

/// Whether what a check made is dropped: nothing is where both clients are closed, and then it stays to be dropped by
/// others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AllGone {
    Yes,
    No,
}

enum Gone {
    Yes,
    /// No client is left that could drop it.
    No,
    StillOpens,
}

/// By whichever client its check left open.
async fn drop_one(clients: &Clients, label: &StoreLabel) -> Result<Gone, Failure> {
    for client in clients {
        match drop_by(client, label).await {
            Err(error) if error.kind() == ErrorKind::Closed => {}
            Err(error) => return Err(Failure::new(format!("cleaning up {label:?}: {error}"))),
            Ok(gone) => return Ok(gone),
        }
    }
    Ok(Gone::No)
}

async fn drop_by(client: &Arc<dyn KeyValueStoreClient>, label: &StoreLabel) -> store_core::Result<Gone> {
    let collection = KeyValueStore::open(Arc::clone(client), label.clone()).await?;
    let by_id = StoreSelector::Id(collection.id().to_owned());
    collection.drop().await?;
    match client.open_store(by_id.into()).await {
        Ok(_) => Ok(Gone::StillOpens),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Gone::Yes),
        Err(error) => Err(error),
    }
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
