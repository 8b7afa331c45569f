//! Who waits for which lock. The writer wakes them, so that they hear of what it did even if nobody waited for its answer.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Default)]
pub(crate) struct Waiters {
    by_row: Mutex<HashMap<Vec<u8>, Bell>>,
}

/// What rings for those who wait for one lock, and how many they are.
#[derive(Default)]
struct Bell {
    notify: Arc<Notify>,
    waiters: usize,
}

impl Waiters {
    /// Stands by a lock, until the answer is dropped.
    pub(crate) fn stand_by<'w>(&'w self, row: &'w [u8]) -> Waiter<'w> {
        let mut by_row = self.by_row.lock();
        let bell = by_row.entry(row.to_vec()).or_default();
        bell.waiters += 1;
        Waiter { waiters: self, row, notify: Arc::clone(&bell.notify) }
    }

    /// For the writer: something has become of these locks.
    pub(crate) fn wake(&self, rows: &[Vec<u8>]) {
        if rows.is_empty() {
            return;
        }
        let by_row = self.by_row.lock();
        rows.iter().filter_map(|row| by_row.get(row)).for_each(|bell| bell.notify.notify_waiters());
    }

    #[cfg(test)]
    pub(crate) fn is_awaited(&self, row: &[u8]) -> bool {
        self.by_row.lock().contains_key(row)
    }

    /// For the writer: there will be no other call.
    pub(crate) fn wake_all(&self) {
        self.by_row.lock().values().for_each(|bell| bell.notify.notify_waiters());
    }
}

/// Somebody who stands by a lock.
pub(crate) struct Waiter<'w> {
    waiters: &'w Waiters,
    row: &'w [u8],
    notify: Arc<Notify>,
}

impl Waiter<'_> {
    /// Ends with the first change after this call, even if it is polled only then.
    pub(crate) fn changed(&self) -> Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut by_row = self.waiters.by_row.lock();
        let Some(bell) = by_row.get_mut(self.row) else { return };
        bell.waiters -= 1;
        if bell.waiters == 0 {
            by_row.remove(self.row);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_waiter_hears_of_its_own_lock_alone_and_of_the_end() {
        let waiters = Waiters::default();
        let (one, two) = (waiters.stand_by(b"one"), waiters.stand_by(b"two"));
        let (mut of_one, mut of_two) = (pin!(one.changed()), pin!(two.changed()));
        let context = &mut Context::from_waker(Waker::noop());
        waiters.wake(&[b"one".to_vec(), b"three".to_vec()]);
        assert!(of_one.as_mut().poll(context).is_ready());
        assert!(of_two.as_mut().poll(context).is_pending());
        waiters.wake_all();
        assert!(of_two.as_mut().poll(context).is_ready());
    }

    #[test]
    fn nothing_is_kept_of_those_who_have_gone() {
        let waiters = Waiters::default();
        let (one, other) = (waiters.stand_by(b"k"), waiters.stand_by(b"k"));
        drop(one);
        assert_eq!(waiters.by_row.lock().len(), 1);
        drop(other);
        assert_eq!(waiters.by_row.lock().len(), 0);
    }
}
