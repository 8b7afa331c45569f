//! Inputs that drivers get wrong.

use std::fmt::Debug;
use std::time::Duration;

use proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use proptest::sample::{select, subsequence};
use proptest::strategy::{NewTree, ValueTree};
use proptest::test_runner::TestRunner;

use store_core::{Bytes, Ttl};

use crate::choices::Choices;
use crate::time::Time;

/// Text that is special to wire keys, globs, percent-encoding, cluster hash tags, C strings or text protocols, and
/// pairs of which one is a prefix of the other or looks like it.
pub(crate) const NASTY: &[&str] = &[
    "a",
    "app",
    "apple",
    "app:",
    "app/le",
    "app:le",
    "app_le",
    ":",
    "/",
    "//",
    "{",
    "}",
    "{}",
    "}{",
    "{x}",
    "{app}",
    "*",
    "?",
    "[ab]",
    "[^a]",
    "\\",
    "\\*",
    "%",
    "%3A",
    "%2F",
    "%%",
    "%r",
    "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    ".",
    "..",
    "../app",
    "-",
    " ",
    " a",
    "a ",
    "\0",
    "a\0b",
    "\n",
    "\r\n",
    "\t",
    "A",
    "é",
    "e\u{301}",
    "ａ",
    "日本語",
    "🦀",
    "\u{feff}",
    "\u{10ffff}",
    "0",
    "-1",
    "nil",
];

/// The segments of a namespace, relative to the scope of a case.
pub(crate) type Path = &'static [&'static str];

/// Namespaces of which some are nested in others and some only look as if they were. The first is the scope itself.
pub(crate) const LOOK_ALIKES: &[Path] = &[
    &[],
    &["app"],
    &["app", "le"],
    &["apple"],
    &["app/le"],
    &["app:le"],
    &["app%2Fle"],
    &["a*"],
    &["[ab]", "{x}"],
    &["App"],
];

/// More of them, which are not always among the namespaces of a check because they lie in others of its.
pub(crate) const LOOK_ALIKES_BESIDE: &[Path] = &[&["app", "l"], &["app", "app"], &["app", "le", "le"]];

/// One of several strategies, chosen by weight, that stays with its choice.
///
/// What proptest's `prop_oneof!` draws can be simplified into a value of an alternative before it, for which it prepares all
/// of those: right for a value of few kinds, and most of the cost of a program whose every step has two dozen.
#[derive(Clone, Debug)]
pub(crate) struct OneOf<T: Debug> {
    alternatives: Vec<(u32, BoxedStrategy<T>)>,
    weights: u32,
}

impl<T: Debug> OneOf<T> {
    pub(crate) fn new(alternatives: Vec<(u32, BoxedStrategy<T>)>) -> Self {
        let weights = alternatives.iter().map(|(weight, _)| weight).sum();
        Self { alternatives, weights }
    }
}

impl<T: Debug> Strategy for OneOf<T> {
    type Tree = Box<dyn ValueTree<Value = T>>;
    type Value = T;

    fn new_tree(&self, runner: &mut TestRunner) -> NewTree<Self> {
        let mut drawn = (0..self.weights.max(1)).new_tree(runner)?.current();
        for (weight, strategy) in &self.alternatives {
            match drawn.checked_sub(*weight) {
                None => return strategy.new_tree(runner),
                Some(beyond) => drawn = beyond,
            }
        }
        Err("no alternatives".into())
    }
}

/// [`OneOf`] in the notation of `prop_oneof!`.
macro_rules! one_of {
    ($($weight:expr => $strategy:expr),+ $(,)?) => {
        $crate::strategy::OneOf::new(vec![$(($weight, ::proptest::strategy::Strategy::boxed($strategy))),+])
    };
}
pub(crate) use one_of;

/// Any legal key of up to `limit` bytes.
pub(crate) fn keys(limit: usize) -> impl Strategy<Value = String> + Clone {
    prop_oneof![
        8 => nasty(),
        3 => printable(),
        3 => proptest::collection::vec(any::<char>(), 1..8).prop_map(String::from_iter),
        1 => (1..=limit, select(&['x', ':', '\u{e9}', '🦀'][..])).prop_map(|(bytes, char)| repeated(char, bytes)),
    ]
    .prop_filter("fits the driver's limit", move |key| key.len() <= limit)
}

/// A key of exactly this many bytes, of as many of `char` as go into it.
pub(crate) fn repeated(char: char, bytes: usize) -> String {
    let mut key: String = std::iter::repeat_n(char, bytes / char.len_utf8()).collect();
    key.extend(std::iter::repeat_n('x', bytes - key.len()));
    key
}

/// So many different short keys.
pub(crate) fn distinct_keys(count: usize) -> impl Strategy<Value = Vec<String>> + Clone {
    subsequence(NASTY, count).prop_shuffle().prop_map(|keys| keys.into_iter().map(str::to_owned).collect())
}

/// A namespace segment.
pub(crate) fn segments() -> impl Strategy<Value = String> + Clone {
    prop_oneof![3 => nasty(), 1 => printable()]
}

fn nasty() -> impl Strategy<Value = String> + Clone {
    select(NASTY).prop_map(str::to_owned)
}

fn printable() -> impl Strategy<Value = String> + Clone {
    proptest::collection::vec(proptest::char::range(' ', '~'), 1..24).prop_map(String::from_iter)
}

/// A value from none to some thousand bytes: empty, text, numbers, any bytes.
pub(crate) fn values() -> impl Strategy<Value = Bytes> + Clone {
    prop_oneof![
        1 => Just(Bytes::new()),
        3 => any::<i16>().prop_map(|number| Bytes::from(number.to_string())),
        2 => select(NASTY).prop_map(|text| Bytes::from_static(text.as_bytes())),
        3 => proptest::collection::vec(any::<u8>(), 1..64).prop_map(Bytes::from),
        1 => (any::<u64>(), 1..8192usize).prop_map(|(seed, bytes)| unlike_itself(seed, bytes)),
    ]
}

/// A value of so many bytes in which no part of some length is like another, so that parts that were swapped or repeated
/// are seen.
pub(crate) fn unlike_itself(seed: u64, bytes: usize) -> Bytes {
    /// To choose every byte of a value of 64 MiB takes longer than to store it: of each line the rest is the same.
    const REST: usize = 7;

    let mut choices = Choices::named(seed, "value");
    let rest = std::array::from_fn::<_, REST, _>(|_| choices.next().to_le_bytes()).concat();
    let mut value = Vec::with_capacity(bytes + rest.len() + size_of::<u64>());
    while value.len() < bytes {
        value.extend_from_slice(&choices.next().to_le_bytes());
        value.extend_from_slice(&rest);
    }
    value.truncate(bytes);
    Bytes::from(value)
}

/// A lifetime whose end the suite can afford to await: some milliseconds where it has to wait, up to a day where it
/// moves the clock, which ends with the year 9999.
pub(crate) fn short_ttls(time: &Time) -> impl Strategy<Value = Ttl> + Clone + use<> {
    const DAY: u64 = 24 * 3600 * 1000;
    if time.is_manual() {
        millis(prop_oneof![2 => 1..=20u64, 2 => 21..=5000u64, 1 => 5001..=DAY].boxed())
    } else {
        millis((1..=30u64).boxed())
    }
}

/// A lifetime that outlasts the case: a minute to 100 years.
pub(crate) fn long_ttls() -> impl Strategy<Value = Ttl> + Clone {
    let longest = Ttl::MAX.as_millis().get();
    millis(prop_oneof![4 => 60_000..=86_400_000u64, 1 => 86_400_000..=longest, 1 => Just(longest)].boxed())
}

fn millis(millis: BoxedStrategy<u64>) -> impl Strategy<Value = Ttl> + Clone {
    millis.prop_map(|millis| Ttl::from_millis(millis).unwrap_or(Ttl::MIN))
}

/// A lifetime as people give it, with any fraction of a millisecond.
pub(crate) fn fractions() -> impl Strategy<Value = Duration> + Clone {
    prop_oneof![
        1 => 1..1_000_000u64,
        1 => 60_000_000_000..120_000_000_000u64,
    ]
    .prop_map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn alternatives_are_drawn_by_weight() {
        let mut runner = TestRunner::deterministic();
        let letters = one_of![1 => Just('a'), 0 => Just('b'), 3 => Just('c')];
        let mut drawn = BTreeMap::<char, u32>::new();
        for _ in 0..1000 {
            *drawn.entry(letters.new_tree(&mut runner).unwrap().current()).or_default() += 1;
        }
        let (a, c) = (drawn[&'a'], drawn[&'c']);
        assert!((200..300).contains(&a) && a + c == 1000, "{drawn:?}");
    }

    #[test]
    fn no_line_of_a_value_is_like_another() {
        const LINE: usize = 64;

        let value = unlike_itself(7, LINE * 1000 + 5);
        assert_eq!(value.len(), LINE * 1000 + 5);
        let lines: std::collections::BTreeSet<_> = value.chunks(LINE).collect();
        assert_eq!(lines.len(), 1001);
    }
}
