//! A state of the file to read from: a committed one, or that of the transaction under way. Reads are written once for
//! both.

use std::borrow::Borrow;
use std::ops::RangeBounds;

use redb::{
    AccessGuard, Key, Range, ReadOnlyTable, ReadTransaction, ReadableTable, StorageError, Table, TableDefinition,
};
use redb::{TableError, Value, WriteTransaction};

pub(crate) enum Snapshot<'a> {
    Committed(&'a ReadTransaction),
    UnderWay(&'a WriteTransaction),
}

impl<'a> Snapshot<'a> {
    pub(crate) fn open<K: Key, V: Value>(
        &self,
        table: TableDefinition<'_, K, V>,
    ) -> Result<View<'a, K, V>, TableError> {
        match self {
            Self::Committed(transaction) => transaction.open_table(table).map(View::Committed),
            Self::UnderWay(transaction) => transaction.open_table(table).map(View::UnderWay),
        }
    }
}

/// A table as it is in a snapshot.
pub(crate) enum View<'a, K: Key + 'static, V: Value + 'static> {
    Committed(ReadOnlyTable<K, V>),
    UnderWay(Table<'a, K, V>),
}

impl<K: Key, V: Value> View<'_, K, V> {
    pub(crate) fn get<'k>(
        &self,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<AccessGuard<'_, V>>, StorageError> {
        match self {
            Self::Committed(table) => ReadableTable::get(table, key),
            Self::UnderWay(table) => table.get(key),
        }
    }

    pub(crate) fn range<'k, Q: Borrow<K::SelfType<'k>> + 'k>(
        &self,
        range: impl RangeBounds<Q> + 'k,
    ) -> Result<Range<'_, K, V>, StorageError> {
        match self {
            Self::Committed(table) => ReadableTable::range(table, range),
            Self::UnderWay(table) => table.range(range),
        }
    }
}
