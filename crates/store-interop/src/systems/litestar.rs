//! Litestar's `RedisStore`: raw bytes under `NAMESPACE:key`, nested namespaces after an underscore.

use anyhow::Result;
use serde_json::json;
use store_redis::prelude::*;
use store_redis::{RedisStore, SlotPolicy};

use crate::case::{Case, cases};
use crate::sides::Sides;
use crate::wire::same;

pub(crate) const CASES: &[Case] = cases! {
    PythonWrites: [a_text_is_its_utf8]
};

async fn a_text_is_its_utf8(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({})).await?;
    python.call("set", json!(["k", "vä"])).await?;
    sides.wire.has("LITESTAR:k", "vä")?;
    sides.wire.stays_forever("LITESTAR:k")?;
    let rust =
        RedisStore::connect_with(sides.config()?.with_slot_policy(SlotPolicy::PerKey)).await?.namespace("LITESTAR")?;
    same("what Rust reads", rust.get("k").await?.as_deref(), Some("vä".as_bytes()))
}
