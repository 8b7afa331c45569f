//! A state of the file to read from: a committed one, or that of the transaction under way. Reads are written once for
//! both.

use std::borrow::Borrow;
use std::ops::RangeBounds;

use redb::{
    AccessGuard, Key, ReadOnlyTable, ReadTransaction, ReadableTable, StorageError, Table, TableError, TableHandle,
    Value, WriteTransaction,
};

use crate::table::{Definition, Rows};
use crate::touched;

pub(crate) enum Snapshot<'a> {
    Committed(&'a ReadTransaction),
    UnderWay(&'a WriteTransaction),
}

impl<'a> Snapshot<'a> {
    pub(crate) fn open<K: Key, V: Value>(&self, definition: Definition<K, V>) -> Result<View<'a, K, V>, TableError> {
        let name = definition.name();
        touched::turn_to(name);
        let source = match self {
            Self::Committed(transaction) => Source::Committed(transaction.open_table(*definition)?),
            Self::UnderWay(transaction) => Source::UnderWay(transaction.open_table(*definition)?),
        };
        Ok(View { source, name })
    }
}

/// A table as it is in a snapshot.
pub(crate) struct View<'a, K: Key + 'static, V: Value + 'static> {
    source: Source<'a, K, V>,
    name: &'static str,
}

enum Source<'a, K: Key + 'static, V: Value + 'static> {
    Committed(ReadOnlyTable<K, V>),
    UnderWay(Table<'a, K, V>),
}

impl<K: Key, V: Value> View<'_, K, V> {
    pub(crate) fn get<'k>(
        &self,
        key: impl Borrow<K::SelfType<'k>>,
    ) -> Result<Option<AccessGuard<'_, V>>, StorageError> {
        touched::turn_to(self.name);
        match &self.source {
            Source::Committed(table) => ReadableTable::get(table, key),
            Source::UnderWay(table) => table.get(key),
        }
    }

    pub(crate) fn range<'k, Q: Borrow<K::SelfType<'k>> + 'k>(
        &self,
        range: impl RangeBounds<Q> + 'k,
    ) -> Result<Rows<'_, K, V>, StorageError> {
        touched::turn_to(self.name);
        let range = match &self.source {
            Source::Committed(table) => ReadableTable::range(table, range)?,
            Source::UnderWay(table) => table.range(range)?,
        };
        Ok(Rows::new(range, self.name))
    }
}
