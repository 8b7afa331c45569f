//! What other programs left among the entries of the model store.

use store_core::{Address, Bytes, Error, ErrorKind, ExpiresAt, Namespace, Result};

use super::{Cell, ModelStore, Origin};
use crate::fault::Fault;

impl ModelStore {
    /// Puts something that is no entry where one would be.
    pub(crate) fn plant_foreign(&self, at: Address<'_>) {
        let cell = Cell { origin: Origin::Foreign, ..Cell::entry(Bytes::from_static(b"theirs"), ExpiresAt::Never) };
        self.put(&mut self.lock(), at, self.place(at), cell);
    }

    /// Puts an entry into this namespace whose key is no text.
    pub(crate) fn plant_unreadable_key(&self, namespace: &Namespace) {
        self.lock().unreadable.push(namespace.clone());
    }

    pub(super) fn is_ours(&self, cell: &Cell) -> bool {
        cell.origin == Origin::Ours || self.has(Fault::ForeignIsRead)
    }

    /// Refuses to look inside of what is no entry.
    pub(super) fn check_ours(&self, cell: &Cell) -> Result<()> {
        if self.is_ours(cell) { Ok(()) } else { Err(Error::new(ErrorKind::WrongType, "what is there is no entry")) }
    }

    /// As [`check_ours`](Self::check_ours), whatever is there.
    pub(super) fn check_ours_at(&self, at: Address<'_>) -> Result<()> {
        let there = self.live(&*self.open()?, &self.place(at));
        there.map_or(Ok(()), |cell| self.check_ours(&cell))
    }
}
