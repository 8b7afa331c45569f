//! The same calls on the same driver, made in three ways.

use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::ValueEnum;
use store_memory::{Bytes, MemoryStore, Namespaced, Store, StoreExt};

const ENTRIES: usize = 64;
const VALUE: Bytes = Bytes::from_static(&[b'v'; 100]);

/// What a call goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Through {
    Direct,
    Shared,
    Nested,
}

impl Through {
    pub(super) const ALL: [Self; 3] = [Self::Direct, Self::Shared, Self::Nested];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Operation {
    Get,
    Set,
}

impl Operation {
    pub(super) const ALL: [Self; 2] = [Self::Get, Self::Set];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
        }
    }
}

/// Stores of their own, so that none finds the entries of another.
pub(super) struct Subjects {
    keys: Vec<String>,
    direct: MemoryStore,
    shared: Arc<dyn Store>,
    nested: Namespaced<Arc<dyn Store>>,
}

impl Subjects {
    pub(super) fn new() -> Result<Self> {
        let store = || MemoryStore::builder().without_sweeper().build();
        let keys = (0..ENTRIES).map(|number| format!("session-{number:02}")).collect();
        let (shared, below): (Arc<dyn Store>, Arc<dyn Store>) = (Arc::new(store()), Arc::new(store()));
        let nested = below.namespace("shop")?.namespace("eu")?.namespace("sessions")?;
        Ok(Self { keys, direct: store(), shared, nested })
    }

    /// So many calls, one after another; each entry is written before it is read.
    pub(super) async fn call(&self, through: Through, operation: Operation, calls: usize) -> Result<()> {
        match through {
            Through::Direct => self.call_on(&self.direct, operation, calls).await,
            Through::Shared => self.call_on(&self.shared, operation, calls).await,
            Through::Nested => self.call_on(&self.nested, operation, calls).await,
        }
    }

    async fn call_on<S: Store>(&self, store: &S, operation: Operation, calls: usize) -> Result<()> {
        for key in &self.keys {
            store.set(key, VALUE).await?;
        }
        let keys = self.keys.iter().cycle().take(calls);
        match operation {
            Operation::Get => {
                let mut hits = 0;
                for key in keys {
                    hits += usize::from(store.get(key).await?.is_some());
                }
                ensure!(hits == calls, "{} of {calls} calls missed", calls - hits);
            }
            Operation::Set => {
                for key in keys {
                    store.set(key, VALUE).await?;
                }
            }
        }
        Ok(())
    }
}
