//! What Python writes is read, and nothing else, whatever the bytes.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn read(pickle: &[u8]) -> Result<Plain, CodecError> {
    Pickle.decode(&Bytes::copy_from_slice(pickle))
}

fn text(text: &str) -> Plain {
    Plain::Text(text.to_owned())
}

/// Values, and how Python 3 writes each of them in those protocols that need no call for it.
fn written() -> Vec<(Plain, Vec<&'static [u8]>)> {
    vec![
        (Plain::None, vec![&b"N."[..], b"N.", b"\x80\x02N.", b"\x80\x03N.", b"\x80\x04N.", b"\x80\x05N."]),
        (Plain::Bool(true), vec![&b"I01\x0a."[..], b"I01\x0a.", b"\x80\x02\x88.", b"\x80\x03\x88.", b"\x80\x04\x88.", b"\x80\x05\x88."]),
        (Plain::Bool(false), vec![&b"I00\x0a."[..], b"I00\x0a.", b"\x80\x02\x89.", b"\x80\x03\x89.", b"\x80\x04\x89.", b"\x80\x05\x89."]),
        (Plain::Int(0), vec![&b"I0\x0a."[..], b"K\x00.", b"\x80\x02K\x00.", b"\x80\x03K\x00.", b"\x80\x04K\x00.", b"\x80\x05K\x00."]),
        (Plain::Int(-7), vec![&b"I-7\x0a."[..], b"J\xf9\xff\xff\xff.", b"\x80\x02J\xf9\xff\xff\xff.", b"\x80\x03J\xf9\xff\xff\xff.", b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00J\xf9\xff\xff\xff.", b"\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00J\xf9\xff\xff\xff."]),
        (Plain::Int(255), vec![&b"I255\x0a."[..], b"K\xff.", b"\x80\x02K\xff.", b"\x80\x03K\xff.", b"\x80\x04K\xff.", b"\x80\x05K\xff."]),
        (Plain::Int(65536), vec![&b"I65536\x0a."[..], b"J\x00\x00\x01\x00.", b"\x80\x02J\x00\x00\x01\x00.", b"\x80\x03J\x00\x00\x01\x00.", b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00J\x00\x00\x01\x00.", b"\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00J\x00\x00\x01\x00."]),
        (Plain::Int(-2147483648), vec![&b"I-2147483648\x0a."[..], b"J\x00\x00\x00\x80.", b"\x80\x02J\x00\x00\x00\x80.", b"\x80\x03J\x00\x00\x00\x80.", b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00J\x00\x00\x00\x80.", b"\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00J\x00\x00\x00\x80."]),
        (Plain::Int(1099511627776), vec![&b"L1099511627776L\x0a."[..], b"L1099511627776L\x0a.", b"\x80\x02\x8a\x06\x00\x00\x00\x00\x00\x01.", b"\x80\x03\x8a\x06\x00\x00\x00\x00\x00\x01.", b"\x80\x04\x95\x09\x00\x00\x00\x00\x00\x00\x00\x8a\x06\x00\x00\x00\x00\x00\x01.", b"\x80\x05\x95\x09\x00\x00\x00\x00\x00\x00\x00\x8a\x06\x00\x00\x00\x00\x00\x01."]),
        (Plain::Int(-9223372036854775808), vec![&b"L-9223372036854775808L\x0a."[..], b"L-9223372036854775808L\x0a.", b"\x80\x02\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", b"\x80\x03\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80.", b"\x80\x05\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x80."]),
        (Plain::Int(1000000000000000000000000000000), vec![&b"L1000000000000000000000000000000L\x0a."[..], b"L1000000000000000000000000000000L\x0a.", b"\x80\x02\x8a\x0d\x00\x00\x00@\xea\xedtF\xd0\x9c,\x9f\x0c.", b"\x80\x03\x8a\x0d\x00\x00\x00@\xea\xedtF\xd0\x9c,\x9f\x0c.", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8a\x0d\x00\x00\x00@\xea\xedtF\xd0\x9c,\x9f\x0c.", b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8a\x0d\x00\x00\x00@\xea\xedtF\xd0\x9c,\x9f\x0c."]),
        (Plain::Int(-1267650600228229401496703205376), vec![&b"L-1267650600228229401496703205376L\x0a."[..], b"L-1267650600228229401496703205376L\x0a.", b"\x80\x02\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0.", b"\x80\x03\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0.", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0.", b"\x80\x05\x95\x10\x00\x00\x00\x00\x00\x00\x00\x8a\x0d\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xf0."]),
        (Plain::Float(1.5), vec![&b"F1.5\x0a."[..], b"G?\xf8\x00\x00\x00\x00\x00\x00.", b"\x80\x02G?\xf8\x00\x00\x00\x00\x00\x00.", b"\x80\x03G?\xf8\x00\x00\x00\x00\x00\x00.", b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00G?\xf8\x00\x00\x00\x00\x00\x00.", b"\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00G?\xf8\x00\x00\x00\x00\x00\x00."]),
        (Plain::Float(-0.0), vec![&b"F-0.0\x0a."[..], b"G\x80\x00\x00\x00\x00\x00\x00\x00.", b"\x80\x02G\x80\x00\x00\x00\x00\x00\x00\x00.", b"\x80\x03G\x80\x00\x00\x00\x00\x00\x00\x00.", b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00G\x80\x00\x00\x00\x00\x00\x00\x00.", b"\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00G\x80\x00\x00\x00\x00\x00\x00\x00."]),
        (Plain::Float(f64::INFINITY), vec![&b"Finf\x0a."[..], b"G\x7f\xf0\x00\x00\x00\x00\x00\x00.", b"\x80\x02G\x7f\xf0\x00\x00\x00\x00\x00\x00.", b"\x80\x03G\x7f\xf0\x00\x00\x00\x00\x00\x00.", b"\x80\x04\x95\x0a\x00\x00\x00\x00\x00\x00\x00G\x7f\xf0\x00\x00\x00\x00\x00\x00.", b"\x80\x05\x95\x0a\x00\x00\x00\x00\x00\x00\x00G\x7f\xf0\x00\x00\x00\x00\x00\x00."]),
        (text(""), vec![&b"V\x0ap0\x0a."[..], b"X\x00\x00\x00\x00q\x00.", b"\x80\x02X\x00\x00\x00\x00q\x00.", b"\x80\x03X\x00\x00\x00\x00q\x00.", b"\x80\x04\x95\x04\x00\x00\x00\x00\x00\x00\x00\x8c\x00\x94.", b"\x80\x05\x95\x04\x00\x00\x00\x00\x00\x00\x00\x8c\x00\x94."]),
        (text("s"), vec![&b"Vs\x0ap0\x0a."[..], b"X\x01\x00\x00\x00sq\x00.", b"\x80\x02X\x01\x00\x00\x00sq\x00.", b"\x80\x03X\x01\x00\x00\x00sq\x00.", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01s\x94.", b"\x80\x05\x95\x05\x00\x00\x00\x00\x00\x00\x00\x8c\x01s\x94."]),
        (text("é\n\\🦀\0"), vec![&b"V\xe9\\u000a\\u005c\\U0001f980\\u0000\x0ap0\x0a."[..], b"X\x09\x00\x00\x00\xc3\xa9\x0a\\\xf0\x9f\xa6\x80\x00q\x00.", b"\x80\x02X\x09\x00\x00\x00\xc3\xa9\x0a\\\xf0\x9f\xa6\x80\x00q\x00.", b"\x80\x03X\x09\x00\x00\x00\xc3\xa9\x0a\\\xf0\x9f\xa6\x80\x00q\x00.", b"\x80\x04\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8c\x09\xc3\xa9\x0a\\\xf0\x9f\xa6\x80\x00\x94.", b"\x80\x05\x95\x0d\x00\x00\x00\x00\x00\x00\x00\x8c\x09\xc3\xa9\x0a\\\xf0\x9f\xa6\x80\x00\x94."]),
        (Plain::List(vec![]), vec![&b"(lp0\x0a."[..], b"]q\x00.", b"\x80\x02]q\x00.", b"\x80\x03]q\x00.", b"\x80\x04]\x94.", b"\x80\x05]\x94."]),
        (Plain::List(vec![Plain::Int(1), Plain::List(vec![Plain::Int(2)])]), vec![&b"(lp0\x0aI1\x0aa(lp1\x0aI2\x0aaa."[..], b"]q\x00(K\x01]q\x01K\x02ae.", b"\x80\x02]q\x00(K\x01]q\x01K\x02ae.", b"\x80\x03]q\x00(K\x01]q\x01K\x02ae.", b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01]\x94K\x02ae.", b"\x80\x05\x95\x0c\x00\x00\x00\x00\x00\x00\x00]\x94(K\x01]\x94K\x02ae."]),
        (Plain::Tuple(vec![]), vec![&b"(t."[..], b").", b"\x80\x02).", b"\x80\x03).", b"\x80\x04).", b"\x80\x05)."]),
        (Plain::Tuple(vec![Plain::Int(1)]), vec![&b"(I1\x0atp0\x0a."[..], b"(K\x01tq\x00.", b"\x80\x02K\x01\x85q\x00.", b"\x80\x03K\x01\x85q\x00.", b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01\x85\x94.", b"\x80\x05\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01\x85\x94."]),
        (Plain::Tuple(vec![Plain::Int(1), Plain::Int(2)]), vec![&b"(I1\x0aI2\x0atp0\x0a."[..], b"(K\x01K\x02tq\x00.", b"\x80\x02K\x01K\x02\x86q\x00.", b"\x80\x03K\x01K\x02\x86q\x00.", b"\x80\x04\x95\x07\x00\x00\x00\x00\x00\x00\x00K\x01K\x02\x86\x94.", b"\x80\x05\x95\x07\x00\x00\x00\x00\x00\x00\x00K\x01K\x02\x86\x94."]),
        (Plain::Tuple(vec![Plain::Int(1), Plain::Int(2), Plain::Int(3)]), vec![&b"(I1\x0aI2\x0aI3\x0atp0\x0a."[..], b"(K\x01K\x02K\x03tq\x00.", b"\x80\x02K\x01K\x02K\x03\x87q\x00.", b"\x80\x03K\x01K\x02K\x03\x87q\x00.", b"\x80\x04\x95\x09\x00\x00\x00\x00\x00\x00\x00K\x01K\x02K\x03\x87\x94.", b"\x80\x05\x95\x09\x00\x00\x00\x00\x00\x00\x00K\x01K\x02K\x03\x87\x94."]),
        (Plain::Tuple(vec![Plain::Int(1), Plain::Int(2), Plain::Int(3), Plain::Int(4)]), vec![&b"(I1\x0aI2\x0aI3\x0aI4\x0atp0\x0a."[..], b"(K\x01K\x02K\x03K\x04tq\x00.", b"\x80\x02(K\x01K\x02K\x03K\x04tq\x00.", b"\x80\x03(K\x01K\x02K\x03K\x04tq\x00.", b"\x80\x04\x95\x0c\x00\x00\x00\x00\x00\x00\x00(K\x01K\x02K\x03K\x04t\x94.", b"\x80\x05\x95\x0c\x00\x00\x00\x00\x00\x00\x00(K\x01K\x02K\x03K\x04t\x94."]),
        (Plain::Dict(vec![]), vec![&b"(dp0\x0a."[..], b"}q\x00.", b"\x80\x02}q\x00.", b"\x80\x03}q\x00.", b"\x80\x04}\x94.", b"\x80\x05}\x94."]),
        (Plain::Dict(vec![(text("a"), Plain::List(vec![Plain::Int(1), text("é"), Plain::None])), (text("b"), Plain::Dict(vec![]))]), vec![&b"(dp0\x0aVa\x0ap1\x0a(lp2\x0aI1\x0aaV\xe9\x0ap3\x0aaNasVb\x0ap4\x0a(dp5\x0as."[..], b"}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01X\x02\x00\x00\x00\xc3\xa9q\x03NeX\x01\x00\x00\x00bq\x04}q\x05u.", b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01X\x02\x00\x00\x00\xc3\xa9q\x03NeX\x01\x00\x00\x00bq\x04}q\x05u.", b"\x80\x03}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01X\x02\x00\x00\x00\xc3\xa9q\x03NeX\x01\x00\x00\x00bq\x04}q\x05u.", b"\x80\x04\x95\x1b\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01\x8c\x02\xc3\xa9\x94Ne\x8c\x01b\x94}\x94u.", b"\x80\x05\x95\x1b\x00\x00\x00\x00\x00\x00\x00}\x94(\x8c\x01a\x94]\x94(K\x01\x8c\x02\xc3\xa9\x94Ne\x8c\x01b\x94}\x94u."]),
        (Plain::List(vec![Plain::List(vec![text("x")]), Plain::List(vec![text("x")])]), vec![&b"(lp0\x0a(lp1\x0aVx\x0ap2\x0aaag1\x0aa."[..], b"]q\x00(]q\x01X\x01\x00\x00\x00xq\x02ah\x01e.", b"\x80\x02]q\x00(]q\x01X\x01\x00\x00\x00xq\x02ah\x01e.", b"\x80\x03]q\x00(]q\x01X\x01\x00\x00\x00xq\x02ah\x01e.", b"\x80\x04\x95\x0e\x00\x00\x00\x00\x00\x00\x00]\x94(]\x94\x8c\x01x\x94ah\x01e.", b"\x80\x05\x95\x0e\x00\x00\x00\x00\x00\x00\x00]\x94(]\x94\x8c\x01x\x94ah\x01e."]),
        (Plain::Bytes(Bytes::from_static(b"raw")), vec![&b"\x80\x03C\x03rawq\x00."[..], b"\x80\x04\x95\x07\x00\x00\x00\x00\x00\x00\x00C\x03raw\x94.", b"\x80\x05\x95\x07\x00\x00\x00\x00\x00\x00\x00C\x03raw\x94."]),
        (Plain::Bytes(Bytes::from_static(b"")), vec![&b"\x80\x03C\x00q\x00."[..], b"\x80\x04\x95\x04\x00\x00\x00\x00\x00\x00\x00C\x00\x94.", b"\x80\x05\x95\x04\x00\x00\x00\x00\x00\x00\x00C\x00\x94."]),
        (Plain::Bytes(Bytes::from_static(b"raw")), vec![&b"\x80\x05\x95\x0e\x00\x00\x00\x00\x00\x00\x00\x96\x03\x00\x00\x00\x00\x00\x00\x00raw\x94."[..]]),
        (Plain::Set(vec![Plain::Int(1)]), vec![&b"\x80\x04\x95\x07\x00\x00\x00\x00\x00\x00\x00\x8f\x94(K\x01\x90."[..], b"\x80\x05\x95\x07\x00\x00\x00\x00\x00\x00\x00\x8f\x94(K\x01\x90."]),
        (Plain::FrozenSet(vec![Plain::Int(1)]), vec![&b"\x80\x04\x95\x06\x00\x00\x00\x00\x00\x00\x00(K\x01\x91\x94."[..], b"\x80\x05\x95\x06\x00\x00\x00\x00\x00\x00\x00(K\x01\x91\x94."]),
        (Plain::Set(vec![]), vec![&b"\x80\x04\x8f\x94."[..], b"\x80\x05\x8f\x94."]),
        (Plain::Dict(vec![(Plain::Tuple(vec![Plain::Int(1), text("a")]), Plain::Set(vec![Plain::Int(2)]))]), vec![&b"\x80\x04\x95\x12\x00\x00\x00\x00\x00\x00\x00}\x94K\x01\x8c\x01a\x94\x86\x94\x8f\x94(K\x02\x90s."[..], b"\x80\x05\x95\x12\x00\x00\x00\x00\x00\x00\x00}\x94K\x01\x8c\x01a\x94\x86\x94\x8f\x94(K\x02\x90s."]),
    ]
}

#[test]
fn plain_data_of_every_protocol_is_read() {
    for (value, pickles) in written() {
        for pickle in pickles {
            assert_eq!(read(pickle).as_ref(), Ok(&value), "{}", pickle.escape_ascii());
        }
    }
}

#[test]
fn what_is_no_plain_data_is_refused() {
    for (what, pickle) in [
        ("a date", &b"\x80\x04\x95 \x00\x00\x00\x00\x00\x00\x00\x8c\x08datetime\x94\x8c\x04date\x94\x93\x94C\x04\x07\xea\x01\x02\x94\x85\x94R\x94."[..]),
        ("a Decimal", &b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x07decimal\x94\x8c\x07Decimal\x94\x93\x94\x8c\x011\x94\x85\x94R\x94."[..]),
        ("an ordered dict", &b"\x80\x04\x95)\x00\x00\x00\x00\x00\x00\x00\x8c\x0bcollections\x94\x8c\x0bOrderedDict\x94\x93\x94)R\x94\x8c\x01a\x94K\x01s."[..]),
        ("a function", &b"\x80\x04\x95\x16\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\x05print\x94\x93\x94."[..]),
        ("a complex number", &b"\x80\x04\x95.\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\x07complex\x94\x93\x94G\x00\x00\x00\x00\x00\x00\x00\x00G?\xf0\x00\x00\x00\x00\x00\x00\x86\x94R\x94."[..]),
        ("bytes of protocol 2", &b"\x80\x02c_codecs\x0aencode\x0aq\x00X\x03\x00\x00\x00rawq\x01X\x06\x00\x00\x00latin1q\x02\x86q\x03Rq\x04."[..]),
        ("a set of protocol 2", &b"\x80\x02c__builtin__\x0aset\x0aq\x00]q\x01K\x01a\x85q\x02Rq\x03."[..]),
        ("a bytearray of protocol 4", &b"\x80\x04\x95$\x00\x00\x00\x00\x00\x00\x00\x8c\x08builtins\x94\x8c\x09bytearray\x94\x93\x94C\x03raw\x94\x85\x94R\x94."[..]),
        ("a call of os.system", &b"cos\x0asystem\x0a(S'true'\x0atR."[..]),
        ("an exception", &b"cexceptions\x0aValueError\x0ap0\x0a(Vx\x0ap1\x0atp2\x0aRp3\x0a."[..]),
    ] {
        let error = read(pickle).unwrap_err();
        assert!(error.to_string().contains("is not carried out"), "{what}: {error}");
    }
}

#[test]
fn every_instruction_that_imports_calls_or_refers_elsewhere_is_refused() {
    // GLOBAL, STACK_GLOBAL, REDUCE, BUILD, INST, OBJ, NEWOBJ, NEWOBJ_EX, EXT1, EXT2, EXT4, PERSID, BINPERSID,
    // NEXT_BUFFER, READONLY_BUFFER, and the strings of Python 2: STRING, BINSTRING, SHORT_BINSTRING.
    for instruction in *b"c\x93Rbio\x81\x92\x82\x83\x84PQ\x97\x98STU" {
        for before in [&b""[..], b"N", b"NN", b"(", b"(N", b"]]"] {
            let error = read(&[before, &[instruction], b"a\nb\n...."].concat()).unwrap_err();
            assert!(
                error.to_string().contains(&format!("instruction {instruction:#04x} makes no plain data")),
                "{error}"
            );
        }
    }
}

#[test]
fn what_python_does_not_write_is_refused() {
    for (pickle, reason) in [
        (&b""[..], "unexpected end"),
        (b".", "was not made"),
        (b"N", "unexpected end"),
        (b"NN.", "belong to nothing"),
        (b"(N.", "belong to nothing"),
        (b"N.N", "bytes behind the value"),
        (b"\x80\x06N.", "protocol"),
        (b"\x95\xff\0\0\0\0\0\0\0N.", "unexpected end"),
        (b"h\0.", "was not kept"),
        (b"g-1\n.", "no number"),
        (b"q\0.", "was not made"),
        (b"(a.", "was not made"),
        (b"N(0a.", "was not made"),
        (b"]N}sa.", "no such collection"),
        (b"NNa.", "no such collection"),
        (b"]N\x90.", "was not made"),
        (b"](N\x90.", "no such collection"),
        (b"}(Nu.", "without a value"),
        (b"(Nd.", "without a value"),
        (b"\x8b\xff\xff\xff\xff.", "unexpected end"),
        (b"\x8a\x11\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01.", "128 bits"),
        (b"L170141183460469231731687303715884105728L\n.", "128 bits"),
        (b"Ix\n.", "128 bits"),
        (b"Fx\n.", "float"),
        (b"X\xff\xff\xff\xffa.", "unexpected end"),
        (b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa.", "unexpected end"),
        (b"X\x03\0\0\0\xed\xa0\x80.", "not Unicode"),
        (b"V\\ud800\n.", "not Unicode"),
        (b"V\\u00\n.", "not Unicode"),
        (b"V\\u+123\n.", "not Unicode"),
    ] {
        let error = read(pickle).unwrap_err();
        assert!(error.to_string().contains(reason), "{}: {error}", pickle.escape_ascii());
    }
}

#[test]
fn a_backslash_escapes_nothing_but_a_number_and_keeps_what_is_behind_it() {
    // What Python 3 loads from them.
    for (line, loaded) in [
        (&b"\\\\u0041"[..], "\\\\u0041"),
        (b"\\\\\\u0041", "\\\\A"),
        (b"\\x", "\\x"),
        (b"\\\xe9", "\\é"),
        (b"\\", "\\"),
        (b"\\\\", "\\\\"),
    ] {
        assert_eq!(read(&[b"V", line, b"\n."].concat()), Ok(text(loaded)), "{}", line.escape_ascii());
    }
}

#[test]
fn what_a_value_needs_no_more_is_dropped() {
    assert_eq!(read(b"NK\x010."), Ok(Plain::None));
    assert_eq!(read(b"K\x01(NN1."), Ok(Plain::Int(1)));
    assert_eq!(read(b"K\x01(0."), Ok(Plain::Int(1)));
    assert_eq!(read(b"K\x012\x86."), Ok(Plain::Tuple(vec![Plain::Int(1), Plain::Int(1)])));
}

#[test]
fn what_contains_itself_is_refused() {
    // x = []; x.append(x)
    for pickle in [&b"]\x94h\0a."[..], b"(lp0\ng0\na.", b"}\x94K\x01h\0s.", b"]\x94(h\0ta."] {
        assert!(read(pickle).unwrap_err().to_string().contains("nested too deeply"));
    }
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| read(&[&b"]".repeat(depth + 1)[..], &b"a".repeat(depth), b"."].concat());
    assert!(nested(MAX_DEPTH).is_ok());
    assert!(nested(MAX_DEPTH + 1).unwrap_err().to_string().contains("limit=128"));
    assert!(nested(1_000_000).is_err());
}

#[test]
fn small_pickles_of_huge_values_are_refused() {
    let doubled = [&b"]"[..], &b"2\x86".repeat(60), b"."].concat();
    assert!(doubled.len() < 200);
    assert!(read(&doubled).unwrap_err().to_string().contains("too many values"));

    // A text of 1 MiB, 65 times.
    let text = [&b"X\0\0\x10\0"[..], &b"x".repeat(1 << 20), b"\x940"].concat();
    let repeated = [&text[..], b"(", &b"h\0".repeat(65), b"l."].concat();
    assert!(read(&repeated).unwrap_err().to_string().contains("too much text"));

    for endless in [&b"N"[..], b"(", b"]", b"\x94"] {
        let pickle = [b"N", &endless.repeat(MAX_VALUES + 1)[..], b"."].concat();
        assert!(read(&pickle).unwrap_err().to_string().contains("too many"), "{}", endless.escape_ascii());
    }
}

#[test]
fn every_beginning_of_a_pickle_is_refused() {
    for (_, pickles) in written() {
        for pickle in pickles {
            for length in 0..pickle.len() {
                assert!(read(&pickle[..length]).is_err(), "{}", pickle.escape_ascii());
            }
        }
    }
}

#[test]
fn errors_show_no_value() {
    for pickle in [&b"Vcanary\nN."[..], b"Icanary\n.", b"Fcanary\n.", b"ccanary\ncanary\n.", b"gcanary\n."] {
        let error = read(pickle).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
}

/// Programs of instructions that are mostly known, so that they run for a while.
fn program() -> impl Strategy<Value = Vec<u8>> {
    let instruction = prop_oneof![
        4 => prop::sample::select(&b"(012N])}ltdeasu\x85\x86\x87\x88\x89\x8f\x90\x91\x94"[..]).prop_map(|one| vec![one]),
        2 => (prop::sample::select(&b"Khq"[..]), 0..4u8).prop_map(|(one, place)| vec![one, place]),
        1 => any::<u8>().prop_map(|one| vec![one]),
    ];
    vec(instruction, 0..60).prop_map(|instructions| [instructions.concat(), b".".to_vec()].concat())
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200), program in program()) {
        let _ = (read(&bytes), read(&program));
    }

    #[test]
    fn no_damage_makes_it_panic(
        row in any::<prop::sample::Index>(), pickle in any::<prop::sample::Index>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let written = written();
        let mut bytes = pickle.get(&row.get(&written).1).to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let _ = read(&bytes);
    }
}
