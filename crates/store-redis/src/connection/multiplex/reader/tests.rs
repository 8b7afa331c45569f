//! The reader beside the client crate's parser, on replies of every type, in pieces of every size, and on what is none.

use proptest::collection::vec;
use proptest::prelude::*;

use super::comparison::{End, compare, in_pieces, read, shown};
use super::*;

fn sizes() -> impl Strategy<Value = Vec<usize>> {
    vec(prop_oneof![1..8usize, 1..100_000usize], 1..8)
}

fn expected(reply: &[u8]) -> Value {
    redis::parse_redis_value(reply).unwrap()
}

fn line(tag: char, text: impl std::fmt::Display) -> Vec<u8> {
    format!("{tag}{text}\r\n").into_bytes()
}

fn string(tag: char, content: &[u8]) -> Vec<u8> {
    [&line(tag, content.len()), content, CRLF].concat()
}

fn aggregate(tag: char, count: usize, elements: Vec<Vec<u8>>) -> Vec<u8> {
    [line(tag, count), elements.concat()].concat()
}

fn scalar() -> impl Strategy<Value = Vec<u8>> {
    let text = "[ -~]{0,40}";
    prop_oneof![
        4 => vec(any::<u8>(), 0..80).prop_map(|content| string('$', &content)),
        2 => any::<i64>().prop_map(|number| line(':', number)),
        1 => Just(line('$', -1)),
        1 => Just(line('*', -1)),
        1 => Just(line('_', "")),
        1 => Just(line('+', "OK")),
        1 => text.prop_map(|text| line('+', text)),
        1 => text.prop_map(|text| line('-', format!("ERR {text}"))),
        1 => text.prop_map(|text| line('-', text)),
        1 => text.prop_map(|text| string('!', format!("SYNTAX {text}").as_bytes())),
        1 => text.prop_map(|text| string('=', format!("txt:{text}").as_bytes())),
        1 => any::<f64>().prop_map(|number| line(',', number)),
        1 => prop_oneof!["inf", "-inf", "nan"].prop_map(|number| line(',', number)),
        1 => any::<bool>().prop_map(|truth| line('#', if truth { 't' } else { 'f' })),
        1 => any::<i128>().prop_map(|number| line('(', number)),
    ]
}

/// Any reply; a push only where it is asked for.
fn reply() -> impl Strategy<Value = Vec<u8>> {
    scalar().prop_recursive(4, 64, 6, |element| {
        let elements = vec(element.clone(), 0..6);
        let pairs = vec((element.clone(), element.clone()).prop_map(|(key, value)| [key, value].concat()), 0..4);
        prop_oneof![
            3 => elements.clone().prop_map(|elements| aggregate('*', elements.len(), elements)),
            1 => elements.prop_map(|elements| aggregate('~', elements.len(), elements)),
            1 => pairs.clone().prop_map(|pairs| aggregate('%', pairs.len(), pairs)),
            1 => (pairs, element).prop_map(|(pairs, data)| [aggregate('|', pairs.len(), pairs), data].concat()),
        ]
    })
}

fn large_string() -> impl Strategy<Value = Vec<u8>> {
    (LARGE_BYTES - 3..4 * CHUNK_BYTES, any::<u8>()).prop_map(|(length, byte)| string('$', &std::vec![byte; length]))
}

fn push() -> impl Strategy<Value = Vec<u8>> {
    vec(scalar(), 0..3).prop_map(|data| {
        [aggregate('>', data.len() + 1, std::vec![string('$', b"invalidate")]), data.concat()].concat()
    })
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![6 => reply(), 1 => large_string(), 1 => push()]
}

/// What can happen to bytes at some place.
#[derive(Clone, Debug)]
enum Damage {
    Written(u8),
    Inserted(Vec<u8>),
    CutOut(usize),
}

fn damage() -> impl Strategy<Value = (prop::sample::Index, Damage)> {
    let announced = "[*$%~>|!=]-?[0-9]{1,19}\r\n".prop_map(String::into_bytes);
    let damage = prop_oneof![
        any::<u8>().prop_map(Damage::Written),
        prop_oneof![announced, vec(any::<u8>(), 1..4)].prop_map(Damage::Inserted),
        (1..20usize).prop_map(Damage::CutOut),
    ];
    (any::<prop::sample::Index>(), damage)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_reply_is_read_as_the_client_crate_reads_it_wherever_it_is_split(reply in reply()) {
        let expected = shown(&[expected(&reply)]);
        for at in 0..=reply.len() {
            let (head, tail) = reply.split_at(at);
            let (replies, end) = read([head.to_vec(), tail.to_vec()]);
            prop_assert_eq!((shown(&replies), end), (expected.clone(), End::OfBytes), "split at {}", at);
        }
        prop_assert_eq!(shown(&read(in_pieces(&reply, &[1])).0), expected);
    }

    #[test]
    fn replies_in_a_row_are_told_apart_and_pushes_are_no_replies(
        messages in vec(message(), 0..12), sizes in sizes(),
    ) {
        let replies = messages.iter().filter(|message| !message.starts_with(b">"));
        let expected: Vec<_> = replies.map(|reply| expected(reply)).collect();
        let bytes = messages.concat();
        let (read, end) = read(in_pieces(&bytes, &sizes));
        prop_assert_eq!(shown(&read), shown(&expected));
        prop_assert_eq!(end, End::OfBytes);
    }

    #[test]
    fn a_reply_that_is_cut_off_is_none(reply in reply(), at in any::<prop::sample::Index>()) {
        let at = at.index(reply.len());
        prop_assert_eq!(read([reply[..at].to_vec()]), (Vec::new(), End::OfBytes));
    }

    #[test]
    fn garbage_is_refused_or_waited_out_whatever_its_pieces(bytes in vec(any::<u8>(), 0..300), sizes in sizes()) {
        compare(&bytes, &sizes);
    }

    #[test]
    fn what_looks_like_a_reply_is_read_as_the_client_crate_reads_it_or_refused(
        bytes in "[-+:$*_#,(!=%~>|0-9tOK \r\n]{0,60}", sizes in sizes(),
    ) {
        compare(bytes.as_bytes(), &sizes);
    }

    #[test]
    fn a_damaged_reply_is_read_as_the_client_crate_reads_it_or_refused(
        replies in vec(prop_oneof![6 => reply(), 1 => push()], 1..4), damages in vec(damage(), 1..4), sizes in sizes(),
    ) {
        let mut bytes = replies.concat();
        for (at, damage) in damages {
            let at = at.index(bytes.len() + 1);
            match damage {
                Damage::Written(byte) => bytes.get_mut(at).into_iter().for_each(|at| *at = byte),
                Damage::Inserted(inserted) => drop(bytes.splice(at..at, inserted)),
                Damage::CutOut(count) => drop(bytes.drain(at..bytes.len().min(at + count))),
            }
        }
        compare(&bytes, &sizes);
    }

    #[test]
    fn a_damaged_reply_is_the_same_wherever_it_is_split(
        reply in reply(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut reply = reply;
        let damaged = at.index(reply.len());
        reply[damaged] = byte;
        let (replies, end) = read([reply.clone()]);
        for at in 0..=reply.len() {
            let (head, tail) = reply.split_at(at);
            let (again, again_end) = read([head.to_vec(), tail.to_vec()]);
            prop_assert_eq!((shown(&again), &again_end), (shown(&replies), &end), "split at {}", at);
        }
    }
}

#[test]
fn depth_ends_where_the_client_crate_ends_it() {
    let nested = |depth| ["*1\r\n".repeat(depth), ":1\r\n".to_owned()].concat();
    assert_eq!(read([nested(99).into_bytes()]).0, [expected(nested(99).as_bytes())]);
    assert!(redis::parse_redis_value(nested(100).as_bytes()).is_err());
    assert_eq!(read([nested(100).into_bytes()]), (Vec::new(), End::Malformed));
    assert_eq!(read([nested(1_000_000).into_bytes()]), (Vec::new(), End::Malformed));
}

#[test]
fn what_a_peer_announces_takes_no_memory() {
    for announced in ["*9223372036854775807\r\n", "%4611686018427387903\r\n", "~2147483647\r\n", "$2147483647\r\n"] {
        assert_eq!(read([announced.into(), b":1\r\n".to_vec()]), (Vec::new(), End::OfBytes), "{announced}");
    }
    for refused in ["$2147483648\r\n", "!9223372036854775807\r\n", "=-1\r\n", "%-1\r\n", "|x\r\n"] {
        assert_eq!(read([refused.into()]), (Vec::new(), End::Malformed), "{refused}");
    }
}

#[test]
fn a_null_says_nothing_that_is_no_text() {
    assert_eq!(read([b"_\xff\r\n".to_vec()]), (Vec::new(), End::Malformed));
}

#[test]
fn a_large_string_has_a_buffer_of_its_own_and_its_end_of_line_is_looked_at() {
    let large = string('$', &std::vec![b'v'; 3 * TRUSTED_BYTES]);
    let (mut replies, end) = read(in_pieces(&[large.clone(), large].concat(), &[CHUNK_BYTES]));
    assert_eq!((replies.len(), end), (2, End::OfBytes));
    let Some(Value::BulkString(content)) = replies.pop() else { panic!("it is a string") };
    assert_eq!((content.len(), content.capacity()), (3 * TRUSTED_BYTES, 3 * TRUSTED_BYTES + CRLF.len()));
    let unended = [line('$', LARGE_BYTES), std::vec![b'v'; LARGE_BYTES + CRLF.len()]].concat();
    assert_eq!(read(in_pieces(&unended, &[1000])), (Vec::new(), End::Malformed));
}
