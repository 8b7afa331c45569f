//! Operations as data, and how they are generated.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::sample::{Index, select, subsequence};
use proptest::strategy::BoxedStrategy;
use store_core::{Bytes, Ttl};

use crate::strategy::{LOOK_ALIKES_BESIDE, Path, distinct_keys, long_ttls, one_of, short_ttls, values};
use crate::time::Time;
use crate::walk::Reach;

/// The keys of a program. Few, so that operations meet.
const KEYS: usize = 4;

/// The namespaces of its steps.
const SPACES: usize = 3;

/// How many namespaces a program has that it leaves alone.
const ROOMS_BESIDE: usize = 2;

/// The key of the entry in each of those.
pub(crate) const BESIDE: KeyId = 0;

/// The key that the only lock of each namespace is called as, so that those who ask for one meet.
const LOCK: KeyId = 0;

/// The number of a key in its program.
pub(crate) type KeyId = usize;

/// What a program asks for as expiry, resolved to times when it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Default,
    Never,
    In(Ttl),
    /// This long after the driver's present.
    At(Duration),
    /// A time that is over.
    Past,
    Keep,
}

/// Bytes that a condition asks for.
#[derive(Clone, Debug)]
pub(crate) enum Guess {
    /// Those that the entry is expected to hold.
    Current,
    Bytes(Bytes),
}

#[derive(Clone, Debug)]
pub(crate) enum Condition {
    Always,
    IfAbsent,
    IfPresent,
    IfValue(Guess),
}

/// Input that has to be refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum BadInput {
    EmptyKey,
    ZeroTtl,
    KeepAsChange,
    ZeroLimit,
    ForgedCursor,
}

/// How time is passed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pass {
    By(Duration),
    /// Until the next entry that expires soon is gone.
    NextExpiry,
}

/// What is written between two pages of a walk.
#[derive(Clone, Debug)]
pub(crate) struct Meanwhile {
    /// The number of the namespace in the program.
    pub(crate) space: usize,
    pub(crate) key: KeyId,
    /// To be set without an expiry; `None` to delete what is there.
    pub(crate) value: Option<Bytes>,
}

/// Who asks for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    One,
    Other,
}

/// What is asked of a lock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LockCall {
    Acquire(Ttl),
    Extend(Ttl),
    Release,
    IsHeld,
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Get(KeyId),
    GetWithExpiry(KeyId),
    Renew(KeyId, Ttl),
    Set(KeyId, Bytes, When, Condition),
    Delete(KeyId),
    DeleteIf(KeyId, Guess),
    Take(KeyId),
    Exists(KeyId),
    Ttl(KeyId),
    Expire(KeyId, When),
    List(Reach, usize),
    /// A list by pages of this length, with one write behind each page while there are any.
    ListWhileWriting(Reach, usize, Vec<Meanwhile>),
    Clear,
    /// Of the lock that is called as the key is.
    Lock(KeyId, Owner, LockCall),
    Add(KeyId, Bytes, When),
    GetMany(Vec<KeyId>),
    SetMany(Vec<(KeyId, Bytes, When)>),
    DeleteMany(Vec<KeyId>),
    ExpireMany(Vec<KeyId>, When),
    Increment(KeyId, i64, When),
    Decrement(KeyId, i64, When),
    Refused(BadInput),
    Pass(Pass),
    /// Every handle is dropped, and the data opened again, where the harness can.
    Reopen,
}

/// Which of two handles on the same data carries out a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Through {
    First,
    Second,
}

impl Through {
    pub(crate) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) through: Through,
    /// The number of the namespace in the program.
    pub(crate) space: usize,
    pub(crate) op: Op,
}

/// A sequence of operations on a few keys in a few namespaces.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) keys: Vec<String>,
    pub(crate) spaces: Vec<Path>,
    /// Namespaces above, below and beside those, each with an entry that no step means.
    pub(crate) beside: Vec<Path>,
    pub(crate) steps: Vec<Step>,
}

impl Program {
    /// The value of each entry in the namespaces that its steps leave alone.
    pub(crate) const VALUE_BESIDE: Bytes = Bytes::from_static(b"beside");

    /// All namespaces that it has entries in: first those of its steps.
    pub(crate) fn paths(&self) -> impl Iterator<Item = Path> {
        self.spaces.iter().chain(&self.beside).copied()
    }
}

/// What programs are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vocabulary {
    Store,
    Cache,
}

/// Programs of 30 steps on average, in namespaces of which some look like others.
pub(crate) fn programs(
    vocabulary: Vocabulary,
    time: &Time,
    look_alikes: &[Path],
) -> impl Strategy<Value = Program> + use<> {
    let step =
        (through(), 0..SPACES, ops(vocabulary, time)).prop_map(|(through, space, op)| Step { through, space, op });
    let (outer, inner): (Path, Path) = (&["app"], &["app", "le"]);
    // The third namespace holds the others, or only looks as if it had to do with them.
    let thirds: Vec<_> = look_alikes.iter().copied().filter(|&path| path != outer && path != inner).collect();
    // One more than are taken, because the third may be among them.
    let beside = subsequence([&thirds[..], LOOK_ALIKES_BESIDE].concat(), ROOMS_BESIDE + 1);
    let parts = (distinct_keys(KEYS), select(thirds), beside, vec(step, 1..=59), reopening(time));
    parts.prop_map(move |(keys, third, mut beside, mut steps, reopening)| {
        beside.retain(|path| *path != third);
        beside.truncate(ROOMS_BESIDE);
        if let Some(place) = reopening {
            let step = Step { through: Through::First, space: 0, op: Op::Reopen };
            steps.insert(place.index(steps.len() + 1), step);
        }
        Program { keys, spaces: vec![outer, inner, third], beside, steps }
    })
}

/// Where in a program the data is opened again, if it is: which takes a driver with files longer than the rest of it. With
/// a manual clock there are so many programs that few need to.
pub(super) fn reopening(time: &Time) -> impl Strategy<Value = Option<Index>> + use<> {
    let (without, with) = if time.is_manual() { (24, 1) } else { (3, 1) };
    prop_oneof![without => Just(None), with => any::<Index>().prop_map(Some)]
}

/// Mostly the first.
pub(super) fn through() -> impl Strategy<Value = Through> + Clone {
    select(&[Through::First, Through::First, Through::Second][..])
}

fn ops(vocabulary: Vocabulary, time: &Time) -> BoxedStrategy<Op> {
    let store = store_ops(time);
    match vocabulary {
        Vocabulary::Store => store,
        Vocabulary::Cache => one_of![7 => store, 3 => cache_ops(time)].boxed(),
    }
}

fn store_ops(time: &Time) -> BoxedStrategy<Op> {
    let pass = prop_oneof![
        1 => (1..4u64).prop_map(|millis| Pass::By(Duration::from_millis(millis))),
        3 => Just(Pass::NextExpiry),
    ];
    one_of![
        10 => key().prop_map(Op::Get),
        5 => key().prop_map(Op::GetWithExpiry),
        6 => (key(), ttls(time)).prop_map(|(key, ttl)| Op::Renew(key, ttl)),
        22 => (key(), values(), when(time), condition()).prop_map(|(key, value, when, condition)| Op::Set(key, value, when, condition)),
        4 => key().prop_map(Op::Delete),
        4 => (key(), guess()).prop_map(|(key, guess)| Op::DeleteIf(key, guess)),
        5 => key().prop_map(Op::Take),
        4 => key().prop_map(Op::Exists),
        6 => key().prop_map(Op::Ttl),
        8 => (key(), when_changed(time)).prop_map(|(key, when)| Op::Expire(key, when)),
        5 => (reach(), 1..5usize).prop_map(|(reach, limit)| Op::List(reach, limit)),
        2 => (reach(), 1..4usize, vec(meanwhile(), 1..4)).prop_map(|(reach, limit, writes)| Op::ListWhileWriting(reach, limit, writes)),
        6 => Just(Op::Clear),
        5 => select(&[BadInput::EmptyKey, BadInput::ZeroTtl, BadInput::KeepAsChange, BadInput::ZeroLimit, BadInput::ForgedCursor][..]).prop_map(Op::Refused),
        12 => (select(&[Owner::One, Owner::Other][..]), lock_call(time)).prop_map(|(owner, call)| Op::Lock(LOCK, owner, call)),
        10 => pass.prop_map(Op::Pass),
    ]
    .boxed()
}

fn reach() -> impl Strategy<Value = Reach> + Clone {
    select(&[Reach::Namespace, Reach::Subtree][..])
}

fn meanwhile() -> impl Strategy<Value = Meanwhile> + Clone {
    let value = prop_oneof![1 => Just(None), 1 => Just(Some(Bytes::from_static(b"meanwhile")))];
    (0..SPACES, key(), value).prop_map(|(space, key, value)| Meanwhile { space, key, value })
}

fn lock_call(time: &Time) -> BoxedStrategy<LockCall> {
    prop_oneof![
        4 => ttls(time).prop_map(LockCall::Acquire),
        3 => ttls(time).prop_map(LockCall::Extend),
        3 => Just(LockCall::Release),
        3 => Just(LockCall::IsHeld),
    ]
    .boxed()
}

fn cache_ops(time: &Time) -> BoxedStrategy<Op> {
    one_of![
        4 => (key(), values(), when(time)).prop_map(|(key, value, when)| Op::Add(key, value, when)),
        6 => vec(key(), 0..6).prop_map(Op::GetMany),
        6 => vec((key(), values(), when(time)), 0..6).prop_map(Op::SetMany),
        4 => vec(key(), 0..6).prop_map(Op::DeleteMany),
        4 => (vec(key(), 0..6), when_changed(time)).prop_map(|(keys, when)| Op::ExpireMany(keys, when)),
        8 => (key(), delta(), when_changed(time)).prop_map(|(key, delta, when)| Op::Increment(key, delta, when)),
        4 => (key(), delta(), when_changed(time)).prop_map(|(key, delta, when)| Op::Decrement(key, delta, when)),
    ]
    .boxed()
}

fn key() -> impl Strategy<Value = KeyId> + Clone {
    0..KEYS
}

fn delta() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![6 => -100..100i64, 1 => any::<i64>(), 1 => select(&[i64::MIN, i64::MIN + 1, i64::MAX, 0][..])]
}

fn guess() -> impl Strategy<Value = Guess> + Clone {
    prop_oneof![2 => Just(Guess::Current), 1 => values().prop_map(Guess::Bytes)]
}

fn condition() -> impl Strategy<Value = Condition> + Clone {
    prop_oneof![
        6 => Just(Condition::Always),
        2 => Just(Condition::IfAbsent),
        2 => Just(Condition::IfPresent),
        2 => guess().prop_map(Condition::IfValue),
    ]
}

fn ttls(time: &Time) -> BoxedStrategy<Ttl> {
    prop_oneof![3 => short_ttls(time), 2 => long_ttls()].boxed()
}

fn when_changed(time: &Time) -> BoxedStrategy<When> {
    let soon = short_ttls(time).prop_map(Ttl::as_duration);
    prop_oneof![
        2 => Just(When::Default),
        2 => Just(When::Never),
        5 => ttls(time).prop_map(When::In),
        2 => soon.prop_map(When::At),
        1 => Just(When::Past),
    ]
    .boxed()
}

fn when(time: &Time) -> BoxedStrategy<When> {
    prop_oneof![5 => when_changed(time), 1 => Just(When::Keep)].boxed()
}

impl Op {
    /// The name that operations of this kind are counted under.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Get(_) => "get",
            Self::GetWithExpiry(_) => "get_with_expiry",
            Self::Renew(..) => "get_renew",
            Self::Set(.., Condition::Always) => "set",
            Self::Set(.., Condition::IfAbsent) => "set_if_absent",
            Self::Set(.., Condition::IfPresent) => "set_if_present",
            Self::Set(.., Condition::IfValue(_)) => "set_if_value",
            Self::Delete(_) => "delete",
            Self::DeleteIf(..) => "delete_if_value",
            Self::Take(_) => "take",
            Self::Exists(_) => "exists",
            Self::Ttl(_) => "ttl",
            Self::Expire(..) => "expire",
            Self::List(..) => "list",
            Self::ListWhileWriting(..) => "list_while_writing",
            Self::Clear => "clear",
            Self::Lock(.., LockCall::Acquire(_)) => "acquire_lock",
            Self::Lock(.., LockCall::Extend(_)) => "extend_lock",
            Self::Lock(.., LockCall::Release) => "release_lock",
            Self::Lock(.., LockCall::IsHeld) => "lock_is_held",
            Self::Add(..) => "add",
            Self::GetMany(_) => "get_many",
            Self::SetMany(_) => "set_many",
            Self::DeleteMany(_) => "delete_many",
            Self::ExpireMany(..) => "expire_many",
            Self::Increment(..) => "increment",
            Self::Decrement(..) => "decrement",
            Self::Refused(_) => "bad_input",
            Self::Pass(_) => "pass_time",
            Self::Reopen => "reopen",
        }
    }

    /// Whether only a cache has this operation.
    pub(crate) fn needs_cache(&self) -> bool {
        matches!(self, Self::Add(..) | Self::Increment(..) | Self::Decrement(..)) || self.batch().is_some()
    }

    /// The keys of a batch.
    pub(crate) fn batch(&self) -> Option<Vec<KeyId>> {
        match self {
            Self::GetMany(keys) | Self::DeleteMany(keys) | Self::ExpireMany(keys, _) => Some(keys.clone()),
            Self::SetMany(items) => Some(items.iter().map(|&(key, ..)| key).collect()),
            _ => None,
        }
    }
}
