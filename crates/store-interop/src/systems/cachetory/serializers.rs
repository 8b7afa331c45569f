//! Values by every serializer that both sides have.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use store_redis::pickle::Pickle;
use store_redis::prelude::*;
use store_redis::{Decode, Encode, Plain};

use super::rust_under;
use crate::case::{Case, cases};
use crate::python::{Object, bytes};
use crate::rust::every_byte;
use crate::sides::Sides;
use crate::wire::same;

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        json_of_python_is_spaced_and_ascii,
        a_pickle_of_python_has_no_mark,
        a_pickle_of_each_protocol_is_read,
        messagepack_of_python_is_read,
        bytes_of_python_are_as_they_are,
        a_pickled_object_is_refused,
        another_serializer_is_corrupt_and_no_miss,
    ]
    RustWrites: [
        json_of_rust_is_read_in_python,
        json_in_pythons_spelling_is_the_same_bytes,
        messagepack_of_rust_is_the_same_bytes,
        bytes_of_rust_are_as_they_are,
        another_serializer_raises_in_python,
    ]
};

pub(super) const PICKLE_OF_SAMPLE: &[u8] =
    b"\x80\x05\x95\x14\0\0\0\0\0\0\0}\x94\x8c\x01a\x94]\x94(K\x01\x8c\x02\xc3\xa9\x94Nes.";
const MESSAGEPACK_OF_SAMPLE: &[u8] = b"\x81\xa1a\x93\x01\xa2\xc3\xa9\xc0";

pub(super) fn sample() -> Value {
    json!({"a": [1, "é", null]})
}

pub(super) fn plain_sample() -> Plain {
    let items = vec![Plain::Int(1), Plain::Text("é".to_owned()), Plain::None];
    Plain::Dict(vec![(Plain::Text("a".to_owned()), Plain::List(items))])
}

/// Large enough for a compressor to do something.
pub(super) fn large() -> Value {
    (0..500).map(|number| json!({"number": number, "text": "é".repeat(number % 7)})).collect()
}

pub(super) async fn python_with<'a>(sides: &'a Sides, serializer: &str) -> Result<Object<'a>> {
    sides.python(json!({"serializer": serializer, "prefix": "app:"})).await
}

/// What lies on the server at `app:k`.
pub(super) async fn stored(sides: &Sides) -> Result<Bytes> {
    Ok(rust_under(sides, "app:").await?.get("k").await?.unwrap_or_default())
}

async fn json_of_python_is_spaced_and_ascii(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "json://").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Json);
    let rows = [
        (sample(), r#"{"a": [1, "\u00e9", null]}"#),
        (json!(42), "42"),
        (json!("s"), r#""s""#),
        (json!(null), "null"),
        (json!(""), r#""""#),
    ];
    for (value, text) in rows {
        python.call("set", json!(["k", value])).await?;
        sides.wire.has("app:k", text)?;
        same("what Rust reads", rust.get("k").await?, Some(value))?;
    }
    Ok(())
}

async fn a_pickle_of_python_has_no_mark(sides: &Sides) -> Result<()> {
    python_with(sides, "pickle://").await?.call("set", json!(["k", sample()])).await?;
    sides.wire.has("app:k", PICKLE_OF_SAMPLE)?;
    same("what Rust reads", Pickle.decode(&stored(sides).await?)?, plain_sample())
}

async fn a_pickle_of_each_protocol_is_read(sides: &Sides) -> Result<()> {
    for protocol in 0..=5 {
        let python = python_with(sides, &format!("pickle://?pickle-protocol={protocol}")).await?;
        python.call("set", json!(["k", sample()])).await?;
        same(
            &format!("what Rust reads of protocol {protocol}"),
            Pickle.decode(&stored(sides).await?)?,
            plain_sample(),
        )?;
    }
    let mut fourth = PICKLE_OF_SAMPLE.to_vec();
    fourth[1] = 4;
    python_with(sides, "pickle://?pickle-protocol=4").await?.call("set", json!(["k", sample()])).await?;
    sides.wire.has("app:k", fourth)
}

async fn messagepack_of_python_is_read(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "msgpack://").await?;
    python.call("set", json!(["k", sample()])).await?;
    sides.wire.has("app:k", MESSAGEPACK_OF_SAMPLE)?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::MessagePack);
    for value in [sample(), large(), json!([0, -1, 1.5, i64::MIN, u64::MAX, true, ""])] {
        python.call("set", json!(["k", value])).await?;
        same("what Rust reads", rust.get("k").await?, Some(value))?;
    }
    Ok(())
}

async fn bytes_of_python_are_as_they_are(sides: &Sides) -> Result<()> {
    for serializer in ["noop://", "null://"] {
        for value in [every_byte(), Vec::new()] {
            python_with(sides, serializer).await?.call("set", json!(["k", bytes(&value)])).await?;
            sides.wire.has("app:k", &value)?;
            same("what Rust reads", &*stored(sides).await?, &*value)?;
        }
    }
    Ok(())
}

async fn a_pickled_object_is_refused(sides: &Sides) -> Result<()> {
    let date = json!({"$datetime": "2026-11-20T15:08:25+00:00"});
    python_with(sides, "pickle://").await?.call("set", json!(["k", [date]])).await?;
    ensure!(Pickle.decode(&stored(sides).await?).is_err(), "an object was read");
    Ok(())
}

async fn another_serializer_is_corrupt_and_no_miss(sides: &Sides) -> Result<()> {
    let cache = rust_under(sides, "app:").await?;
    python_with(sides, "msgpack+zstd://").await?.call("set", json!(["k", sample()])).await?;
    let as_json = cache.clone().typed::<Value, _>(codec::Json).get("k").await;
    same("what Rust is told as JSON", as_json.map_err(|error| error.kind()), Err(ErrorKind::Corrupt))?;
    let as_zlib = cache.clone().typed::<Value, _>(codec::Zlib::new(codec::MessagePack)).get("k").await;
    same("what Rust is told as zlib", as_zlib.map_err(|error| error.kind()), Err(ErrorKind::Corrupt))?;
    let as_miss = cache.typed::<Value, _>(codec::Json).on_corrupt(OnCorrupt::Miss);
    same("what Rust reads where it may be a miss", as_miss.get("k").await?, None)
}

async fn json_of_rust_is_read_in_python(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "json://").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Json);
    for value in [sample(), large(), json!(42), json!("s\u{1f980}"), json!(1.5), json!(false), json!({})] {
        rust.set("k", &value).await?;
        same("what Python reads", python.call("get", json!(["k"])).await?, value)?;
    }
    Ok(())
}

async fn json_in_pythons_spelling_is_the_same_bytes(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "json://").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::PythonJson);
    for value in [sample(), large(), json!(42), json!("s"), json!([1.5, -0.0, 1e22, 1e-5, 123456789.125])] {
        python.call("set", json!(["python", value])).await?;
        rust.set("k", &value).await?;
        let theirs = rust.store().get("python").await?.unwrap_or_default();
        sides.wire.has("app:k", theirs)?;
    }
    Ok(())
}

async fn messagepack_of_rust_is_the_same_bytes(sides: &Sides) -> Result<()> {
    let python = python_with(sides, "msgpack://").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::MessagePack);
    for value in [sample(), large(), json!([0, 127, 128, -32, -33, 65_536, i64::MIN, u64::MAX, 1.5, null])] {
        python.call("set", json!(["python", value])).await?;
        rust.set("k", &value).await?;
        let theirs = rust.store().get("python").await?.unwrap_or_default();
        sides.wire.has("app:k", theirs)?;
        same("what Python reads", python.call("get", json!(["k"])).await?, value)?;
    }
    Ok(())
}

/// Writes what the codec makes of bytes, which Python's chain gives back.
pub(super) async fn read_in_python(sides: &Sides, codec: &impl Encode<[u8]>, serializer: &str) -> Result<()> {
    let python = python_with(sides, serializer).await?;
    for value in [every_byte(), Vec::new(), vec![7; 100_000]] {
        rust_under(sides, "app:").await?.set("k", codec.encode(&value)?).await?;
        same("what Python reads", python.call("get", json!(["k"])).await?, bytes(&value))?;
    }
    Ok(())
}

async fn bytes_of_rust_are_as_they_are(sides: &Sides) -> Result<()> {
    read_in_python(sides, &codec::Raw, "noop://").await
}

async fn another_serializer_raises_in_python(sides: &Sides) -> Result<()> {
    rust_under(sides, "app:").await?.typed::<Value, _>(codec::Json).set("k", &sample()).await?;
    let expected = [("pickle://", "UnpicklingError"), ("pickle+zlib://", "error"), ("msgpack+zstd://", "Error")];
    for (serializer, class) in expected {
        let raised = python_with(sides, serializer).await?.raises("get", json!(["k"])).await?;
        same(&format!("what Python raises by {serializer}"), raised, class)?;
    }
    Ok(())
}
