//! Litestar's `RedisStore`: raw bytes under `NAMESPACE:key`, nested namespaces after an underscore.

mod entries;
mod expiry;
mod namespaces;
mod together;

use anyhow::Result;
use serde_json::{Value, json};
use store_redis::prelude::*;
use store_redis::{Layout, RedisStore};

use crate::case::Case;
use crate::python::Object;
use crate::sides::Sides;

pub(crate) const CASES: &[&[Case]] = &[entries::CASES, expiry::CASES, namespaces::CASES, together::CASES];

/// Without a namespace.
async fn bare(sides: &Sides) -> Result<RedisStore> {
    Ok(RedisStore::builder(sides.config()?).layout(Layout::litestar()).connect().await?)
}

/// What Python has unless it asks for another namespace.
async fn default(sides: &Sides) -> Result<Namespaced<RedisStore>> {
    Ok(bare(sides).await?.namespace("LITESTAR")?)
}

/// A store of Python's in a namespace, or without one.
async fn python_in<'a>(sides: &'a Sides, namespace: Option<&str>) -> Result<Object<'a>> {
    sides.python(json!({"namespace": namespace})).await
}

/// How Python gives a lifetime.
fn expires_in(seconds: u32) -> Value {
    json!({"expires_in": seconds})
}
