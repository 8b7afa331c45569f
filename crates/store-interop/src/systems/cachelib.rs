//! cachelib's `RedisCache`: integers as text and everything else pickled, under a prefix with nothing behind it.

mod counters;
mod entries;
mod expiry;
mod prefixes;
mod together;
mod values;

use anyhow::Result;
use serde_json::json;
use store_redis::prelude::*;
use store_redis::{Layout, RedisCache};

use crate::case::Case;
use crate::python::Object;
use crate::sides::Sides;

pub(crate) const CASES: &[&[Case]] =
    &[values::CASES, counters::CASES, entries::CASES, expiry::CASES, prefixes::CASES, together::CASES];

/// Without a prefix.
async fn bare(sides: &Sides) -> Result<RedisCache> {
    Ok(RedisCache::builder(sides.config()?).layout(Layout::cachelib()).connect().await?)
}

async fn rust_under(sides: &Sides, prefix: &str) -> Result<Namespaced<RedisCache>> {
    Ok(bare(sides).await?.namespace(prefix)?)
}

async fn python_under<'a>(sides: &'a Sides, prefix: &str) -> Result<Object<'a>> {
    sides.python(json!({"key_prefix": prefix})).await
}
