//! A cache of cachetory: values by a chain of serializers, under a prefix with nothing behind it, milliseconds.

mod compressors;
mod entries;
mod expiry;
mod prefixes;
mod serializers;
mod together;

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;
use store_redis::{Layout, RedisCache};

use crate::case::Case;
use crate::python::{Object, milliseconds};
use crate::sides::Sides;

pub(crate) const CASES: &[&[Case]] =
    &[serializers::CASES, compressors::CASES, entries::CASES, expiry::CASES, prefixes::CASES, together::CASES];

/// Without a prefix.
async fn bare(sides: &Sides) -> Result<RedisCache> {
    Ok(RedisCache::builder(sides.config()?).layout(Layout::cachetory()).connect().await?)
}

async fn rust_under(sides: &Sides, prefix: &str) -> Result<Namespaced<RedisCache>> {
    Ok(bare(sides).await?.namespace(prefix)?)
}

/// With values of JSON.
async fn python_under<'a>(sides: &'a Sides, prefix: &str) -> Result<Object<'a>> {
    sides.python(json!({"prefix": prefix})).await
}

/// How Python gives a lifetime.
fn time_to_live(number: i64) -> Value {
    json!({"time_to_live": milliseconds(number)})
}
