//! What the writer and all handles share: the open file, its time, and how reads look into it without waiting.

use std::panic::{AssertUnwindSafe, catch_unwind};

use parking_lot::RwLock;
use redb::Database;
use store_core::{Error, ErrorKind};

use crate::error::{Failure, guarded};
use crate::file_clock::FileClock;
use crate::snapshot::Snapshot;
use crate::tables::Location;
use crate::timeline::{Moment, Timeline};
use crate::waiters::Waiters;

pub(crate) struct Shared {
    pub(crate) location: Location,
    pub(crate) clock: FileClock,
    pub(crate) timeline: Timeline,
    pub(crate) waiters: Waiters,
    /// Locked by reads while they look, and for long by the writer alone.
    pub(crate) database: RwLock<Access>,
}

/// The file, as far as it can be used.
pub(crate) enum Access {
    Open(Database),
    /// Something went wrong with it, and it has not been opened again since.
    Lost,
    Closed,
}

impl Access {
    pub(crate) fn database(&self) -> Result<&Database, Failure> {
        match self {
            Self::Open(database) => Ok(database),
            Self::Lost => Err(Error::new(ErrorKind::Unavailable, "the file has to be opened again").into()),
            Self::Closed => Err(Error::closed().into()),
        }
    }
}

impl Shared {
    pub(crate) fn new(location: Location, database: Database, clock: FileClock) -> Self {
        let (timeline, waiters) = (Timeline::new(), Waiters::default());
        Self { location, clock, timeline, waiters, database: RwLock::new(Access::Open(database)) }
    }

    /// Looks into the latest committed state. `None` when the one who writes has to be asked: the answer depends on what
    /// is under way, or the file cannot be used now.
    ///
    /// This neither waits for the writer nor leaves the caller's thread: what it costs is a few pages, mostly in memory,
    /// and less than handing it to another thread would.
    pub(crate) fn look<T>(
        &self,
        look: impl FnOnce(&Snapshot<'_>, &Moment) -> Result<T, Failure>,
    ) -> Result<Option<T>, Failure> {
        let Some(access) = self.database.try_read() else { return Ok(None) };
        let Ok(database) = access.database() else { return Ok(None) };
        let seen = guarded(|| {
            let (transaction, moment) = self.timeline.look(&self.clock, || Ok::<_, Failure>(database.begin_read()?))?;
            let seen = look(&Snapshot::Committed(&transaction), &moment)?;
            Ok((!moment.is_unsettled()).then_some(seen))
        });
        match seen {
            // The writer opens the file again, which may help. It would not mend what is damaged.
            Err(Failure::Storage(error)) if error.kind() != ErrorKind::Corrupt => Ok(None),
            seen => seen,
        }
    }

    /// For the writer: closes the file after an error, because redb does nothing more with it.
    pub(crate) fn lose(&self) {
        self.replace(Access::Lost);
    }

    /// For the writer: opens a file again that was lost.
    pub(crate) fn recover(&self) -> Result<(), Failure> {
        if !matches!(&*self.database.read(), Access::Lost) {
            return Ok(());
        }
        let (database, _) = self.location.open()?;
        self.replace(Access::Open(database));
        Ok(())
    }

    /// For the writer: closes the file.
    pub(crate) fn close(&self) {
        self.replace(Access::Closed);
        self.waiters.wake_all();
    }

    fn replace(&self, access: Access) {
        let before = std::mem::replace(&mut *self.database.write(), access);
        // redb writes when a file is closed, and may panic over one that is damaged.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(before)));
    }
}
