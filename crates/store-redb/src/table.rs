//! A table as a step writes it: what it changes is counted, and errors know where they are from.

use std::borrow::Borrow;
use std::cell::Cell;
use std::ops::RangeBounds;

use redb::{
    AccessGuard, Key, Range, ReadableTable, StorageError, Table, TableDefinition, TableHandle, Value, WriteTransaction,
};

use crate::error::Failure;
use crate::touched;

/// A table of the file. Constants of this type are lent for as long as the program runs, because errors keep the name.
pub(crate) type Definition<K, V> = &'static TableDefinition<'static, K, V>;

/// A key and its value, as they are stored.
pub(crate) type StoredRow<'a, K, V> = (AccessGuard<'a, K>, AccessGuard<'a, V>);

/// A table that is open for writing.
pub(crate) struct OpenTable<'a, K: Key + 'static, V: Value + 'static> {
    table: Table<'a, K, V>,
    name: &'static str,
    changes: &'a Cell<u64>,
}

impl<'a, K: Key, V: Value> OpenTable<'a, K, V> {
    pub(crate) fn new(
        transaction: &'a WriteTransaction,
        definition: Definition<K, V>,
        changes: &'a Cell<u64>,
    ) -> Result<Self, Failure> {
        let name = definition.name();
        touched::turn_to(name);
        Ok(Self { table: transaction.open_table(*definition)?, name, changes })
    }

    pub(crate) fn get<'k>(
        &self,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<AccessGuard<'_, V>>, StorageError> {
        touched::turn_to(self.name);
        self.table.get(key)
    }

    pub(crate) fn first(&self) -> Result<Option<StoredRow<'_, K, V>>, StorageError> {
        touched::turn_to(self.name);
        self.table.first()
    }

    pub(crate) fn range<'k, Q: Borrow<K::SelfType<'k>> + 'k>(
        &self,
        range: impl RangeBounds<Q> + 'k,
    ) -> Result<Rows<'_, K, V>, StorageError> {
        touched::turn_to(self.name);
        Ok(Rows::new(self.table.range(range)?, self.name))
    }

    pub(crate) fn insert<'k, 'v>(
        &mut self,
        key: impl Borrow<K::SelfType<'k>>,
        value: impl Borrow<V::SelfType<'v>>,
    ) -> Result<(), StorageError> {
        touched::turn_to(self.name);
        self.changes.update(|changes| changes + 1);
        self.table.insert(key, value).map(drop)
    }

    /// Whether there was anything to remove.
    pub(crate) fn remove<'k>(&mut self, key: impl Borrow<K::SelfType<'k>>) -> Result<bool, StorageError> {
        touched::turn_to(self.name);
        let is_removed = self.table.remove(key)?.is_some();
        self.changes.update(|changes| changes + u64::from(is_removed));
        Ok(is_removed)
    }
}

/// The rows of a range, in order, read as they are asked for.
pub(crate) struct Rows<'a, K: Key + 'static, V: Value + 'static> {
    range: Range<'a, K, V>,
    table: &'static str,
}

impl<'a, K: Key, V: Value> Rows<'a, K, V> {
    pub(crate) fn new(range: Range<'a, K, V>, table: &'static str) -> Self {
        Self { range, table }
    }
}

impl<'a, K: Key, V: Value> Iterator for Rows<'a, K, V> {
    type Item = Result<StoredRow<'a, K, V>, StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        touched::turn_to(self.table);
        self.range.next()
    }
}

impl<K: Key, V: Value> DoubleEndedIterator for Rows<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        touched::turn_to(self.table);
        self.range.next_back()
    }
}
