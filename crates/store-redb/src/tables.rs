//! What is in the file: its tables, its format, and how it comes to be.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use redb::{Database, TableDefinition};
use store_core::{Error, ErrorKind, ExpiresAt, OpenedStore, Timestamp};

use crate::error::{Failure, corrupt, guarded};

/// Bytes that [`row`](crate::row) spells, and that sort as they are listed.
pub(crate) type Row = &'static [u8];
/// An expiry in milliseconds, unless it is never.
pub(crate) type StoredExpiry = Option<u64>;
/// A generation of a collection, and the key of a record in it.
pub(crate) type RecordKey = (u64, &'static [u8]);
/// The label, the generation of its records, and when it was created, accessed and modified.
pub(crate) type StoredCollection = (&'static [u8], u64, u64, u64, u64);
/// Owner, fencing token, expiry.
pub(crate) type StoredLock = (&'static [u8; 16], u64, u64);

/// Single numbers.
pub(crate) const META: TableDefinition<'_, &str, u64> = TableDefinition::new("meta");
pub(crate) const ENTRIES: TableDefinition<'_, Row, (StoredExpiry, &[u8])> = TableDefinition::new("entries");
/// The rows of the entries that expire, by their expiry.
pub(crate) const EXPIRIES: TableDefinition<'_, (u64, Row), ()> = TableDefinition::new("expiries");
pub(crate) const LOCKS: TableDefinition<'_, Row, StoredLock> = TableDefinition::new("locks");
/// The rows of all locks, by their expiry.
pub(crate) const LOCK_EXPIRIES: TableDefinition<'_, (u64, Row), ()> = TableDefinition::new("lock_expiries");
/// By id.
pub(crate) const COLLECTIONS: TableDefinition<'_, &[u8], StoredCollection> = TableDefinition::new("collections");
/// The ids by label.
pub(crate) const LABELS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("labels");
/// Content type and size of each record, apart from the value: so a page of keys reads no values.
pub(crate) const DESCRIPTIONS: TableDefinition<'_, RecordKey, (&[u8], u64)> = TableDefinition::new("descriptions");
pub(crate) const VALUES: TableDefinition<'_, RecordKey, &[u8]> = TableDefinition::new("values");
/// The generations that were purged or dropped, and whose records are still to be freed.
pub(crate) const GARBAGE: TableDefinition<'_, u64, ()> = TableDefinition::new("garbage");

/// The format that this version of the driver reads and writes, in [`META`].
const FORMAT: &str = "format";
const FORMAT_VERSION: u64 = 1;
/// The time of the last step that was committed, in [`META`].
pub(crate) const TIME: &str = "time";
/// In [`META`].
pub(crate) const LAST_FENCING_TOKEN: &str = "last_fencing_token";
/// In [`META`].
pub(crate) const LAST_GENERATION: &str = "last_generation";

pub(crate) fn stored_expiry(expires_at: ExpiresAt) -> StoredExpiry {
    match expires_at {
        ExpiresAt::Never => None,
        ExpiresAt::At(time) => Some(time.as_unix_millis()),
    }
}

pub(crate) fn expires_at(stored: StoredExpiry) -> Result<ExpiresAt, Failure> {
    stored.map_or(Ok(ExpiresAt::Never), |millis| timestamp(millis).map(ExpiresAt::At))
}

pub(crate) fn timestamp(millis: u64) -> Result<Timestamp, Failure> {
    Timestamp::from_unix_millis(millis).ok_or_else(|| corrupt("a time"))
}

/// Where the file is, and how much memory is kept for its pages.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) path: PathBuf,
    cache_bytes: usize,
    #[cfg(test)]
    pub(crate) faults: crate::faults::Faults,
}

impl Location {
    pub(crate) fn new(path: PathBuf, cache_bytes: usize) -> Self {
        Self {
            path,
            cache_bytes,
            #[cfg(test)]
            faults: crate::faults::Faults::default(),
        }
    }

    /// Makes the file if there is none.
    pub(crate) fn create(&self) -> Result<(), Failure> {
        match self.path.try_exists() {
            Ok(true) => Ok(()),
            Ok(false) => guarded(|| create(&self.path)),
            Err(error) => Err(redb::StorageError::from(error).into()),
        }
    }

    /// Opens the file, which has to be there, and tells when it was last written.
    pub(crate) fn open(&self) -> Result<(Database, Timestamp), Failure> {
        guarded(|| {
            let database = self.open_database(redb::Builder::new().set_cache_size(self.cache_bytes))?;
            let time = read_meta(&database)?;
            Ok((database, time))
        })
    }

    #[cfg(not(test))]
    fn open_database(&self, builder: &redb::Builder) -> Result<Database, redb::DatabaseError> {
        builder.open(&self.path)
    }

    #[cfg(test)]
    fn open_database(&self, builder: &redb::Builder) -> Result<Database, redb::DatabaseError> {
        self.faults.open(builder, &self.path)
    }
}

/// Refuses a format that is not ours. The time is the epoch where nothing was ever written.
fn read_meta(database: &Database) -> Result<Timestamp, Failure> {
    let transaction = database.begin_read()?;
    let meta = transaction.open_table(META).map_err(|error| match error {
        redb::TableError::Storage(error) => error.into(),
        _ => foreign(),
    })?;
    let number = |name| meta.get(name).map(|number| number.map(|number| number.value()));
    match number(FORMAT)? {
        Some(FORMAT_VERSION) => timestamp(number(TIME)?.unwrap_or_default()),
        Some(version) => Err(Failure::Refused(Error::new(
            ErrorKind::Config,
            format!("the file was written by another version of this driver; format={version} known={FORMAT_VERSION}"),
        ))),
        None => Err(foreign()),
    }
}

fn foreign() -> Failure {
    Failure::Refused(Error::new(ErrorKind::Corrupt, "the file is one of redb, but none of this driver"))
}

/// Makes the file elsewhere and gives it its name once it is whole: one whose maker died half-way could not be told from
/// one that is damaged. Of several who make it, one gives it its name, and all open that.
fn create(path: &Path) -> Result<(), Failure> {
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}.new", OpenedStore::random_id()));
    let unfinished = PathBuf::from(unfinished);
    let made = fill(&unfinished).and_then(|()| match fs::hard_link(&unfinished, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(redb::StorageError::from(error).into()),
        _ => Ok(sync_directory(path)?),
    });
    let removed = fs::remove_file(&unfinished).map_err(redb::StorageError::from);
    made?;
    Ok(removed?)
}

fn fill(path: &Path) -> Result<(), Failure> {
    let database = redb::Builder::new().create_with_file_format_v3(true).create(path)?;
    let transaction = database.begin_write()?;
    transaction.open_table(META)?.insert(FORMAT, FORMAT_VERSION)?;
    // Readers can open none that is not there.
    drop((transaction.open_table(ENTRIES)?, transaction.open_table(EXPIRIES)?));
    drop((transaction.open_table(LOCKS)?, transaction.open_table(LOCK_EXPIRIES)?));
    drop((transaction.open_table(COLLECTIONS)?, transaction.open_table(LABELS)?));
    drop((transaction.open_table(DESCRIPTIONS)?, transaction.open_table(VALUES)?, transaction.open_table(GARBAGE)?));
    Ok(transaction.commit()?)
}

/// Without it the name may be gone after a power cut.
#[cfg(unix)]
fn sync_directory(path: &Path) -> Result<(), redb::StorageError> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(parent)?.sync_all()?)
}

/// Directories cannot be opened as files there.
#[cfg(not(unix))]
fn sync_directory(_path: &Path) -> Result<(), redb::StorageError> {
    Ok(())
}
