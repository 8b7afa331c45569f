//! Locks that are held for a moment.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is done under these locks cannot panic between two consistent states, so a poisoned one is as good as any.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
