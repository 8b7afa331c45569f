//! Named collections of records: what they are called, what is in them, and what people call on them.

mod access;
mod access_times;
#[cfg(feature = "json")]
mod auto_saved;
mod content_type;
mod iterate;
mod key_value_store;
mod page;
mod record;
#[cfg(feature = "json")]
mod saving;
mod selector;
mod stores;
mod url_template;
mod value;

pub use access::{GetValue, GetValueOr, SetValue};
pub use access_times::AccessTimes;
#[cfg(feature = "json")]
pub use auto_saved::AutoSaved;
pub use content_type::ContentType;
pub use iterate::{Iterate, Iteration};
pub use key_value_store::KeyValueStore;
pub use page::{RecordPage, RecordPageOptions};
pub use record::{Record, RecordMetadata};
pub use selector::{OpenOptions, OpenedStore, StoreAlias, StoreLabel, StoreMetadata, StoreName, StoreSelector};
pub use stores::KeyValueStores;
pub use url_template::UrlTemplate;
#[cfg(feature = "json")]
pub use value::AsJson;
pub use value::{FromRecord, IntoRecordValue, RecordValue};
