//! The operations. Each task has entries of its own, and looks at each answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use store_redis::{Cache, CacheExt, StoreExt};

use crate::burst::Work;
use crate::get_set::VALUE;

#[derive(Clone, Copy)]
pub(super) enum Operation {
    Set,
    Increment,
    /// An entry that is not there, and then the same one.
    Add,
    Renew,
    SetIfValue,
}

/// What an entry is changed to, and from.
const OTHER_VALUE: &str =
    "oooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooo";

/// Another lifetime than the one that entries of a cache begin with.
const RENEWED: Duration = Duration::from_secs(60);

pub(super) struct Caller {
    cache: Arc<dyn Cache>,
    operation: Operation,
    key: String,
}

impl Caller {
    pub(super) fn new(cache: &Arc<dyn Cache>, operation: Operation) -> Self {
        /// So that no caller meets entries of an earlier one.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { cache: Arc::clone(cache), operation, key: format!("caller-{number:05}") }
    }

    async fn set(&self) -> Result<()> {
        Ok(self.cache.set(&self.key, VALUE).await?)
    }

    async fn increment(&self, number: usize) -> Result<()> {
        let sum = self.cache.increment(&self.key, 1).await?;
        ensure!(usize::try_from(sum)? == number + 1, "the counter is {sum} after {number} more");
        Ok(())
    }

    async fn add(&self, number: usize) -> Result<()> {
        let key = format!("{}-{:06}", self.key, number / 2);
        let added = self.cache.add(&key, VALUE).await?;
        ensure!(added == number.is_multiple_of(2), "an entry that was there, or one that was not");
        Ok(())
    }

    async fn renew(&self) -> Result<()> {
        let value = self.cache.get(&self.key).renew(RENEWED).await?;
        ensure!(value.is_some_and(|value| value.len() == VALUE.len()), "the server did not return what was written");
        Ok(())
    }

    async fn set_if_value(&self, number: usize) -> Result<()> {
        let [expected, next] = if number.is_multiple_of(2) { [OTHER_VALUE, VALUE] } else { [VALUE, OTHER_VALUE] };
        let outcome = self.cache.set(&self.key, next).if_value(expected).await?;
        ensure!(outcome.is_stored(), "the entry was not what it had been set to");
        Ok(())
    }
}

impl Work for Caller {
    async fn turn(&mut self, number: usize) -> Result<()> {
        match self.operation {
            Operation::Set => self.set().await,
            Operation::Increment => self.increment(number).await,
            Operation::Add => self.add(number).await,
            // The entry has to be there first.
            Operation::Renew | Operation::SetIfValue if number == 0 => self.set().await,
            Operation::Renew => self.renew().await,
            Operation::SetIfValue => self.set_if_value(number).await,
        }
    }
}
