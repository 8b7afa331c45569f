//! A crawl that can be interrupted at any point and gone on with.
//!
//! Which files are stored is told by the keys of the collection alone: a walk over them is exact, whatever was added to the
//! folder or lost of the progress. The progress is an auto-saved value: whose files these are, and which was the last one.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use store_memory::{RecordMetadata, prelude::*};

use crate::folder::{File, content_type};

/// A collection of pages that are the files of one folder, and how far it has come.
#[derive(Debug)]
pub struct Crawl {
    pages: KeyValueStore,
    /// A collection of its own, so that nothing of it is among the pages.
    state: KeyValueStore,
    progress: AutoSaved<Progress>,
}

/// How far a crawl has come.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// The folder, as an absolute path; empty before the first.
    folder: String,
    /// The key of the file that was stored last. It may have been saved some files ago.
    last: Option<String>,
}

impl Crawl {
    /// Opens the crawl of this name: a new one, or one that was begun with this folder. One of another folder begins anew,
    /// and its pages are removed: the same key is another file there.
    ///
    /// # Errors
    /// For what is no name, for a folder that is not there or whose path is no text, and those of the store.
    pub async fn open(stores: &KeyValueStores, name: &str, folder: &Path) -> Result<Self> {
        let folder = folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?;
        let folder = folder.to_str().with_context(|| format!("the path {} is no text", folder.display()))?;
        let pages = stores.open(StoreName::new(name)?).await?;
        let state = stores.open(StoreName::new(format!("{name}-state"))?).await?;
        // By the id, so that pages which were dropped and begun anew do not get the progress of those before them.
        let progress = state.auto_saved(pages.id(), Progress::default()).await?;
        if progress.with(|progress| progress.folder != folder) {
            // Saved at once, and after the purge: no page is there before it is known whose.
            pages.purge().await?;
            progress.update(|progress| *progress = Progress { folder: folder.to_owned(), last: None })?;
            progress.save().await?;
        }
        Ok(Self { pages, state, progress })
    }

    /// The records.
    #[must_use]
    pub fn pages(&self) -> &KeyValueStore {
        &self.pages
    }

    /// The key of the file that was stored last, as far as it was saved.
    #[must_use]
    pub fn last(&self) -> Option<String> {
        self.progress.with(|progress| progress.last.clone())
    }

    /// Which of the files have no record yet. One that has changed since it was stored has one.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn left_of<'f>(&self, files: &'f [File]) -> Result<Vec<&'f File>> {
        let mut stored = HashSet::new();
        let mut keys = self.pages.iterate_keys().stream();
        while let Some(listed) = keys.next().await {
            stored.insert(listed?.key);
        }
        Ok(files.iter().filter(|file| !stored.contains(file.key.as_str())).collect())
    }

    /// Stores a file as a record.
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
        self.progress.update(|progress| progress.last = Some(file.key.clone()))?;
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
