//! What Python wrote, byte for byte, and what Python would make of what is written here.

use proptest::prelude::*;

use super::*;

const CODEC: RedisSerializer = RedisSerializer::new();

fn read<T>(bytes: &'static [u8]) -> Result<T, CodecError>
where
    RedisSerializer: Decode<T>,
{
    CODEC.decode(&Bytes::from_static(bytes))
}

#[test]
fn integers_are_decimal_text() {
    for (value, text) in [(5, "5"), (-7, "-7"), (0, "0"), (i64::MIN, "-9223372036854775808")] {
        assert_eq!(CODEC.encode(&value).unwrap(), text);
        assert_eq!(Decode::<i64>::decode(&CODEC, &Bytes::from(text)), Ok(value));
    }
    let large = Plain::Int(10i128.pow(30));
    assert_eq!(CODEC.encode(&large).unwrap(), "1000000000000000000000000000000");
    assert_eq!(read::<Plain>(b"1000000000000000000000000000000"), Ok(large));
    assert!(read::<i64>(b"9223372036854775808").unwrap_err().to_string().contains("out of range"));
    assert!(read::<Plain>(b"1000000000000000000000000000000000000000").is_err());
    assert!(read::<i64>(b"five").is_err());
}

#[test]
fn what_python_takes_for_an_integer_is_one() {
    for (bytes, value) in
        [(&b"12 "[..], 12), (b"1_0", 10), (b" \t\n\r\x0b\x0c+1_2_3\n", 123), (b"-0", 0), (b"007", 7), (b"0_0", 0)]
    {
        assert_eq!(read::<i64>(bytes), Ok(value), "{}", bytes.escape_ascii());
        assert!(CODEC.encode(bytes).unwrap_err().to_string().contains("for an integer"));
        assert!(read::<Bytes>(bytes).is_err());
    }
    for bytes in
        [&b""[..], b" ", b"_1", b"1_", b"1__0", b"+ 5", b"--5", b"+", b"1.5", b"0x1", b"1\0", "\u{661}".as_bytes()]
    {
        assert_eq!(read::<Plain>(bytes), Ok(Plain::Bytes(Bytes::from_static(bytes))), "{}", bytes.escape_ascii());
        assert_eq!(CODEC.encode(bytes).unwrap(), bytes);
        assert!(read::<i64>(bytes).is_err());
    }
}

#[test]
fn bytes_that_python_would_unpickle_are_refused_and_pickles_are_corrupt() {
    for bytes in [&b"!"[..], b"!x", b"!\x80\x05K\x05."] {
        assert!(CODEC.encode(bytes).unwrap_err().to_string().contains("for a pickle"));
        assert!(read::<Plain>(bytes).unwrap_err().to_string().contains("pickles are not read"));
        assert!(read::<i64>(bytes).is_err() && read::<Bytes>(bytes).is_err());
    }
    assert!(CODEC.encode(&Plain::Text("s".to_owned())).is_err());
}

#[cfg(feature = "pickle")]
#[test]
fn pickles_are_read_where_that_is_asked_for() {
    let int = Plain::Int;
    for (bytes, expected) in [
        (&b"!\x80\x05\x88."[..], Plain::Bool(true)),
        (b"!\x80\x05\x89.", Plain::Bool(false)),
        (b"!\x80\x05N.", Plain::None),
        (b"!\x80\x05\x95\x0a\0\0\0\0\0\0\0G\x3f\xf8\0\0\0\0\0\0.", Plain::Float(1.5)),
        (b"!\x80\x05\x95\x05\0\0\0\0\0\0\0\x8c\x01s\x94.", Plain::Text("s".to_owned())),
        (b"!\x80\x05\x95\x07\0\0\0\0\0\0\0C\x03raw\x94.", Plain::Bytes("raw".into())),
        (
            b"!\x80\x05\x95\x0a\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.",
            Plain::Dict(vec![(Plain::Text("a".to_owned()), int(1))]),
        ),
        (
            b"!\x80\x05\x95\x10\0\0\0\0\0\0\0]\x94(K\x01}\x94\x8c\x01a\x94K\x02se.",
            Plain::List(vec![int(1), Plain::Dict(vec![(Plain::Text("a".to_owned()), int(2))])]),
        ),
        (b"!\x80\x05\x95\x07\0\0\0\0\0\0\0K\x01K\x02\x86\x94.", Plain::Tuple(vec![int(1), int(2)])),
        (b"!\x80\x05K\x05.", int(5)),
    ] {
        let codec = CODEC.reading_pickles();
        assert_eq!(Decode::<Plain>::decode(&codec, &Bytes::from_static(bytes)), Ok(expected));
    }
    // An integer of versions before 0.15.4, and bytes of Python's own.
    let (old, raw) = (&b"!\x80\x05K\x05."[..], &b"!\x80\x05\x95\x07\0\0\0\0\0\0\0C\x03raw\x94."[..]);
    assert_eq!(CODEC.reading_pickles().decode(&Bytes::from_static(old)), Ok(5i64));
    assert_eq!(CODEC.reading_pickles().decode(&Bytes::from_static(raw)), Ok(Bytes::from_static(b"raw")));
    assert!(Decode::<Plain>::decode(&CODEC.reading_pickles(), &Bytes::from_static(b"!")).is_err());
}

proptest! {
    #[test]
    fn bytes_that_are_written_read_back_as_they_are(bytes in prop::collection::vec(any::<u8>(), 0..20)) {
        let bytes = Bytes::from(bytes);
        if let Ok(written) = CODEC.encode(&bytes) {
            prop_assert_eq!(Decode::<Bytes>::decode(&CODEC, &written).unwrap(), bytes);
        }
    }

    #[test]
    fn integers_that_are_written_read_back_as_they_are(value in any::<i64>(), large in any::<i128>()) {
        prop_assert_eq!(Decode::<i64>::decode(&CODEC, &CODEC.encode(&value).unwrap()).unwrap(), value);
        let large = Plain::Int(large);
        prop_assert_eq!(Decode::<Plain>::decode(&CODEC, &CODEC.encode(&large).unwrap()).unwrap(), large);
    }

    #[test]
    fn anything_is_read_without_a_panic(bytes in "!?[ +_0-9-]{0,45}|\\PC{0,8}") {
        let bytes = Bytes::from(bytes);
        let _ = (Decode::<Plain>::decode(&CODEC, &bytes), Decode::<i64>::decode(&CODEC, &bytes));
    }
}
