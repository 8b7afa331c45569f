//! Whether a file is what this driver leaves behind: pages that are whole, and tables that agree with each other.

use std::collections::BTreeSet;
use std::path::Path;

use redb::{Database, ReadTransaction, ReadableTable, ReadableTableMetadata};
use store_core::{Result, Timestamp};

use crate::error::{Failure, corrupt, guarded};
use crate::records::parse_label;
use crate::row;
use crate::store::named;
use crate::tables::{
    COLLECTIONS, DESCRIPTIONS, ENTRIES, EXPIRIES, GARBAGE, LABELS, LAST_FENCING_TOKEN, LAST_GENERATION, LOCK_EXPIRIES,
    LOCKS, Location, META, Row, VALUES, timestamp,
};

/// What a [`check`] has found in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Contents {
    /// Entries, with those that have expired and were not freed yet.
    pub entries: u64,
    /// Locks, with those that have expired and were not freed yet.
    pub locks: u64,
    /// Collections of records.
    pub collections: u64,
    /// Records, with those of collections that were purged or dropped and were not freed yet.
    pub records: u64,
}

/// Checks a file that nobody has open: the checksum of every page, that every entry, lock, collection and record is one
/// that this driver writes, and that each index says what it is an index of.
///
/// It reads the whole file, and blocks its thread as long. After a crash there is no need for it: opening a file repairs
/// what has to be repaired.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_redb::Result<()> {
/// use store_redb::{RedbStore, prelude::*};
///
/// # let directory = tempfile::tempdir().expect("a directory for the example");
/// # let path = directory.path().join("data.redb");
/// let store = RedbStore::open(&path).await?;
/// store.set("k", "v").await?;
/// store.close().await?;
/// assert_eq!(store_redb::check(&path)?.entries, 1);
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`Corrupt`](store_core::ErrorKind::Corrupt) with what is damaged; otherwise as
/// [`Builder::open`](crate::Builder::open). A file that does not exist is [`Config`](store_core::ErrorKind::Config).
pub fn check(path: impl AsRef<Path>) -> Result<Contents> {
    const CACHE_BYTES: usize = 16 * 1024 * 1024;
    let location = Location::new(path.as_ref().to_owned(), CACHE_BYTES);
    let checked = location.open().and_then(|(mut database, _)| guarded(|| contents(&mut database)));
    named("check", checked.map_err(Failure::into_error))
}

fn contents(database: &mut Database) -> Result<Contents, Failure> {
    if !database.check_integrity()? {
        return Err(corrupt("a page, which redb has repaired"));
    }
    let transaction = database.begin_read()?;
    let entries = entries(&transaction)?;
    let locks = locks(&transaction)?;
    let generations = collections(&transaction)?;
    let collections = generations.len() as u64;
    let records = records(&transaction, generations)?;
    Ok(Contents { entries, locks, collections, records })
}

fn entries(transaction: &ReadTransaction) -> Result<u64, Failure> {
    let (entries, expiries) = (transaction.open_table(ENTRIES)?, transaction.open_table(EXPIRIES)?);
    let mut expiring = 0;
    for entry in entries.iter()? {
        let (row, stored) = entry?;
        row::parse(row.value()).ok_or_else(|| corrupt("the row of an entry"))?;
        if let Some(expiry) = stored.value().0 {
            is_indexed(&expiries, expiry, row.value())?;
            expiring += 1;
        }
    }
    ensure(expiries.len()? == expiring, "an expiry without its entry")?;
    Ok(entries.len()?)
}

fn locks(transaction: &ReadTransaction) -> Result<u64, Failure> {
    let (locks, expiries) = (transaction.open_table(LOCKS)?, transaction.open_table(LOCK_EXPIRIES)?);
    let last_token = number(transaction, LAST_FENCING_TOKEN)?;
    for lock in locks.iter()? {
        let (row, stored) = lock?;
        let (_, token, expiry) = stored.value();
        row::parse(row.value()).ok_or_else(|| corrupt("the row of a lock"))?;
        ensure(token <= last_token, "a fencing token that was never given")?;
        is_indexed(&expiries, expiry, row.value())?;
    }
    ensure(expiries.len()? == locks.len()?, "the expiry of a lock without its lock")?;
    Ok(locks.len()?)
}

fn is_indexed(expiries: &impl ReadableTable<(u64, Row), ()>, expiry: u64, row: &[u8]) -> Result<Timestamp, Failure> {
    ensure(expiries.get((expiry, row))?.is_some(), "an expiry that is not indexed")?;
    timestamp(expiry)
}

/// The generation of each collection.
fn collections(transaction: &ReadTransaction) -> Result<BTreeSet<u64>, Failure> {
    let (collections, labels) = (transaction.open_table(COLLECTIONS)?, transaction.open_table(LABELS)?);
    let mut generations = BTreeSet::new();
    for collection in collections.iter()? {
        let (id, stored) = collection?;
        let (label, generation, created, accessed, modified) = stored.value();
        parse_label(label).ok_or_else(|| corrupt("the label of a collection"))?;
        let leads_to = labels.get(label)?;
        ensure(leads_to.is_some_and(|leads_to| leads_to.value() == id.value()), "a label that leads elsewhere")?;
        ensure(timestamp(created)? <= timestamp(modified)?, "a collection written before it was created")?;
        ensure(timestamp(modified)? <= timestamp(accessed)?, "a collection written after its last access")?;
        ensure(generation <= number(transaction, LAST_GENERATION)?, "a generation that was never begun")?;
        ensure(generations.insert(generation), "a generation of two collections")?;
    }
    ensure(labels.len()? == generations.len() as u64, "a label without its collection")?;
    Ok(generations)
}

fn records(transaction: &ReadTransaction, mut generations: BTreeSet<u64>) -> Result<u64, Failure> {
    let (descriptions, values) = (transaction.open_table(DESCRIPTIONS)?, transaction.open_table(VALUES)?);
    for garbage in transaction.open_table(GARBAGE)?.iter()? {
        ensure(generations.insert(garbage?.0.value()), "a generation that is freed and in use")?;
    }
    for record in descriptions.iter()? {
        let (key, description) = record?;
        ensure(generations.contains(&key.value().0), "a record of no collection")?;
        let size = values.get(key.value())?.map(|value| value.value().len() as u64);
        ensure(size == Some(description.value().1), "a record without its value")?;
    }
    ensure(values.len()? == descriptions.len()?, "a value without its record")?;
    Ok(descriptions.len()?)
}

fn number(transaction: &ReadTransaction, name: &str) -> Result<u64, Failure> {
    let number = transaction.open_table(META)?.get(name)?;
    Ok(number.map_or(0, |number| number.value()))
}

fn ensure(holds: bool, what: &'static str) -> Result<(), Failure> {
    if holds { Ok(()) } else { Err(corrupt(what)) }
}
