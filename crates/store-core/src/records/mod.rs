//! Named collections of records: what they are called, what is in them, and what people call on them.

mod access_times;
mod content_type;
mod key_value_store;
mod page;
mod record;
mod selector;
mod url_template;

pub use access_times::AccessTimes;
pub use content_type::ContentType;
pub use key_value_store::KeyValueStore;
pub use page::{RecordPage, RecordPageOptions};
pub use record::{Record, RecordMetadata};
pub use selector::{OpenOptions, OpenedStore, StoreAlias, StoreLabel, StoreMetadata, StoreName, StoreSelector};
pub use url_template::UrlTemplate;
