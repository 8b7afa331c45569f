//! What the scripts of collections answer: a status, then what was asked for.

use std::time::Duration;

use redis::Value;
use store_core::{
    ContentType, Error, ErrorKind, Key, KeyBuf, OpenedStore, Record, RecordMetadata, RecordPage, Result, StoreLabel,
    StoreMetadata, Timestamp,
};

pub(crate) mod crawlee;

use super::{array, as_many, count, decimal, exactly, flag, integer, out_of_bounds, plain, unexpected, value};

/// The statuses of `opened.lua`.
const DONE: i64 = 0;
const DROPPED: i64 = 1;
const CORRUPT: i64 = 2;
/// Of Crawlee's layout alone.
const TAKEN: i64 = 3;

/// A collection as it was opened by what it is called.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) id: String,
    pub(crate) index: IdIndex,
}

/// Whether the id of a collection leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdIndex {
    Written,
    Missing,
}

/// That it was done.
pub(crate) fn done(reply: Value) -> Result<()> {
    let [] = answers(reply)?;
    Ok(())
}

/// The id of a collection, and whether it leads there.
pub(crate) fn opening(reply: Value) -> Result<Opening> {
    let [id, is_written] = answers(reply)?;
    let index = if flag(is_written)? { IdIndex::Written } else { IdIndex::Missing };
    Ok(Opening { id: text(id)?, index })
}

/// What an id leads to, as `decode` reads it; `None` for one that leads nowhere.
pub(crate) fn label(reply: Value, decode: impl FnOnce(&str) -> Option<StoreLabel>) -> Result<Option<StoreLabel>> {
    text_if_any(reply)?.map(|found| decode(&found).ok_or_else(damaged)).transpose()
}

/// The times of a collection.
pub(crate) fn metadata(reply: Value, store: &OpenedStore) -> Result<StoreMetadata> {
    let [created_at, accessed_at, modified_at] = answers(reply)?;
    let metadata = StoreMetadata::created(store.id.clone(), store.label.name().cloned(), time(created_at)?);
    Ok(metadata.with_accessed_at(time(accessed_at)?).with_modified_at(time(modified_at)?))
}

/// Whether there is, or was, a record.
pub(crate) fn existed(reply: Value) -> Result<bool> {
    let [existed] = answers(reply)?;
    flag(existed)
}

/// Description and value of a record, or nil twice; and how long no read has to move the time of the last access, where
/// that is known.
pub(crate) fn record(reply: Value, key: Key<'_>) -> Result<(Option<Record>, Option<Duration>)> {
    let mut replies = statused(reply)?;
    let rest = if replies.len() > 2 { replies.pop().map(count).transpose()?.map(Duration::from_millis) } else { None };
    let [description, found] = exactly(replies)?;
    let record = match (value(description)?, value(found)?) {
        (None, None) => None,
        (Some(description), Some(found)) => Some(Record::new(key.to_buf(), Description::read(&description)?.0, found)),
        _ => return Err(damaged()),
    };
    Ok((record, rest))
}

/// A page of keys and descriptions.
pub(crate) fn keys_page(reply: Value) -> Result<RecordPage<RecordMetadata>> {
    let [has_more, keys, descriptions] = answers(reply)?;
    page(described(keys, descriptions)?, has_more, |item| &item.key)
}

/// A page of keys, descriptions and values.
pub(crate) fn records_page(reply: Value) -> Result<RecordPage<Record>> {
    let [has_more, keys, descriptions, values] = answers(reply)?;
    page(whole(keys, descriptions, values)?, has_more, |item| &item.key)
}

fn described(keys: Value, descriptions: Value) -> Result<Vec<RecordMetadata>> {
    let keys = array(keys)?;
    let descriptions = as_many(keys.len(), array(descriptions)?)?;
    let items = keys.into_iter().zip(descriptions).map(|(key, description)| {
        let Description(content_type, size) = description_of(description)?;
        Ok(RecordMetadata::new(key_of(key)?, content_type, size))
    });
    items.collect()
}

fn whole(keys: Value, descriptions: Value, values: Value) -> Result<Vec<Record>> {
    let keys = array(keys)?;
    let descriptions = as_many(keys.len(), array(descriptions)?)?;
    let values = as_many(keys.len(), array(values)?)?;
    let items = keys.into_iter().zip(descriptions).zip(values).map(|((key, description), found)| {
        let Description(content_type, _) = description_of(description)?;
        Ok(Record::new(key_of(key)?, content_type, value(found)?.ok_or_else(damaged)?))
    });
    items.collect()
}

fn page<T>(items: Vec<T>, has_more: Value, key: impl FnOnce(&T) -> &KeyBuf) -> Result<RecordPage<T>> {
    let next_start_key = if flag(has_more)? { items.last().map(key).cloned() } else { None };
    Ok(RecordPage::new(items, next_start_key))
}

fn answers<const N: usize>(reply: Value) -> Result<[Value; N]> {
    exactly(statused(reply)?)
}

/// What follows a status that says that all went well.
fn statused(reply: Value) -> Result<Vec<Value>> {
    let mut replies = match plain(reply) {
        status @ Value::Int(_) => vec![status],
        Value::Array(replies) if !replies.is_empty() => replies,
        other => return Err(unexpected("a status", &other)),
    };
    match integer(replies.remove(0))? {
        DONE => Ok(replies),
        DROPPED => Err(dropped()),
        CORRUPT => Err(damaged()),
        TAKEN => Err(taken()),
        _ => Err(out_of_bounds("a status")),
    }
}

/// Content type and size of a record.
struct Description(ContentType, u64);

impl Description {
    fn read(description: &[u8]) -> Result<Self> {
        let parts = std::str::from_utf8(description).ok().and_then(|text| text.split_once(' '));
        let (size, content_type) = parts.ok_or_else(damaged)?;
        let size = size.parse().map_err(|_| damaged())?;
        Ok(Self(ContentType::as_stored(content_type.to_owned()), size))
    }
}

fn description_of(reply: Value) -> Result<Description> {
    Description::read(&value(reply)?.ok_or_else(damaged)?)
}

fn key_of(reply: Value) -> Result<KeyBuf> {
    KeyBuf::new(text(reply)?).map_err(|_| damaged())
}

fn text(reply: Value) -> Result<String> {
    text_if_any(reply)?.ok_or_else(damaged)
}

fn text_if_any(reply: Value) -> Result<Option<String>> {
    value(reply)?.map(|bytes| String::from_utf8(bytes.into()).map_err(|_| damaged())).transpose()
}

fn time(reply: Value) -> Result<Timestamp> {
    let millis = u64::try_from(decimal(reply)?).ok();
    millis.and_then(Timestamp::from_unix_millis).ok_or_else(damaged)
}

/// Only where the layout cannot keep names and aliases apart, and is not to be used as if it could.
pub(crate) fn taken() -> Error {
    Error::new(ErrorKind::InvalidArgument, "another kind of name leads to this store already, in the layout of Crawlee")
}

fn dropped() -> Error {
    Error::new(ErrorKind::Dropped, "the store was dropped")
}

/// Other programs wrote into it, or the server has evicted a part of it.
pub(crate) fn damaged() -> Error {
    Error::new(ErrorKind::Corrupt, "what the server keeps of the store is not what this driver writes")
}

#[cfg(test)]
mod tests {
    use store_core::Bytes;

    use super::*;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn all(replies: impl Into<Vec<Value>>) -> Value {
        Value::Array(replies.into())
    }

    fn key(text: &str) -> KeyBuf {
        KeyBuf::new(text).unwrap()
    }

    #[test]
    fn a_status_says_what_became_of_the_collection() {
        done(Value::Int(0)).unwrap();
        for (reply, kind) in [
            (Value::Int(1), ErrorKind::Dropped),
            (Value::Int(2), ErrorKind::Corrupt),
            (all([Value::Int(1)]), ErrorKind::Dropped),
            (Value::Int(3), ErrorKind::InvalidArgument),
            (Value::Int(4), ErrorKind::Other),
            (Value::Nil, ErrorKind::Other),
            (all([]), ErrorKind::Other),
            (all([Value::Int(0), Value::Nil]), ErrorKind::Other),
        ] {
            assert_eq!(done(reply).unwrap_err().kind(), kind);
        }
    }

    #[test]
    fn an_opening_is_an_id_and_whether_it_leads_anywhere() {
        let reply = |written| opening(all([Value::Int(0), bulk("Az0"), Value::Int(written)])).unwrap();
        assert_eq!(reply(1), Opening { id: "Az0".to_owned(), index: IdIndex::Written });
        assert_eq!(reply(0).index, IdIndex::Missing);
    }

    #[test]
    fn behind_a_record_may_be_how_long_no_read_has_a_time_to_move() {
        let rest = |behind: &[Value]| {
            let replies = [Value::Int(0), Value::Nil, Value::Nil].into_iter().chain(behind.iter().cloned()).collect();
            record(Value::Array(replies), Key::new("k").unwrap()).map(|(_, rest)| rest)
        };
        assert_eq!(rest(&[]).unwrap(), None);
        assert_eq!(rest(&[Value::Int(7)]).unwrap(), Some(Duration::from_millis(7)));
        assert!(rest(&[Value::Int(-1)]).is_err() && rest(&[Value::Nil]).is_err());
        assert!(rest(&[Value::Int(7), Value::Int(7)]).is_err());
    }

    #[test]
    fn a_record_is_whole_or_the_collection_is_damaged() {
        let read = |description, value| {
            record(all([Value::Int(0), description, value]), Key::new("k").unwrap()).map(|(record, _)| record)
        };
        let whole = Record::new(key("k"), ContentType::as_stored("a/b; c"), Bytes::from("v"));
        assert_eq!(read(bulk("1 a/b; c"), bulk("v")).unwrap(), Some(whole));
        assert_eq!(read(Value::Nil, Value::Nil).unwrap(), None);
        for (description, value) in [
            (Value::Nil, bulk("v")),
            (bulk("1 a/b"), Value::Nil),
            (bulk("a/b"), bulk("v")),
            (bulk("x a/b"), bulk("v")),
            (Value::BulkString(b"1 \xff".to_vec()), bulk("v")),
        ] {
            assert_eq!(read(description, value).unwrap_err().kind(), ErrorKind::Corrupt);
        }
    }

    #[test]
    fn pages_say_where_the_next_one_starts() {
        let keys = || all([bulk("a"), bulk("b")]);
        let descriptions = || all([bulk("1 x/y"), bulk("2 x/z")]);
        let page = keys_page(all([Value::Int(0), Value::Int(1), keys(), descriptions()])).unwrap();
        assert_eq!(
            page.items,
            [
                RecordMetadata::new(key("a"), ContentType::as_stored("x/y"), 1),
                RecordMetadata::new(key("b"), ContentType::as_stored("x/z"), 2)
            ]
        );
        assert_eq!(page.next_start_key, Some(key("b")));
        let last =
            records_page(all([Value::Int(0), Value::Int(0), all([bulk("a")]), all([bulk("1 x/y")]), all([bulk("v")])]));
        let last = last.unwrap();
        assert_eq!(last.items, [Record::new(key("a"), ContentType::as_stored("x/y"), Bytes::from("v"))]);
        assert_eq!(last.next_start_key, None);
        for descriptions in [all([bulk("1 x/y"), Value::Nil]), all([bulk("1 x/y"), bulk("x/y")])] {
            let damaged = keys_page(all([Value::Int(0), Value::Int(0), keys(), descriptions]));
            assert_eq!(damaged.unwrap_err().kind(), ErrorKind::Corrupt);
        }
        let not_text = all([Value::BulkString(vec![0xff])]);
        let damaged = keys_page(all([Value::Int(0), Value::Int(0), not_text, all([bulk("1 x/y")])]));
        assert_eq!(damaged.unwrap_err().kind(), ErrorKind::Corrupt);
    }

    #[test]
    fn times_beyond_what_can_be_told_are_damage() {
        let store = OpenedStore::new("id".to_owned(), StoreLabel::Default);
        let read = |time| metadata(all([Value::Int(0), bulk("1"), bulk(time), bulk("3")]), &store);
        let at = |millis| Timestamp::from_unix_millis(millis).unwrap();
        let expected =
            StoreMetadata::created("id".to_owned(), None, at(1)).with_accessed_at(at(2)).with_modified_at(at(3));
        assert_eq!(read("2").unwrap(), expected);
        assert_eq!(read("999999999999999").unwrap_err().kind(), ErrorKind::Corrupt);
    }
}
