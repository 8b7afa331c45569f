//! Settings of a file, and how it is opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use store_core::{
    BatchAtomicity, Capabilities, Clock, Error, ErrorKind, Listing, Outcome, Result, SystemClock, Topology,
};
use tokio::sync::oneshot;

use crate::engine::Engine;
use crate::file_clock::FileClock;
use crate::line::{self, Head, Limits};
use crate::shared::Shared;
use crate::store::RedbStore;
use crate::tables::Location;
use crate::writer::{Flush, Message, Writer};

/// redb itself would take a gigabyte, which is much for a part of a program.
const DEFAULT_CACHE_BYTES: usize = 64 * 1024 * 1024;

const DEFAULT_SWEEP_INTERVAL: Duration = Duration::from_secs(1);

/// Some 64 transactions of 1,024 steps, and four values of the size that is accepted by default.
const DEFAULT_LIMITS: Limits = Limits { writes: 65_536, bytes: 256 * 1024 * 1024 };

const MIN_SWEEP_INTERVAL: Duration = Duration::from_millis(1);

/// redb takes a key and a value of 3 GiB together, and copies of them are in memory while they are written.
const MOST_VALUE_BYTES: usize = 1024 * 1024 * 1024;

/// Settings of a [`RedbStore`] and of all that share its file; made by [`RedbStore::builder`].
///
/// ```
/// use std::time::Duration;
/// use store_redb::{Flush, RedbStore};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> store_redb::Result<()> {
/// # let directory = tempfile::tempdir().expect("a directory for the example");
/// # let path = directory.path().join("data.redb");
/// let store = RedbStore::builder().flush(Flush::Within(Duration::from_millis(100))).open(path).await?;
/// # store_redb::Store::close(&store).await
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is opened before `open`"]
pub struct Builder {
    clock: Option<Box<dyn Clock>>,
    flush: Flush,
    cache_bytes: usize,
    max_value_bytes: Option<usize>,
    sweep_interval: Option<Duration>,
    limits: Limits,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self {
            clock: None,
            flush: Flush::default(),
            cache_bytes: DEFAULT_CACHE_BYTES,
            max_value_bytes: None,
            sweep_interval: Some(DEFAULT_SWEEP_INTERVAL),
            limits: DEFAULT_LIMITS,
        }
    }

    /// Sets the clock by which entries expire. [`SystemClock`] by default; tests take a
    /// [`ManualClock`](store_core::ManualClock). The time of a file never goes back, whatever the clock shows: see
    /// the [crate's documentation](crate#time).
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// Sets when what was written is on the disk. [`Flush::BeforeAnswer`] by default.
    pub fn flush(mut self, flush: Flush) -> Self {
        self.flush = flush;
        self
    }

    /// Sets how much memory is kept for pages of the file, in bytes. 64 MiB by default.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Sets the longest value that is accepted, in bytes; a longer one is
    /// [`TooLarge`](store_core::ErrorKind::TooLarge). 64 MiB by default, 1 GiB at most.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.max_value_bytes = Some(bytes.min(MOST_VALUE_BYTES));
        self
    }

    /// Sets how often expired entries are freed: every second by default, at least 1 ms. It moves no expiry.
    pub fn sweep_interval(mut self, interval: Duration) -> Self {
        self.sweep_interval = Some(interval.max(MIN_SWEEP_INTERVAL));
        self
    }

    /// Never frees expired entries that nobody writes upon. The file grows by them.
    pub fn without_sweeper(mut self) -> Self {
        self.sweep_interval = None;
        self
    }

    /// Sets how many writes may wait for their answers at once: 65,536 by default, at least 1. One more is
    /// [`Overloaded`](ErrorKind::Overloaded), was not applied, and may be tried again after a pause. Attempts at locks count,
    /// and reads that have to stand in line.
    pub fn max_waiting_writes(mut self, writes: usize) -> Self {
        self.limits.writes = writes.max(1);
        self
    }

    /// Sets how many bytes of keys and values may be in the writes that wait for their answers: 256 MiB by default. A write
    /// by which there would be more is [`Overloaded`](ErrorKind::Overloaded) and was not applied; one that is larger by itself
    /// is accepted when no other waits.
    pub fn max_waiting_bytes(mut self, bytes: usize) -> Self {
        self.limits.bytes = bytes;
        self
    }

    /// Opens the file, and makes it if there is none. Its directory has to exist.
    ///
    /// This starts the thread that writes, which ends with the last handle or when the store is closed. After a crash
    /// opening reads the whole file, to see which pages are in use.
    ///
    /// # Errors
    /// [`Unavailable`](ErrorKind::Unavailable) while the file is open, here or in another process;
    /// [`Corrupt`](ErrorKind::Corrupt) for a file that is damaged or none of this driver; [`Config`](ErrorKind::Config)
    /// where there can be no file, and for one that a later version of this driver has written;
    /// [`PermissionDenied`](ErrorKind::PermissionDenied); [`Full`](ErrorKind::Full).
    ///
    /// # Cancel safety
    /// The file is there or not; if it is, it is closed again.
    pub async fn open(self, path: impl Into<PathBuf>) -> Result<RedbStore> {
        self.open_file(path.into()).await.map_err(|error| error.with_context("open", None).with_driver(DRIVER))
    }

    async fn open_file(self, path: PathBuf) -> Result<RedbStore> {
        let capabilities = self.capabilities();
        let (opener, opened) = oneshot::channel();
        let (entrance, head) = line::new(self.limits);
        let work = move || self.work(path, head, opener);
        let thread = thread::Builder::new().name("store-redb".to_owned()).spawn(work);
        thread.map_err(|error| {
            Error::new(ErrorKind::Unavailable, "the system has no thread for the writer")
                .with_outcome(Outcome::NotApplied)
                .with_source(error)
        })?;
        let shared = opened.await.map_err(|_ended| Error::new(ErrorKind::Other, "the writer has ended"))??;
        Ok(RedbStore::new(Arc::new(Engine::new(capabilities, shared, entrance))))
    }

    /// The life of the thread that writes.
    fn work(self, path: PathBuf, line: Head<Message>, opener: oneshot::Sender<Result<Arc<Shared>>>) {
        let clock = self.clock.unwrap_or_else(|| Box::new(SystemClock::new()));
        let location = Location::new(path, self.cache_bytes);
        let opened = location.create().and_then(|()| location.open());
        match opened {
            Err(failure) => {
                let _ = opener.send(Err(failure.into_error()));
            }
            Ok((database, written)) => {
                let shared = Arc::new(Shared::new(location, database, FileClock::new(clock, written)));
                let writer = Writer::new(Arc::clone(&shared), line, self.flush, self.sweep_interval);
                // Whoever does not wait any more has dropped the entrance of the line, and the writer ends too.
                let _ = opener.send(Ok(shared));
                writer.run();
            }
        }
    }

    fn capabilities(&self) -> Capabilities {
        let all = Capabilities::minimal(DRIVER, Topology::InProcess)
            .with_value_conditions()
            .with_renewal()
            .with_take()
            .with_counters()
            .with_batch_atomicity(BatchAtomicity::All)
            .with_snapshot_reads()
            .with_listing(Listing::ByteOrder)
            .with_locks();
        match self.max_value_bytes {
            Some(bytes) => all.with_max_value_bytes(bytes),
            None => all,
        }
    }
}

/// The name of the driver in errors and reports.
pub(crate) const DRIVER: &str = "redb";
