//! A crawl that can be interrupted at any point and gone on with.
//!
//! Files are stored in byte order of their keys, so that all before a position are there. How far a crawl has come is an
//! auto-saved value, which may have been saved some files ago; what is stored behind it, the keys tell.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};
use store_memory::{RecordMetadata, prelude::*};

use crate::folder::{File, content_type};

/// A collection of pages, and how far it has come.
#[derive(Debug)]
pub struct Crawl {
    pages: KeyValueStore,
    /// A collection of its own, so that nothing of it is among the pages.
    state: KeyValueStore,
    /// The key behind which the next file is stored.
    position: AutoSaved<Option<String>>,
}

impl Crawl {
    /// Opens the crawl of this name, a new one or one that was begun.
    ///
    /// # Errors
    /// For what is no name, and those of the store.
    pub async fn open(stores: &KeyValueStores, name: &str) -> Result<Self> {
        let pages = stores.open(StoreName::new(name)?).await?;
        let state = stores.open(StoreName::new(format!("{name}-state"))?).await?;
        // By the id, so that pages which were dropped and begun anew do not get the position of those before them.
        let position = state.auto_saved(pages.id(), None).await?;
        Ok(Self { pages, state, position })
    }

    /// The records.
    #[must_use]
    pub fn pages(&self) -> &KeyValueStore {
        &self.pages
    }

    /// Which of the files no earlier run has stored, whatever has become of the file since.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn left_of<'f>(&self, files: &'f [File]) -> Result<Vec<&'f File>> {
        let position = self.position.with(Clone::clone);
        let behind = position.as_ref().map_or(0, |position| files.partition_point(|file| file.key <= *position));
        let mut stored = HashSet::new();
        let mut keys = self.pages.iterate_keys().exclusive_start_key(position.as_deref()).stream();
        while let Some(listed) = keys.next().await {
            stored.insert(listed?.key);
        }
        Ok(files[behind..].iter().filter(|file| !stored.contains(file.key.as_str())).collect())
    }

    /// Stores a file as a record. Files have to come in the order of their keys.
    ///
    /// # Errors
    /// When the file cannot be read, and those of the store.
    pub async fn store(&self, file: &File) -> Result<()> {
        let bytes = tokio::fs::read(&file.path).await;
        let bytes = bytes.with_context(|| format!("cannot read {}", file.path.display()))?;
        let set = self.pages.set_value(&file.key, bytes);
        match content_type(&file.key) {
            Some(content_type) => set.content_type(content_type).await?,
            None => set.await?,
        }
        self.position.update(|position| *position = Some(file.key.clone()))?;
        Ok(())
    }

    /// Writes a record to a file, byte for byte.
    ///
    /// # Errors
    /// When there is no such record, when the file cannot be written, and those of the store.
    pub async fn export(&self, key: &str, to: &Path) -> Result<RecordMetadata> {
        let record = self.pages.get_record(key).await?;
        let record = record.with_context(|| format!("there is no record {key:?}"))?;
        tokio::fs::write(to, &record.value).await.with_context(|| format!("cannot write {}", to.display()))?;
        Ok(record.metadata())
    }

    /// Removes the crawl with all its records.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn drop(&self) -> Result<()> {
        self.pages.drop().await?;
        Ok(self.state.drop().await?)
    }
}
