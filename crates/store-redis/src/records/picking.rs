//! Pages of a layout that keeps no order: all keys are read, those on the page are picked, and then read with what they
//! have. Two round trips, and time and memory in proportion to the collection.

use store_core::{KeyBuf, Record, RecordMetadata, RecordPage, RecordPageOptions, Result};

use super::operations::Collections;
use crate::reply;
use crate::script::Collection;

/// The keys of a page, before it is known which of them are still there.
#[derive(Debug, PartialEq, Eq)]
struct Pick {
    keys: Vec<KeyBuf>,
    /// How many others are behind them.
    behind: usize,
}

impl Pick {
    fn new(mut keys: Vec<KeyBuf>, start: Option<&KeyBuf>, limit: usize) -> Self {
        keys.retain(|key| start.is_none_or(|start| key > start));
        let all = keys.len();
        if limit < all {
            // Only what is on the page has to be in order.
            keys.select_nth_unstable(limit);
            keys.truncate(limit);
        }
        keys.sort_unstable();
        let behind = all - keys.len();
        Self { keys, behind }
    }

    /// Where the next page starts once so many of the keys were looked for.
    fn next_start_key(&self, looked_for: usize) -> Option<KeyBuf> {
        let is_last = self.behind == 0 && looked_for >= self.keys.len();
        let last = looked_for.min(self.keys.len()).checked_sub(1)?;
        if is_last { None } else { self.keys.get(last).cloned() }
    }
}

impl Collections {
    pub(super) async fn pick_keys(
        &self,
        collection: &Collection<'_>,
        options: &RecordPageOptions,
    ) -> Result<RecordPage<RecordMetadata>> {
        let pick = self.pick(collection, options.exclusive_start_key.as_ref(), options.max_keys()).await?;
        if pick.keys.is_empty() {
            return Ok(RecordPage::new(Vec::new(), None));
        }
        let items = reply::crawlee::some_keys(self.ask(collection.some_keys(&pick.keys)).await?)?;
        Ok(RecordPage::new(items, pick.next_start_key(pick.keys.len())))
    }

    pub(super) async fn pick_records(
        &self,
        collection: &Collection<'_>,
        options: &RecordPageOptions,
    ) -> Result<RecordPage<Record>> {
        let pick = self.pick(collection, options.exclusive_start_key.as_ref(), options.max_records()).await?;
        if pick.keys.is_empty() {
            return Ok(RecordPage::new(Vec::new(), None));
        }
        let read = self.ask(collection.some_records(&pick.keys)).await?;
        let (looked_for, items) = reply::crawlee::some_records(read)?;
        Ok(RecordPage::new(items, pick.next_start_key(looked_for)))
    }

    async fn pick(&self, collection: &Collection<'_>, start: Option<&KeyBuf>, limit: usize) -> Result<Pick> {
        let all = self.ask(collection.all_keys()).await?;
        Ok(Pick::new(reply::crawlee::all_keys(all)?, start, limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(texts: &[&str]) -> Vec<KeyBuf> {
        texts.iter().map(|text| KeyBuf::new(*text).unwrap()).collect()
    }

    #[test]
    fn a_page_is_picked_in_byte_order_behind_its_start() {
        let all = || keys(&["é", "b", "a", "\u{1f600}", "ab", "z", "\u{ffff}"]);
        for (start, limit, on_page, behind) in [
            (None, 3, &["a", "ab", "b"][..], 4),
            (Some("aa"), 2, &["ab", "b"], 4),
            (Some("b"), 9, &["z", "é", "\u{ffff}", "\u{1f600}"], 0),
            (Some("\u{1f600}"), 9, &[], 0),
            (None, 0, &[], 7),
            (None, 7, &["a", "ab", "b", "z", "é", "\u{ffff}", "\u{1f600}"], 0),
        ] {
            let start = start.map(|start| KeyBuf::new(start).unwrap());
            let pick = Pick::new(all(), start.as_ref(), limit);
            assert_eq!(pick, Pick { keys: keys(on_page), behind }, "behind {start:?}, {limit} at most");
        }
    }

    #[test]
    fn the_next_page_starts_behind_what_was_looked_for_if_there_is_more() {
        let pick = |behind| Pick { keys: keys(&["a", "b"]), behind };
        for (behind, looked_for, next) in
            [(0, 2, None), (0, 1, Some("a")), (1, 2, Some("b")), (1, 1, Some("a")), (1, 0, None)]
        {
            let next = next.map(|next| KeyBuf::new(next).unwrap());
            assert_eq!(pick(behind).next_start_key(looked_for), next);
        }
    }
}
