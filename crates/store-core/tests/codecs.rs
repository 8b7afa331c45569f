//! Every codec reads back what it writes, refuses the rest, and shows no value while doing so.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(all(feature = "json", feature = "messagepack", feature = "postcard", feature = "zlib", feature = "zstd"))]

use std::error::Error as _;

use serde::{Deserialize, Serialize};
use store_core::codec::{Decode, Encode, Json, MessagePack, Postcard, PythonJson, Raw, Text, Zlib, Zstd};
use store_core::prelude::Bytes;
use store_core::{Codec, ErrorKind};

const SECRET: &str = "canary-7f3a";

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
    visits: u32,
}

fn profile() -> Profile {
    Profile { name: SECRET.into(), visits: 3 }
}

fn round_trip<T: PartialEq + std::fmt::Debug>(codec: impl Codec<T>, value: T) {
    let bytes = codec.encode(&value).unwrap();
    assert_eq!(codec.decode(&bytes).unwrap(), value);
}

#[test]
fn codecs_read_back_what_they_write() {
    round_trip(Json, profile());
    round_trip(Json, 9.320_114_789_670_335e-147);
    round_trip(MessagePack, profile());
    round_trip(Postcard, profile());
    round_trip(Text, String::from("é\0"));
    round_trip(Raw, Bytes::from_static(b"\xff\0"));
    round_trip(Raw, vec![0xffu8, 0]);
    round_trip(PythonJson, profile());
    round_trip(Zlib::new(Json), profile());
    round_trip(Zstd::new(MessagePack), profile());
    round_trip(Zlib::new(Zstd::new(Raw)), Bytes::new());
}

fn refuses<T: std::fmt::Debug>(codec: impl Codec<T>, bytes: impl Into<Bytes>) {
    let error = codec.decode(&bytes.into()).unwrap_err();
    let shown = format!("{error} {error:?} {:?}", error.source());
    assert!(!shown.contains(SECRET), "{shown}");
}

#[test]
fn codecs_refuse_damage_without_showing_it() {
    refuses::<Profile>(Json, format!("{{\"name\":3,\"visits\":\"{SECRET}\"}}"));
    refuses::<u32>(Json, format!("\"{SECRET}\""));
    refuses::<u32>(Json, "3 4");
    refuses::<u32>(Json, "[".repeat(100_000));
    refuses::<u32>(MessagePack, Bytes::from(rmp_serde_str(SECRET)));
    refuses::<u32>(MessagePack, vec![3, 4]);
    refuses::<Vec<u64>>(MessagePack, vec![0xdd, 0xff, 0xff, 0xff, 0xff]);
    refuses::<Profile>(Postcard, SECRET);
    refuses::<u8>(Postcard, vec![3, 4]);
    refuses::<String>(Text, vec![b'a', 0xff]);
    refuses::<String>(Zlib::new(Text), SECRET);
    refuses::<String>(Zstd::new(Text), SECRET);
    refuses::<u32>(Zlib::new(Json), Zlib::new(Text).encode(SECRET).unwrap());
    refuses::<u32>(Zstd::new(Json), Zstd::new(Text).encode(SECRET).unwrap());
}

#[test]
fn truncated_values_are_refused_at_every_length() {
    fn check(codec: impl Codec<Profile>) {
        let whole = codec.encode(&profile()).unwrap();
        for length in 0..whole.len() {
            assert!(codec.decode(&whole.slice(..length)).is_err(), "{length}");
        }
    }
    check(Json);
    check(MessagePack);
    check(Postcard);
    check(PythonJson);
    check(Zlib::new(Json));
    check(Zstd::new(Json));
}

#[test]
fn a_chain_that_python_shares_writes_what_python_reads_and_reads_what_it_wrote() {
    let value = std::collections::BTreeMap::from([("a".to_owned(), (1, "é".to_owned(), None::<u8>))]);
    assert_eq!(MessagePack.encode(&value).unwrap(), &b"\x81\xa1a\x93\x01\xa2\xc3\xa9\xc0"[..]);
    assert_eq!(PythonJson.encode(&value).unwrap(), r#"{"a": [1, "\u00e9", null]}"#);

    // Written by Python's zlib: at its default level, at 1 and at 9.
    for written in [
        &b"x\x9c\xabVJT\xb2R0\xac\x05\x00\x09\xe5\x02)"[..],
        b"x\x01\xabVJT\xb2R0\xac\x05\x00\x09\xe5\x02)",
        b"x\xda\xabVJT\xb2R0\xac\x05\x00\x09\xe5\x02)",
    ] {
        let read: String = Zlib::new(Text).decode(&Bytes::from_static(written)).unwrap();
        assert_eq!(read, r#"{"a": 1}"#);
    }
    for (level, header) in [(1, b"x\x01"), (6, b"x\x9c"), (9, b"x\xda")] {
        let bytes = Zlib::new(Text).with_level(level).unwrap().encode(SECRET).unwrap();
        assert_eq!(bytes[..2], header[..], "{level}");
    }
    // One frame, with the length of the content and without a checksum.
    let frame = Zstd::new(Text).encode(SECRET).unwrap();
    assert_eq!(frame[..6], [&b"(\xb5/\xfd\x20"[..], &[u8::try_from(SECRET.len()).unwrap()]].concat());
    let streamed = zstd::stream::encode_all(SECRET.as_bytes(), 1).unwrap();
    assert_ne!(streamed[4], 0x20, "a frame with a length");
    assert_eq!(Zstd::new(Text).decode(&streamed.into()).unwrap(), SECRET);
}

#[test]
fn what_is_longer_than_the_limit_is_neither_written_nor_read() {
    fn check(roomy: impl Codec<Vec<u8>>, narrow: impl Codec<Vec<u8>>) {
        const LIMIT: usize = 1_000_000;
        for (length, fits) in [(LIMIT, true), (LIMIT + 1, false), (32 * LIMIT, false)] {
            let value = vec![0; length];
            assert_eq!(narrow.encode(&value).is_ok(), fits, "{length}");
            let bytes = roomy.encode(&value).unwrap();
            assert!(bytes.len() < length / 100, "{length}");
            let read = narrow.decode(&bytes);
            assert_eq!(read.is_ok(), fits, "{length}");
            if let Err(reason) = read {
                assert!(reason.to_string().contains("limit=1000000"), "{reason}");
            }
        }
    }
    check(Zlib::new(Raw), Zlib::new(Raw).with_max_bytes(1_000_000));
    check(Zstd::new(Raw), Zstd::new(Raw).with_max_bytes(1_000_000));
}

#[test]
fn bytes_behind_what_is_compressed_are_refused() {
    fn check(codec: impl Codec<String>) {
        let one = codec.encode(&SECRET.to_owned()).unwrap();
        for rest in [&b"\0"[..], &one] {
            let error = codec.decode(&[&one, rest].concat().into()).unwrap_err();
            assert!(error.to_string().contains("bytes behind the value"), "{error}");
        }
    }
    check(Zlib::new(Text));
    check(Zstd::new(Text));
}

#[test]
fn levels_that_do_not_exist_are_refused_at_construction() {
    let levels = [Zlib::new(Raw).with_level(10).unwrap_err(), Zstd::new(Raw).with_level(0).unwrap_err()];
    for error in levels.into_iter().chain([Zstd::new(Raw).with_level(23).unwrap_err()]) {
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert!((0..=9).all(|level| Zlib::new(Raw).with_level(level).is_ok()));
    assert!((1..=22).all(|level| Zstd::new(Raw).with_level(level).is_ok()));
}

/// MessagePack's short text form.
fn rmp_serde_str(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(text.len()).unwrap()];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
