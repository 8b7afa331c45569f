//! Which table a thread has turned to last: what is damaged is told by its table, also where redb panics over a page and
//! says nothing.

use std::cell::Cell;

thread_local! {
    static TABLE: Cell<Option<&'static str>> = const { Cell::new(None) };
}

pub(crate) fn turn_to(table: &'static str) {
    TABLE.set(Some(table));
}

/// To be called before what has to do with no single table.
pub(crate) fn forget() {
    TABLE.set(None);
}

pub(crate) fn last() -> Option<&'static str> {
    TABLE.get()
}
