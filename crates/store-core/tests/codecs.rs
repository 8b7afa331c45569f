//! Every codec reads back what it writes, refuses the rest, and shows no value while doing so.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![cfg(all(feature = "json", feature = "messagepack", feature = "postcard"))]

use std::error::Error as _;

use serde::{Deserialize, Serialize};
use store_core::Codec;
use store_core::codec::{Json, MessagePack, Postcard, Raw, Text};
use store_core::prelude::Bytes;

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
    round_trip(MessagePack, profile());
    round_trip(Postcard, profile());
    round_trip(Text, String::from("é\0"));
    round_trip(Raw, Bytes::from_static(b"\xff\0"));
    round_trip(Raw, vec![0xffu8, 0]);
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
}

/// MessagePack's short text form.
fn rmp_serde_str(text: &str) -> Vec<u8> {
    let mut bytes = vec![0xa0 | u8::try_from(text.len()).unwrap()];
    bytes.extend_from_slice(text.as_bytes());
    bytes
}
