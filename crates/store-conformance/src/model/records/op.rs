//! Operations on collections as data, and how they are generated.

use std::time::Duration;

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use store_core::{AccessTimes, Bytes, ContentType};

use crate::known::pauses;
use crate::model::op::{Through, reopening, through};
use crate::strategy::{distinct_keys, one_of, values};
use crate::time::Time;

/// The keys that a program writes to. Few, so that operations meet.
const WRITTEN: usize = 5;

/// The keys that it knows. Behind those that are never written to, pages start all the same.
const KNOWN: usize = 8;

/// The number of a key in its program.
pub(super) type KeyId = usize;

/// What the collections of a program are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Called {
    Name,
    /// By the same text.
    Alias,
    /// A name that begins with the same letters.
    LongerName,
}

impl Called {
    pub(super) const ALL: [Self; 3] = [Self::Name, Self::Alias, Self::LongerName];
}

/// Which handle carries out a step: handles outlive what they were opened on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    Newest,
    Oldest,
}

#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) behind: Option<KeyId>,
    pub(super) limit: Option<usize>,
}

/// Input that has to be refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum BadInput {
    EmptyKey,
    LongKey,
    UnknownId,
}

#[derive(Clone, Debug)]
pub(super) enum Op {
    Open,
    /// By the id that the handle has.
    OpenById,
    Get(KeyId),
    Set(KeyId, ContentType, Bytes),
    Has(KeyId),
    Delete(KeyId),
    ListKeys(Page),
    ListRecords(Page),
    Metadata,
    Purge,
    Drop,
    Refused(BadInput),
    Pass(Duration),
    /// Every handle is dropped, and the data opened again, where the harness can; and then the collections.
    Reopen,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) through: Through,
    pub(super) collection: Called,
    pub(super) age: Age,
    pub(super) op: Op,
}

/// A sequence of operations on a few records of a few collections.
#[derive(Clone)]
pub(crate) struct Program {
    pub(super) keys: Vec<String>,
    pub(super) steps: Vec<Step>,
}

/// Programs of 30 steps on average.
pub(crate) fn programs(time: &Time, access_times: AccessTimes) -> impl Strategy<Value = Program> + use<> {
    let age = prop_oneof![5 => Just(Age::Newest), 1 => Just(Age::Oldest)];
    let step = (through(), select(&Called::ALL[..]), age, ops(access_times))
        .prop_map(|(through, collection, age, op)| Step { through, collection, age, op });
    (distinct_keys(KNOWN), vec(step, 1..=59), reopening(time)).prop_map(|(keys, mut steps, reopening)| {
        if let Some(place) = reopening {
            let (through, collection, age) = (Through::First, Called::Name, Age::Newest);
            steps.insert(place.index(steps.len() + 1), Step { through, collection, age, op: Op::Reopen });
        }
        Program { keys, steps }
    })
}

fn ops(access_times: AccessTimes) -> impl Strategy<Value = Op> + use<> {
    one_of![
        16 => Just(Op::Open),
        7 => Just(Op::OpenById),
        12 => key().prop_map(Op::Get),
        26 => (key(), content_type(), values()).prop_map(|(key, content_type, value)| Op::Set(key, content_type, value)),
        5 => key().prop_map(Op::Has),
        8 => key().prop_map(Op::Delete),
        8 => page().prop_map(Op::ListKeys),
        8 => page().prop_map(Op::ListRecords),
        10 => Just(Op::Metadata),
        3 => Just(Op::Purge),
        4 => Just(Op::Drop),
        4 => select(&[BadInput::EmptyKey, BadInput::LongKey, BadInput::UnknownId][..]).prop_map(Op::Refused),
        6 => select(pauses(&[1, 2, 3].map(Duration::from_millis), access_times)).prop_map(Op::Pass),
    ]
}

fn key() -> impl Strategy<Value = KeyId> {
    0..WRITTEN
}

fn page() -> impl Strategy<Value = Page> {
    (of(0..KNOWN), of(0..5usize)).prop_map(|(behind, limit)| Page { behind, limit })
}

fn content_type() -> impl Strategy<Value = ContentType> {
    select(vec![
        ContentType::TEXT,
        ContentType::JSON,
        ContentType::NOTHING,
        ContentType::OCTET_STREAM,
        ContentType::as_stored("text/x; a=\" {}\""),
    ])
}

impl Op {
    /// The name that operations of this kind are counted under.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::OpenById => "open_by_id",
            Self::Get(_) => "get_record",
            Self::Set(..) => "set_record",
            Self::Has(_) => "record_exists",
            Self::Delete(_) => "delete_value",
            Self::ListKeys(_) => "list_keys",
            Self::ListRecords(_) => "list_records",
            Self::Metadata => "metadata",
            Self::Purge => "purge",
            Self::Drop => "drop",
            Self::Refused(_) => "bad_input",
            Self::Pass(_) => "pass_time",
            Self::Reopen => "reopen",
        }
    }
}
