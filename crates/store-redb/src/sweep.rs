//! Frees what has expired, and the records of what was purged or dropped, a bounded number in each transaction.
//!
//! Nothing depends on it but the size of the file: every read judges expiry itself, and finds no way to those records.

use store_core::Timestamp;

use crate::entries::Entries;
use crate::error::Failure;
use crate::locks::Locks;
use crate::records::Garbage;
use crate::step::Writing;
use crate::table::OpenTable;
use crate::tables::Row;

/// How many entries, locks or records a transaction frees, lists or clears at most.
pub(crate) const STEP: usize = 256;

/// Whether anything is left to free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Swept {
    All,
    ApartFromMore,
}

pub(crate) fn step(writing: &Writing<'_>) -> Result<Swept, Failure> {
    let mut left = STEP;
    left -= Entries::open(writing)?.free_expired(left)?;
    left -= Locks::open(writing)?.free_expired(left)?;
    left -= Garbage::open(writing)?.free(left)?;
    Ok(if left == 0 { Swept::ApartFromMore } else { Swept::All })
}

/// The rows of an index by expiry that are past, the earliest first.
pub(crate) fn expired(
    index: &OpenTable<'_, (u64, Row), ()>,
    now: Timestamp,
    most: usize,
) -> Result<Vec<(u64, Vec<u8>)>, Failure> {
    let behind = (now.as_unix_millis() + 1, &[][..]);
    let mut rows = Vec::new();
    for due in index.range(..behind)?.take(most) {
        let (due, _) = due?;
        let (expiry, row) = due.value();
        rows.push((expiry, row.to_vec()));
    }
    Ok(rows)
}
