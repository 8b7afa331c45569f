//! Values behind each compressor that both sides have.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use store_redis::Decode;
use store_redis::pickle::Pickle;
use store_redis::prelude::*;

use super::rust_under;
use super::serializers::{PICKLE_OF_SAMPLE, large, plain_sample, python_with, read_in_python, sample, stored};
use crate::case::{Case, cases};
use crate::python::bytes;
use crate::rust::every_byte;
use crate::sides::Sides;
use crate::wire::same;

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        zlib_of_python_is_read_at_every_level,
        messagepack_of_python_is_read_through_zlib,
        zstd_of_python_is_read,
        bytes_of_python_are_read_through_each_compressor,
        json_cannot_be_compressed_in_python,
    ]
    RustWrites: [
        zlib_of_rust_is_read_at_every_level,
        zstd_of_rust_is_read_at_every_level,
        a_frame_that_does_not_tell_its_length_is_read_by_both,
    ]
};

async fn zlib_of_python_is_read_at_every_level(sides: &Sides) -> Result<()> {
    for level in -1..=9 {
        let python = python_with(sides, &format!("pickle+zlib://?compression-level={level}")).await?;
        python.call("set", json!(["k", sample()])).await?;
        let stored = stored(sides).await?;
        // What zlib says of the level in its second byte.
        let mark = match level {
            0 | 1 => 0x01,
            2..=5 => 0x5e,
            -1 | 6 => 0x9c,
            _ => 0xda,
        };
        ensure!(stored.starts_with(&[b'x', mark]), "level {level} does not begin with 78{mark:02x}");
        same(&format!("what Rust reads of level {level}"), codec::Zlib::new(Pickle).decode(&stored)?, plain_sample())?;
    }
    Ok(())
}

async fn messagepack_of_python_is_read_through_zlib(sides: &Sides) -> Result<()> {
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Zlib::new(codec::MessagePack));
    for value in [sample(), large(), json!(null)] {
        python_with(sides, "msgpack+zlib://").await?.call("set", json!(["k", value])).await?;
        same("what Rust reads", rust.get("k").await?, Some(value))?;
    }
    Ok(())
}

async fn zstd_of_python_is_read(sides: &Sides) -> Result<()> {
    python_with(sides, "pickle+zstd://").await?.call("set", json!(["k", sample()])).await?;
    let frame = stored(sides).await?;
    // The magic number, then the length of the value in one byte.
    let length = u8::try_from(PICKLE_OF_SAMPLE.len())?;
    ensure!(frame.starts_with(&[b'(', 0xb5, b'/', 0xfd, 0x20, length]), "no frame that tells its length");
    same("what Rust reads", codec::Zstd::new(Pickle).decode(&frame)?, plain_sample())?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Zstd::new(codec::MessagePack));
    for serializer in ["msgpack+zstd://", "msgpack+zstandard://?compression-level=19&compression-threads=2"] {
        python_with(sides, serializer).await?.call("set", json!(["k", large()])).await?;
        same(&format!("what Rust reads of {serializer}"), rust.get("k").await?, Some(large()))?;
    }
    Ok(())
}

async fn bytes_of_python_are_read_through_each_compressor(sides: &Sides) -> Result<()> {
    for value in [every_byte(), Vec::new(), vec![7; 100_000]] {
        python_with(sides, "noop+zlib://").await?.call("set", json!(["k", bytes(&value)])).await?;
        let read: Bytes = codec::Zlib::new(codec::Raw).decode(&stored(sides).await?)?;
        same("whether Rust reads zlib", read == value, true)?;
        python_with(sides, "noop+zstd://").await?.call("set", json!(["k", bytes(&value)])).await?;
        let read: Bytes = codec::Zstd::new(codec::Raw).decode(&stored(sides).await?)?;
        same("whether Rust reads zstd", read == value, true)?;
    }
    Ok(())
}

async fn json_cannot_be_compressed_in_python(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "json+zlib://").await?;
    same("what Python raises", python.raises("set", json!(["k", sample()])).await?, "TypeError")?;
    sides.wire.has_only(&[""; 0])
}

async fn zlib_of_rust_is_read_at_every_level(sides: &Sides) -> Result<()> {
    for level in 0..=9 {
        read_in_python(sides, &codec::Zlib::new(codec::Raw).with_level(level)?, "noop+zlib://").await?;
    }
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Zlib::new(codec::MessagePack));
    rust.set("k", &large()).await?;
    let python = python_with(sides, "msgpack+zlib://").await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, large())
}

async fn zstd_of_rust_is_read_at_every_level(sides: &Sides) -> Result<()> {
    for level in [1, 3, 10, 19] {
        read_in_python(sides, &codec::Zstd::new(codec::Raw).with_level(level)?, "noop+zstd://").await?;
    }
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Zstd::new(codec::MessagePack));
    rust.set("k", &large()).await?;
    let python = python_with(sides, "msgpack+zstd://").await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, large())
}

/// What streaming compressors write: a magic number, no length, a window of 512 KiB, and one block, here as it is.
fn frame_without_length(value: &[u8]) -> Result<Vec<u8>> {
    let block = u32::try_from(value.len())? << 3 | 1;
    Ok([&[b'(', 0xb5, b'/', 0xfd, 0, 0x48], &block.to_le_bytes()[..3], value].concat())
}

async fn a_frame_that_does_not_tell_its_length_is_read_by_both(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "noop+zstd://").await?;
    for value in [every_byte(), vec![7; 100_000]] {
        let frame = frame_without_length(&value)?;
        let rust = rust_under(sides, "app:").await?;
        rust.set("k", frame.clone()).await?;
        let read: Bytes = codec::Zstd::new(codec::Raw).decode(&frame.into())?;
        same("whether Rust reads it", read == value, true)?;
        same("whether Python reads it", python.call("get", json!(["k"])).await? == bytes(&value), true)?;
    }
    Ok(())
}
