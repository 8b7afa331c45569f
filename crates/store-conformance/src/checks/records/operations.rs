//! Everything that can be asked of a collection, for checks of what has to be answered alike by all of it.

use futures_util::future::BoxFuture;
use store_core::{Bytes, ContentType, ErrorKind, KeyValueStore, RecordPageOptions};

use crate::failure::{Failure, refused_with};

/// The key that all operations are about.
pub(super) const KEY: &str = "k";

/// What the one that writes puts there.
pub(super) const WRITTEN: (ContentType, &[u8]) = (ContentType::JSON, b"\"written\"");

/// One operation, whatever it answers.
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) key: Option<&'static str>,
    pub(super) call: fn(KeyValueStore) -> BoxFuture<'static, store_core::Result<()>>,
}

macro_rules! operation {
    ($name:literal, $key:expr, $collection:ident => $call:expr) => {
        Operation { name: $name, key: $key, call: |$collection| Box::pin(async move { $call.await.map(drop) }) }
    };
}

/// All that reach the backend. The one that drops comes last.
pub(super) const OPERATIONS: &[Operation] = &[
    operation!("metadata", None, collection => collection.metadata()),
    operation!("get_record", Some(KEY), collection => collection.get_record(KEY)),
    operation!("record_exists", Some(KEY), collection => collection.record_exists(KEY)),
    operation!("list_keys", None, collection => collection.list_keys(RecordPageOptions::default())),
    operation!("list_records", None, collection => collection.list_records(RecordPageOptions::default())),
    operation!("set_record", Some(KEY), collection => {
        let (content_type, value) = WRITTEN;
        collection.set_record(KEY, content_type, Bytes::from_static(value))
    }),
    operation!("delete_value", Some(KEY), collection => collection.delete_value(KEY)),
    operation!("purge", None, collection => collection.purge()),
    operation!("drop", None, collection => collection.drop()),
];

/// Fails unless every operation is refused with this kind.
pub(super) async fn all_refused(collection: &KeyValueStore, kind: ErrorKind, when: &str) -> Result<(), Failure> {
    for operation in OPERATIONS {
        let answer = (operation.call)(collection.clone()).await;
        refused_with(answer, kind, format_args!("{} {when}", operation.name))?;
    }
    Ok(())
}
