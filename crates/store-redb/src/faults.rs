//! A file under redb whose disk fails when a test wants it to.

use std::fs::OpenOptions;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{Database, DatabaseError, StorageBackend};

/// What the disk fails at, for all who have the file open at this place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Arc<AtomicBool>);

impl Faults {
    /// From now on nothing is brought to the disk.
    pub(crate) fn fail_syncs(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn mend(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    pub(crate) fn open(&self, builder: &redb::Builder, path: &Path) -> Result<Database, DatabaseError> {
        let file = OpenOptions::new().read(true).write(true).open(path).map_err(redb::StorageError::from)?;
        let file = FileBackend::new(file)?;
        builder.create_with_backend(FaultyFile { file, faults: self.clone() })
    }
}

#[derive(Debug)]
struct FaultyFile {
    file: FileBackend,
    faults: Faults,
}

impl StorageBackend for FaultyFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        self.file.read(offset, len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self, eventual: bool) -> io::Result<()> {
        if self.faults.0.load(Ordering::SeqCst) {
            return Err(io::Error::other("the disk does not answer"));
        }
        self.file.sync_data(eventual)
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }
}
