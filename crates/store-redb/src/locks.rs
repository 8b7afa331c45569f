//! Locks as they lie in the tables: who holds which and until when. They are apart from the entries, and in the file, so
//! that a lock outlasts the process of its holder, until it expires, and tokens grow for as long as there is the file.

use store_core::{ExpiresAt, FencingToken, LockOwner, Result, Timestamp, Ttl};

use crate::error::Failure;
use crate::snapshot::Snapshot;
use crate::step::Writing;
use crate::sweep::expired;
use crate::table::OpenTable;
use crate::tables::{LAST_FENCING_TOKEN, LOCK_EXPIRIES, LOCKS, META, Row, StoredLock, timestamp};
use crate::timeline::Moment;

/// What became of an attempt to acquire a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Acquired(FencingToken),
    /// By the same owner, from now on for the new lifetime.
    HeldAlready(FencingToken),
    /// By another.
    HeldUntil {
        now: Timestamp,
        expires_at: Timestamp,
    },
}

/// Who holds a lock, or held it last.
#[derive(Clone, Copy)]
struct Hold {
    owner: LockOwner,
    token: u64,
    expires_at: Timestamp,
}

impl Hold {
    fn of((owner, token, expires_at): (&[u8; LockOwner::BYTES], u64, u64)) -> Result<Self, Failure> {
        Ok(Self { owner: LockOwner::from_bytes(*owner), token, expires_at: timestamp(expires_at)? })
    }
}

pub(crate) fn is_held(snapshot: &Snapshot<'_>, moment: &Moment, row: &[u8], owner: LockOwner) -> Result<bool, Failure> {
    let locks = snapshot.open(&LOCKS)?;
    let Some(stored) = locks.get(row)? else { return Ok(false) };
    let hold = Hold::of(stored.value())?;
    Ok(!moment.is_past(ExpiresAt::At(hold.expires_at)) && hold.owner == owner)
}

/// Writes locks in a step.
pub(crate) struct Locks<'a, 'w> {
    locks: OpenTable<'a, Row, StoredLock>,
    expiries: OpenTable<'a, (u64, Row), ()>,
    writing: &'w Writing<'a>,
}

impl<'a, 'w> Locks<'a, 'w> {
    pub(crate) fn open(writing: &'w Writing<'a>) -> Result<Self, Failure> {
        Ok(Self { locks: writing.open(&LOCKS)?, expiries: writing.open(&LOCK_EXPIRIES)?, writing })
    }

    pub(crate) fn acquire(&mut self, row: &[u8], owner: LockOwner, ttl: Ttl) -> Result<Attempt, Failure> {
        let now = self.writing.now();
        let expires_at = now.saturating_add(ttl.as_duration());
        match self.live(row)? {
            None => {
                let token = self.next_token()?;
                self.put(row, Hold { owner, token, expires_at })?;
                Ok(Attempt::Acquired(FencingToken::new(token)))
            }
            Some(hold) if hold.owner == owner => {
                self.put(row, Hold { expires_at, ..hold })?;
                Ok(Attempt::HeldAlready(FencingToken::new(hold.token)))
            }
            Some(hold) => Ok(Attempt::HeldUntil { now, expires_at: hold.expires_at }),
        }
    }

    pub(crate) fn extend(&mut self, row: &[u8], owner: LockOwner, ttl: Ttl) -> Result<bool, Failure> {
        let Some(hold) = self.live(row)?.filter(|hold| hold.owner == owner) else { return Ok(false) };
        let expires_at = self.writing.now().saturating_add(ttl.as_duration());
        self.put(row, Hold { expires_at, ..hold })?;
        Ok(true)
    }

    pub(crate) fn release(&mut self, row: &[u8], owner: LockOwner) -> Result<bool, Failure> {
        let is_held = self.live(row)?.is_some_and(|hold| hold.owner == owner);
        if is_held {
            self.remove(row)?;
        }
        Ok(is_held)
    }

    /// Removes up to `most` locks that have expired; how many.
    pub(crate) fn free_expired(&mut self, most: usize) -> Result<usize, Failure> {
        let rows = expired(&self.expiries, self.writing.now(), most)?;
        for (_, row) in &rows {
            self.remove(row)?;
        }
        Ok(rows.len())
    }

    /// Who holds the lock, unless it has expired.
    fn live(&self, row: &[u8]) -> Result<Option<Hold>, Failure> {
        Ok(self.stored(row)?.filter(|hold| self.writing.now() < hold.expires_at))
    }

    fn stored(&self, row: &[u8]) -> Result<Option<Hold>, Failure> {
        self.locks.get(row)?.map(|stored| Hold::of(stored.value())).transpose()
    }

    fn next_token(&self) -> Result<u64, Failure> {
        let mut meta = self.writing.open(&META)?;
        let last = meta.get(LAST_FENCING_TOKEN)?.map_or(0, |number| number.value());
        meta.insert(LAST_FENCING_TOKEN, last + 1)?;
        Ok(last + 1)
    }

    fn put(&mut self, row: &[u8], hold: Hold) -> Result<(), Failure> {
        self.remove(row)?;
        let expires_at = hold.expires_at.as_unix_millis();
        self.locks.insert(row, (hold.owner.as_bytes(), hold.token, expires_at))?;
        self.expiries.insert((expires_at, row), ())?;
        Ok(())
    }

    fn remove(&mut self, row: &[u8]) -> Result<(), Failure> {
        if let Some(hold) = self.stored(row)? {
            self.writing.has_changed_lock(row);
            self.locks.remove(row)?;
            self.expiries.remove((hold.expires_at.as_unix_millis(), row))?;
        }
        Ok(())
    }
}
