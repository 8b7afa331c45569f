//! Concurrent operations on one entry look as if they had happened one after another.

use store_core::{Bytes, CacheExt, Error, Reads, SetOutcome, Store, StoreExt};

use super::diary::{Diary, judge};
use crate::cases::{again_and_again, once};
use crate::choices::Choices;
use crate::context::{Context, Handle, Scope};
use crate::failure::{CheckResult, Failure, ensure};
use crate::history::{Call, EntryAnswer, EntryOp, History, Returned, Value, Watch};
use crate::race::at_once;
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family =
    Family { name: "concurrency", checks: &[check!(operations_are_linearizable, Nothing)] };

const CALLERS: usize = 6;
/// How many keys they act on.
const KEYS: usize = 2;

/// How often each caller acts in one of many histories.
const ACTIONS: u64 = 24;

/// How often in the long one.
const MANY_ACTIONS: u64 = 1000;

async fn operations_are_linearizable(context: &Context) -> CheckResult {
    let counters = context.has_cache() && context.capabilities().counters.is_supported();
    again_and_again(context, async |scope: &Scope<'_>| {
        are_explained(scope, Mix::All, ACTIONS).await?;
        if counters { are_explained(scope, Mix::Steps, ACTIONS).await } else { Ok(()) }
    })
    .await?;
    once(context, async |scope: &Scope<'_>| are_explained(scope, Mix::ReadsAndWrites, MANY_ACTIONS).await).await
}

/// Has callers act through both handles, and judges what they saw.
async fn are_explained(scope: &Scope<'_>, mix: Mix, actions: u64) -> Result<(), Failure> {
    let (handles, watch) = (scope.handles()?, Watch::start());
    let callers = (0..CALLERS).zip(handles.iter().cycle()).map(|(number, handle)| {
        let mut caller = Caller::new(number, handle.clone(), mix, watch, scope.seed);
        async move {
            for _ in 0..actions {
                caller.act().await?;
            }
            Ok::<_, Error>(caller.diaries)
        }
    });
    let mut histories: [History<EntryOp>; KEYS] = Default::default();
    for diaries in at_once(callers).await? {
        for (history, diary) in histories.iter_mut().zip(diaries?) {
            history.extend(diary.into_calls());
        }
    }
    for history in histories {
        match handles[0].store.capabilities().reads {
            Reads::Latest => judge(&history)?,
            Reads::MayBeStale => judge(&without_stale_reads(history)?)?,
        }
    }
    Ok(())
}

/// Reads that may be stale promise nothing but that somebody wrote what they saw; the rest is held to everything else.
fn without_stale_reads(history: History<EntryOp>) -> Result<History<EntryOp>, Failure> {
    let (reads, others): (Vec<_>, Vec<_>) = history.into_iter().partition(|call| call.operation == EntryOp::Get);
    for read in reads {
        let Some(Returned { at, answer: EntryAnswer::Value(Some(seen)) }) = read.returned else { continue };
        let is_its_write = |call: &Call<EntryOp>| call.operation.written() == Some(seen) && call.called <= at;
        ensure!(others.iter().any(is_its_write), "read {seen}, which nobody had written");
    }
    Ok(others.into_iter().collect())
}

/// What callers ask of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mix {
    /// Everything that the driver declares.
    All,
    ReadsAndWrites,
    /// Steps up of a counter.
    Steps,
}

impl Mix {
    /// Nobody else's, because a history begins with an entry that is absent.
    fn keys(self) -> [&'static str; KEYS] {
        match self {
            Self::All => ["a", "b"],
            Self::ReadsAndWrites => ["c", "d"],
            Self::Steps => ["counter", "other counter"],
        }
    }

    fn choose(self, choices: &mut Choices, handle: &Handle, value: Value, expected: Value) -> EntryOp {
        let declared = handle.store.capabilities();
        let conditions = declared.value_conditions.is_supported();
        let counters = declared.counters.is_supported() && handle.cache.is_some();
        match (self, choices.below(20)) {
            (Self::Steps, _) => EntryOp::Add(1),
            (_, 0..7) => EntryOp::Get,
            (Self::ReadsAndWrites, _) | (_, 7..10) => EntryOp::Set(value),
            (Self::All, 10 | 11) => EntryOp::SetIfAbsent(value),
            (Self::All, 12) => EntryOp::SetIfPresent(value),
            (Self::All, 13 | 14) if conditions => EntryOp::SetIfValue { expected, value },
            (Self::All, 15) if conditions => EntryOp::DeleteIfValue(expected),
            (Self::All, 16) if declared.take.is_supported() => EntryOp::Take,
            // What a stale read saw of a counter could not be told from what nobody wrote.
            (Self::All, 17) if counters && declared.reads == Reads::Latest => EntryOp::Add(1),
            (Self::All, _) => EntryOp::Delete,
        }
    }
}

/// Someone who acts at random on the keys and writes down what it saw.
struct Caller {
    number: usize,
    handle: Handle,
    mix: Mix,
    choices: Choices,
    written: Value,
    /// The value that was last seen under each key, to expect it again.
    seen: [Value; KEYS],
    diaries: [Diary<EntryOp>; KEYS],
}

impl Caller {
    fn new(number: usize, handle: Handle, mix: Mix, watch: Watch, seed: u64) -> Self {
        let choices = Choices::named(seed, &number.to_string());
        let diaries = mix.keys().map(|key| Diary::new(number, watch, Choices::named(seed, &format!("{number} {key}"))));
        Self { number, handle, mix, choices, written: 0, seen: Default::default(), diaries }
    }

    async fn act(&mut self) -> Result<(), Error> {
        let at = self.choices.below(KEYS as u64) as usize;
        let key = self.mix.keys()[at];
        self.written += 1;
        let operation =
            self.mix.choose(&mut self.choices, &self.handle, value(self.number, self.written), self.seen[at]);
        let answer = self.diaries[at].note(operation, carry_out(&self.handle, key, operation)).await?;
        if let Some(EntryAnswer::Value(Some(seen))) = answer {
            self.seen[at] = seen;
        }
        Ok(())
    }
}

/// A value that nobody else writes, and that no few steps lead to from another.
pub(super) fn value(caller: usize, written: Value) -> Value {
    const ROOM_FOR_STEPS: Value = 1000;
    const ROOM_FOR_WRITES: Value = 1_000_000;

    (Value::try_from(caller).unwrap_or_default() * ROOM_FOR_WRITES + written) * ROOM_FOR_STEPS
}

async fn carry_out(handle: &Handle, key: &str, operation: EntryOp) -> Result<EntryAnswer, Error> {
    let Handle { store, cache } = handle;
    let stored = |outcome: SetOutcome| EntryAnswer::Applied(outcome.is_stored());
    Ok(match operation {
        EntryOp::Get => EntryAnswer::Value(parsed(store.get(key).await?)),
        EntryOp::Set(value) => store.set(key, value.to_string()).await.map(|()| EntryAnswer::Done)?,
        EntryOp::SetIfAbsent(value) => stored(store.set(key, value.to_string()).if_absent().await?),
        EntryOp::SetIfPresent(value) => stored(store.set(key, value.to_string()).if_present().await?),
        EntryOp::SetIfValue { expected, value } => {
            stored(store.set(key, value.to_string()).if_value(expected.to_string()).await?)
        }
        EntryOp::Delete => EntryAnswer::Applied(store.delete(key).await?),
        EntryOp::DeleteIfValue(expected) => {
            EntryAnswer::Applied(store.delete(key).if_value(expected.to_string()).await?)
        }
        EntryOp::Take => EntryAnswer::Value(parsed(store.take(key).await?)),
        EntryOp::Add(delta) => match cache {
            Some(cache) => EntryAnswer::Sum(cache.increment(key, delta).await?),
            None => return Err(Error::unsupported("counters")),
        },
    })
}

pub(super) fn parsed(value: Option<Bytes>) -> Option<Value> {
    // What is no number was never written, and then no order explains it either.
    value.map(|value| std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok()).unwrap_or(Value::MAX))
}
