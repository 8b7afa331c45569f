//! Records, whole and without their values.

use std::fmt;

use bytes::Bytes;

use super::content_type::ContentType;
use crate::entry::HiddenValue;
use crate::key::KeyBuf;

/// A record.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Record {
    /// The key in its collection.
    pub key: KeyBuf,
    /// The content type of the value.
    pub content_type: ContentType,
    /// The value.
    pub value: Bytes,
}

impl Record {
    /// A record.
    #[must_use]
    pub fn new(key: KeyBuf, content_type: ContentType, value: Bytes) -> Self {
        Self { key, content_type, value }
    }

    /// What is known about it without its value.
    #[must_use]
    pub fn metadata(&self) -> RecordMetadata {
        let bytes = u64::try_from(self.value.len()).unwrap_or(u64::MAX);
        RecordMetadata::new(self.key.clone(), self.content_type.clone(), bytes)
    }
}

/// Shows the length of the value, never the value.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("key", &self.key)
            .field("content_type", &self.content_type)
            .field("value", &HiddenValue(&self.value))
            .finish()
    }
}

/// What is known about a record without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordMetadata {
    /// The key in its collection.
    pub key: KeyBuf,
    /// The content type of the value.
    pub content_type: ContentType,
    /// The size of the value in bytes.
    pub size: u64,
}

impl RecordMetadata {
    /// What is known about a record of `size` bytes.
    #[must_use]
    pub fn new(key: KeyBuf, content_type: ContentType, size: u64) -> Self {
        Self { key, content_type, size }
    }
}
