//! Entries as they lie in the tables: what every operation does, told what time it is.
//!
//! An entry that is past its expiry is none for every operation, whether or not it was freed yet. Whoever writes upon one
//! replaces it; nobody else removes it but the sweep, because a removal waits for the disk.

use store_core::{
    Bytes, Entry, ExpiresAt, ExpiryRead, Lifetime, Remaining, Result, SetOptions, SetOutcome, Ttl, WriteExpiry,
    checked_counter_sum, parse_counter,
};

use crate::error::Failure;
use crate::row::Span;
use crate::snapshot::{Snapshot, View};
use crate::step::Writing;
use crate::sweep::expired;
use crate::table::{OpenTable, Rows};
use crate::tables::{ENTRIES, EXPIRIES, Row, StoredExpiry, expires_at, stored_expiry};
use crate::timeline::Moment;

type StoredEntry = (StoredExpiry, &'static [u8]);

/// What a read finds.
pub(crate) struct Found {
    pub(crate) value: Bytes,
    pub(crate) expires_at: ExpiresAt,
}

impl Found {
    pub(crate) fn into_entry(self, expiry: ExpiryRead) -> Entry {
        match expiry {
            ExpiryRead::Skip => Entry::new(self.value),
            ExpiryRead::Include => Entry::new(self.value).with_expires_at(self.expires_at),
        }
    }
}

/// Reads entries from a snapshot.
pub(crate) struct Reader<'a>(View<'a, Row, StoredEntry>);

impl<'a> Reader<'a> {
    pub(crate) fn open(snapshot: &Snapshot<'a>) -> Result<Self, Failure> {
        Ok(Self(snapshot.open(&ENTRIES)?))
    }

    pub(crate) fn get(&self, row: &[u8], moment: &Moment) -> Result<Option<Found>, Failure> {
        let Some(stored) = self.0.get(row)? else { return Ok(None) };
        let (expiry, value) = stored.value();
        let expires_at = expires_at(expiry)?;
        Ok((!moment.is_past(expires_at)).then(|| Found { value: Bytes::copy_from_slice(value), expires_at }))
    }

    pub(crate) fn remaining(&self, row: &[u8], moment: &Moment) -> Result<Option<Remaining>, Failure> {
        let Some(stored) = self.0.get(row)? else { return Ok(None) };
        let expires_at = expires_at(stored.value().0)?;
        Ok((!moment.is_past(expires_at)).then(|| expires_at.remaining(moment.now())))
    }

    /// The entries of a span, in order.
    pub(crate) fn range(&self, span: &Span) -> Result<Rows<'_, Row, StoredEntry>, Failure> {
        let (start, end) = (span.0.as_ref().map(Vec::as_slice), span.1.as_ref().map(Vec::as_slice));
        Ok(self.0.range::<&[u8]>((start, end))?)
    }
}

/// Writes entries in a step.
pub(crate) struct Entries<'a, 'w> {
    entries: OpenTable<'a, Row, StoredEntry>,
    expiries: OpenTable<'a, (u64, Row), ()>,
    writing: &'w Writing<'a>,
}

/// What is stored in a row: the expiry, whether past or not, and the value of an entry that is alive.
struct Stored {
    expires_at: ExpiresAt,
    live: Option<Bytes>,
}

impl<'a, 'w> Entries<'a, 'w> {
    pub(crate) fn open(writing: &'w Writing<'a>) -> Result<Self, Failure> {
        Ok(Self { entries: writing.open(&ENTRIES)?, expiries: writing.open(&EXPIRIES)?, writing })
    }

    /// Reads, and replaces the expiry of an entry that has one.
    pub(crate) fn renew(&mut self, row: &[u8], ttl: Ttl) -> Result<Option<Found>, Failure> {
        let Some((stored, value)) = self.live(row)? else { return Ok(None) };
        if stored == ExpiresAt::Never {
            return Ok(Some(Found { value, expires_at: stored }));
        }
        let expires_at = Lifetime::In(ttl).expires_at(self.writing.now());
        self.put(row, &value, Some(stored), expires_at)?;
        Ok(Some(Found { value, expires_at }))
    }

    /// Writes, if the condition holds.
    pub(crate) fn set(&mut self, row: &[u8], value: &[u8], options: &SetOptions) -> Result<SetOutcome, Failure> {
        let stored = self.stored(row)?;
        let live = stored.as_ref().and_then(|stored| stored.live.as_deref());
        if !options.condition.holds(live) {
            return Ok(SetOutcome::Refused);
        }
        self.replace(row, value, stored, options.expiry)?;
        Ok(SetOutcome::Stored)
    }

    pub(crate) fn delete(&mut self, row: &[u8], if_value: Option<&[u8]>) -> Result<bool, Failure> {
        let Some((expires_at, value)) = self.live(row)? else { return Ok(false) };
        if if_value.is_some_and(|expected| expected != value) {
            return Ok(false);
        }
        self.remove(row, expires_at)?;
        Ok(true)
    }

    pub(crate) fn expire(&mut self, row: &[u8], lifetime: Lifetime) -> Result<bool, Failure> {
        let Some((stored, value)) = self.live(row)? else { return Ok(false) };
        let expires_at = lifetime.expires_at(self.writing.now());
        if expires_at.is_past(self.writing.now()) {
            self.remove(row, stored)?;
        } else {
            self.put(row, &value, Some(stored), expires_at)?;
        }
        Ok(true)
    }

    pub(crate) fn take(&mut self, row: &[u8]) -> Result<Option<Bytes>, Failure> {
        let Some((expires_at, value)) = self.live(row)? else { return Ok(None) };
        self.remove(row, expires_at)?;
        Ok(Some(value))
    }

    pub(crate) fn add(&mut self, row: &[u8], delta: i64, on_create: Lifetime) -> Result<i64, Failure> {
        let stored = self.stored(row)?;
        let live = stored.as_ref().and_then(|stored| stored.live.as_deref());
        let sum = checked_counter_sum(live.map_or(Ok(0), parse_counter)?, delta)?;
        self.replace(row, sum.to_string().as_bytes(), stored, WriteExpiry::Keep { missing: on_create })?;
        Ok(sum)
    }

    /// Removes what is in a row, whether past its expiry or not.
    pub(crate) fn remove(&mut self, row: &[u8], expires_at: ExpiresAt) -> Result<(), Failure> {
        self.entries.remove(row)?;
        if let ExpiresAt::At(time) = expires_at {
            self.expiries.remove((time.as_unix_millis(), row))?;
        }
        Ok(())
    }

    /// Removes up to `most` entries that are past their expiry; how many.
    pub(crate) fn free_expired(&mut self, most: usize) -> Result<usize, Failure> {
        let rows = expired(&self.expiries, self.writing.now(), most)?;
        for (expiry, row) in &rows {
            self.remove(row, expires_at(Some(*expiry))?)?;
        }
        Ok(rows.len())
    }

    fn live(&self, row: &[u8]) -> Result<Option<(ExpiresAt, Bytes)>, Failure> {
        Ok(self.stored(row)?.and_then(|stored| Some((stored.expires_at, stored.live?))))
    }

    fn stored(&self, row: &[u8]) -> Result<Option<Stored>, Failure> {
        let Some(stored) = self.entries.get(row)? else { return Ok(None) };
        let (expiry, value) = stored.value();
        let expires_at = expires_at(expiry)?;
        let live = (!expires_at.is_past(self.writing.now())).then(|| Bytes::copy_from_slice(value));
        Ok(Some(Stored { expires_at, live }))
    }

    /// Leaves the entry as a write has to: replaced, new, or absent where its expiry is past.
    fn replace(
        &mut self,
        row: &[u8],
        value: &[u8],
        stored: Option<Stored>,
        expiry: WriteExpiry,
    ) -> Result<(), Failure> {
        let kept = stored.as_ref().filter(|stored| stored.live.is_some()).map(|stored| stored.expires_at);
        let expires_at = expiry.expires_at(kept, self.writing.now());
        let stored = stored.map(|stored| stored.expires_at);
        match stored {
            Some(stored) if expires_at.is_past(self.writing.now()) => self.remove(row, stored),
            None if expires_at.is_past(self.writing.now()) => Ok(()),
            stored => self.put(row, value, stored, expires_at),
        }
    }

    fn put(
        &mut self,
        row: &[u8],
        value: &[u8],
        stored: Option<ExpiresAt>,
        expires_at: ExpiresAt,
    ) -> Result<(), Failure> {
        self.entries.insert(row, (stored_expiry(expires_at), value))?;
        if stored == Some(expires_at) {
            return Ok(());
        }
        if let Some(ExpiresAt::At(time)) = stored {
            self.expiries.remove((time.as_unix_millis(), row))?;
        }
        if let ExpiresAt::At(time) = expires_at {
            self.expiries.insert((time.as_unix_millis(), row), ())?;
        }
        Ok(())
    }
}
