//! Values of every kind, in the exact bytes of Python's side.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use store_redis::cachelib::RedisSerializer;
use store_redis::prelude::*;
use store_redis::{Decode, Plain};

use super::{python_under, rust_under};
use crate::case::{Case, cases};
use crate::python::{bytes, instance, int, set, tuple};
use crate::rust::every_byte;
use crate::sides::Sides;
use crate::wire::same;

const READING: RedisSerializer = RedisSerializer::new().reading_pickles();

pub(super) const CASES: &[Case] = cases! {
    PythonWrites: [
        integers_are_decimal_text_of_any_size,
        truth_values_and_none_are_pickled,
        a_float_is_pickled,
        a_text_is_pickled,
        bytes_are_pickled,
        collections_are_pickled,
        a_set_is_pickled_and_read_as_one,
        pickles_of_every_protocol_are_read,
        a_pickle_is_refused_unless_asked_for,
        objects_are_refused_and_stay,
        an_instance_of_a_class_is_refused_and_stays,
        damaged_pickles_are_refused,
        json_of_python_is_spaced_and_ascii,
    ]
    RustWrites: [
        integers_of_rust_are_integers_in_python,
        plain_bytes_of_rust_are_bytes_in_python,
        bytes_that_python_would_misread_are_refused,
        raw_digits_of_rust_are_an_integer_in_python,
        json_of_rust_is_read_in_python,
        json_in_pythons_spelling_is_the_same_bytes,
    ]
};

/// Sets each value in Python, and holds both the bytes on the server and what Rust reads of them to what is given.
async fn python_writes(sides: &Sides, rows: Vec<(Value, &[u8], Plain)>) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Plain, _>(READING);
    for (value, stored, plain) in rows {
        python.call("set", json!(["k", value])).await?;
        sides.wire.has("app:k", stored)?;
        same("what Rust reads", rust.get("k").await?, Some(plain))?;
    }
    Ok(())
}

async fn integers_are_decimal_text_of_any_size(sides: &Sides) -> Result<()> {
    let large = 10_i128.pow(30);
    python_writes(
        sides,
        vec![
            (json!(5), b"5", Plain::Int(5)),
            (json!(-7), b"-7", Plain::Int(-7)),
            (json!(0), b"0", Plain::Int(0)),
            (int(&large.to_string()), b"1000000000000000000000000000000", Plain::Int(large)),
        ],
    )
    .await?;
    let counter = rust_under(sides, "app:").await?.counter("k").await;
    same("the largest as a counter", counter.map_err(|error| error.kind()), Err(ErrorKind::NotAnInteger))
}

async fn truth_values_and_none_are_pickled(sides: &Sides) -> Result<()> {
    python_writes(
        sides,
        vec![
            (json!(true), b"!\x80\x05\x88.", Plain::Bool(true)),
            (json!(false), b"!\x80\x05\x89.", Plain::Bool(false)),
            (json!(null), b"!\x80\x05N.", Plain::None),
        ],
    )
    .await
}

async fn a_float_is_pickled(sides: &Sides) -> Result<()> {
    let stored = b"!\x80\x05\x95\x0a\0\0\0\0\0\0\0G\x3f\xf8\0\0\0\0\0\0.";
    python_writes(sides, vec![(json!(1.5), stored, Plain::Float(1.5))]).await
}

async fn a_text_is_pickled(sides: &Sides) -> Result<()> {
    let stored = b"!\x80\x05\x95\x05\0\0\0\0\0\0\0\x8c\x01s\x94.";
    python_writes(sides, vec![(json!("s"), stored, Plain::Text("s".to_owned()))]).await
}

async fn bytes_are_pickled(sides: &Sides) -> Result<()> {
    let stored = b"!\x80\x05\x95\x07\0\0\0\0\0\0\0C\x03raw\x94.";
    python_writes(sides, vec![(bytes("raw"), stored, Plain::Bytes("raw".into()))]).await?;
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Bytes, _>(READING);
    for value in [every_byte(), Vec::new()] {
        python.call("set", json!(["k", bytes(&value)])).await?;
        same("what Rust reads", rust.get("k").await?.as_deref(), Some(&*value))?;
    }
    Ok(())
}

async fn collections_are_pickled(sides: &Sides) -> Result<()> {
    let one_of = |key: &str, value| Plain::Dict(vec![(Plain::Text(key.to_owned()), Plain::Int(value))]);
    let dict = b"!\x80\x05\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.";
    let list = b"!\x80\x05\x95\x10\0\0\0\0\0\0\0]\x94(K\x01}\x94\x8c\x01a\x94K\x02se.";
    let pair = b"!\x80\x05\x95\x07\0\0\0\0\0\0\0K\x01K\x02\x86\x94.";
    python_writes(
        sides,
        vec![
            (json!({"a": 1}), dict, one_of("a", 1)),
            (json!([1, {"a": 2}]), list, Plain::List(vec![Plain::Int(1), one_of("a", 2)])),
            (tuple(json!([1, 2])), pair, Plain::Tuple(vec![Plain::Int(1), Plain::Int(2)])),
        ],
    )
    .await
}

async fn a_set_is_pickled_and_read_as_one(sides: &Sides) -> Result<()> {
    let stored = b"!\x80\x05\x95\x07\0\0\0\0\0\0\0\x8f\x94(K\x01\x90.";
    let pickled = set(json!([1]));
    python_writes(sides, vec![(pickled.clone(), stored, Plain::Set(vec![Plain::Int(1)]))]).await?;
    same("what Python reads afterwards", python_under(sides, "app:").await?.call("get", json!(["k"])).await?, pickled)
}

/// What `pickle.dumps(5, protocol)` gives; cachelib before 0.15.4 wrote integers like that.
async fn pickles_of_every_protocol_are_read(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let cache = rust_under(sides, "app:").await?;
    let rust = cache.clone().typed::<i64, _>(READING);
    let pickles: [&[u8]; 6] =
        [b"!I5\n.", b"!K\x05.", b"!\x80\x02K\x05.", b"!\x80\x03K\x05.", b"!\x80\x04K\x05.", b"!\x80\x05K\x05."];
    for pickle in pickles {
        sides.wire.put("app:k", pickle)?;
        same("what Python reads", python.call("get", json!(["k"])).await?, 5)?;
        same("what Rust reads", rust.get("k").await?, Some(5))?;
    }
    let counted = cache.increment("k", 1).await.map_err(|error| error.kind());
    same("what Rust is told when it counts on", counted, Err(ErrorKind::NotAnInteger))?;
    same("what Python raises", python.raises("inc", json!(["k"])).await?, "ResponseError")
}

async fn a_pickle_is_refused_unless_asked_for(sides: &Sides) -> Result<()> {
    python_under(sides, "app:").await?.call("set", json!(["k", "s"])).await?;
    let rust = rust_under(sides, "app:").await?.typed::<Plain, _>(RedisSerializer::new());
    same("what Rust is told", rust.get("k").await.map_err(|error| error.kind()), Err(ErrorKind::Corrupt))
}

async fn objects_are_refused_and_stay(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let date = json!({"$datetime": "2026-11-20T15:08:25+00:00"});
    let rust = rust_under(sides, "app:").await?;
    for object in [date.clone(), json!([1, date])] {
        python.call("set", json!(["k", object])).await?;
        let read = rust.clone().typed::<Plain, _>(READING).get("k").await;
        same("what Rust is told", read.map_err(|error| error.kind()), Err(ErrorKind::Corrupt))?;
        same("what Python reads afterwards", python.call("get", json!(["k"])).await?, object)?;
    }
    Ok(())
}

/// Its class has no part in it: Rust refuses the name of it, and reads on for nothing.
async fn an_instance_of_a_class_is_refused_and_stays(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?;
    for object in [instance(json!(1)), json!({"a": [instance(json!("text"))]})] {
        python.call("set", json!(["k", object])).await?;
        let before = rust.get("k").await?.unwrap_or_default();
        ensure!(before.windows(8).any(|part| part == b"Instance"), "the pickle has no class in it");
        for read in [
            rust.clone().typed::<Plain, _>(READING).get("k").await.map(drop),
            rust.clone().typed::<Bytes, _>(READING).get("k").await.map(drop),
        ] {
            same("what Rust is told", read.map_err(|error| error.kind()), Err(ErrorKind::Corrupt))?;
        }
        sides.wire.has("app:k", before)?;
        same("what Python reads afterwards", python.call("get", json!(["k"])).await?, object)?;
    }
    Ok(())
}

async fn damaged_pickles_are_refused(sides: &Sides) -> Result<()> {
    let rust = rust_under(sides, "app:").await?.typed::<Plain, _>(READING);
    let python = python_under(sides, "app:").await?;
    python.call("set", json!(["k", [1, {"a": 2}]])).await?;
    let whole = rust.store().get("k").await?.unwrap_or_default();
    ensure!(READING.decode(&whole).is_ok_and(|value: Plain| value != Plain::None), "the whole pickle is not read");
    for length in 1..whole.len() {
        sides.wire.put("app:k", &whole[..length])?;
        let read = rust.get("k").await.map_err(|error| error.kind());
        same(&format!("what Rust is told of the first {length} bytes"), read, Err(ErrorKind::Corrupt))?;
    }
    Ok(())
}

async fn json_of_python_is_spaced_and_ascii(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"key_prefix": "app:", "json": true})).await?;
    let value = json!({"a": [1, null, "é"]});
    python.call("set", json!(["k", value])).await?;
    sides.wire.has("app:k", r#"{"a": [1, null, "\u00e9"]}"#)?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::Json);
    same("what Rust reads", rust.get("k").await?, Some(value))
}

async fn integers_of_rust_are_integers_in_python(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<i64, _>(RedisSerializer::new());
    for number in [5, -7, 0, i64::MAX, i64::MIN] {
        rust.set("k", &number).await?;
        sides.wire.has("app:k", number.to_string())?;
        same("what Python reads", python.call("get", json!(["k"])).await?, number)?;
    }
    let large = 10_i128.pow(30);
    rust_under(sides, "app:").await?.typed::<Plain, _>(RedisSerializer::new()).set("k", &Plain::Int(large)).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, int(&large.to_string()))
}

async fn plain_bytes_of_rust_are_bytes_in_python(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Bytes, _>(RedisSerializer::new());
    for value in [every_byte().into(), Bytes::from("vä"), Bytes::new(), Bytes::from("1.5"), Bytes::from("-")] {
        rust.set("k", &value).await?;
        sides.wire.has("app:k", &value)?;
        same("what Python reads", python.call("get", json!(["k"])).await?, bytes(&value))?;
    }
    Ok(())
}

/// Both sides are asked, so that the refusals are neither fewer nor more than Python makes necessary.
async fn bytes_that_python_would_misread_are_refused(sides: &Sides) -> Result<()> {
    let python = python_under(sides, "app:").await?;
    let rust = rust_under(sides, "app:").await?.typed::<Bytes, _>(RedisSerializer::new());
    let texts = [
        "12", "-12", "+12", " 12", "12\n", "1_0", "007", "1__0", "_1", "1_", "0x1", "- 1", "1 2", "1.0", "1e3",
        "\u{b}1",
    ];
    for text in texts {
        sides.wire.put("app:k", text)?;
        let is_misread = python.call("get", json!(["k"])).await? != bytes(text);
        let written = rust.set("k", &Bytes::from(text)).await.map_err(|error| error.kind());
        let expected = if is_misread { Err(ErrorKind::InvalidArgument) } else { Ok(()) };
        same(&format!("the set of {text:?}, which Python misreads: {is_misread}"), written, expected)?;
    }
    let pickled = rust.set("k", &Bytes::from("!")).await.map_err(|error| error.kind());
    same("the set of what begins like a pickle", pickled, Err(ErrorKind::InvalidArgument))
}

/// Without the codec nothing is checked.
async fn raw_digits_of_rust_are_an_integer_in_python(sides: &Sides) -> Result<()> {
    rust_under(sides, "app:").await?.set("k", " 1_0 ").await?;
    same("what Python reads", python_under(sides, "app:").await?.call("get", json!(["k"])).await?, 10)
}

async fn json_of_rust_is_read_in_python(sides: &Sides) -> Result<()> {
    let value = json!({"a": [1, null, "é\u{1f980}", 1.5, true], "b": {}});
    rust_under(sides, "app:").await?.typed::<Value, _>(codec::Json).set("k", &value).await?;
    let python = sides.python(json!({"key_prefix": "app:", "json": true})).await?;
    same("what Python reads", python.call("get", json!(["k"])).await?, value)
}

async fn json_in_pythons_spelling_is_the_same_bytes(sides: &Sides) -> Result<()> {
    let python = sides.python(json!({"key_prefix": "app:", "json": true})).await?;
    let rust = rust_under(sides, "app:").await?.typed::<Value, _>(codec::PythonJson);
    let texts = json!(["", "é", "\u{1f980}", "\"\\/\u{8}\u{c}\n\r\t\0\u{7f}\u{2028}"]);
    let numbers = json!([0, -1, 1.5, 0.1, -0.0, 1e16, 1e-7, i64::MAX, 5e-324]);
    for value in [texts, numbers, json!({"a": [1, null, "é"]}), json!({}), json!([]), json!([[], {}]), json!(null)] {
        python.call("set", json!(["python", value])).await?;
        rust.set("rust", &value).await?;
        let stored = rust.store().get("python").await?.unwrap_or_default();
        sides.wire.has("app:rust", &stored)?;
    }
    Ok(())
}
