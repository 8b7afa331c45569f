//! What a collection holds, from the metadata of its records: no value is read.

use std::collections::BTreeMap;
use std::fmt;

use store_memory::{Result, prelude::*};

/// How many records there are of each content type, and how large they are.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Totals(BTreeMap<String, Total>);

/// Of one content type, or of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
struct Total {
    records: u64,
    bytes: u64,
}

impl Totals {
    /// Counts what is there.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn of(pages: &KeyValueStore) -> Result<Self> {
        let mut totals = Self::default();
        let mut keys = pages.iterate_keys().stream();
        while let Some(listed) = keys.next().await {
            let listed = listed?;
            totals.0.entry(listed.content_type.to_string()).or_default().add(Total { records: 1, bytes: listed.size });
        }
        Ok(totals)
    }

    fn sum(&self) -> Total {
        let mut sum = Total::default();
        self.0.values().for_each(|total| sum.add(*total));
        sum
    }
}

impl Total {
    fn add(&mut self, more: Self) {
        self.records += more.records;
        self.bytes += more.bytes;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (content_type, Total { records, bytes }) in &self.0 {
            writeln!(f, "{records:>8} {bytes:>12} bytes  {content_type}")?;
        }
        let Total { records, bytes } = self.sum();
        writeln!(f, "{records:>8} {bytes:>12} bytes  in all")
    }
}
