//! The scripts that list in Crawlee's layout: it keeps no order, so all keys are read first, and then what is on the page.

use store_core::{KeyBuf, RecordPageOptions};

use super::{Collection, READ};
use crate::request::{Request, Script};

static ALL_KEYS: Script = script!("crawlee", "all_keys");
static LIST_KEYS: Script = script!("crawlee", "list_keys");
static LIST_RECORDS: Script = script!("crawlee", "list_records");

impl Collection<'_> {
    /// Answers the keys of all records. In the layout of Crawlee alone, as those that follow.
    pub(crate) fn all_keys(&self) -> Request {
        self.call(READ, &ALL_KEYS, self.tolerance())
    }

    /// Answers those of the keys that are there, and their descriptions.
    pub(crate) fn some_keys(&self, on_page: &[KeyBuf]) -> Request {
        self.call(READ, &LIST_KEYS, keys(on_page))
    }

    /// Answers how many of the keys were looked for, those that are there, their descriptions, and values.
    pub(crate) fn some_records(&self, on_page: &[KeyBuf]) -> Request {
        self.call(READ, &LIST_RECORDS, (RecordPageOptions::MAX_BYTES, keys(on_page)))
    }
}

fn keys(on_page: &[KeyBuf]) -> Vec<&str> {
    on_page.iter().map(|key| key.as_str()).collect()
}
