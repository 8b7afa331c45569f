//! A backend that is away is told from one that has nothing, and what it did meanwhile is not made up.

use std::fmt::Debug;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{LocalBoxFuture, join_all};
use store_core::{CacheExt, Error, ErrorKind, Outcome, Result as Answer, Store, StoreExt, Ttl};
use tokio::time::{Instant, timeout};

use crate::cases::once;
use crate::context::{CacheHandle, Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq};
use crate::outage::{Interruptible, Outage};
use crate::registry::{Family, check};

pub(crate) const FAMILY: Family = Family {
    name: "outages",
    checks: &[
        check!(outages_are_errors, Nothing),
        check!(outages_pass, Nothing),
        check!(lost_answers_are_unknown, Nothing),
    ],
};

/// How long after an outage a driver may take to find its way back, beside one more call that fails.
const RECOVERY: Duration = Duration::from_secs(10);

/// How much longer than its limit a call may take because the machine has other work.
const SLACK: Duration = Duration::from_millis(500);

/// What the entries are before anything is done to them.
const BEFORE: &str = "1";

async fn outages_are_errors(context: &Context) -> CheckResult {
    for outage in [Outage::Gone, Outage::Silent] {
        let Some(away) = context.interruptible().await? else { return Ok(no_control()) };
        once(context, async |scope: &Scope<'_>| fails_while_away(scope, &away, outage).await).await?;
    }
    Ok(Verdict::Pass)
}

async fn fails_while_away(scope: &Scope<'_>, away: &Interruptible, outage: Outage) -> Result<(), Failure> {
    let (store, cache) = handles(scope, away)?;
    let names: Vec<_> = calls(&store, cache.as_ref()).into_iter().map(|call| call.name).collect();
    let judge = scope.store()?;
    for name in &names {
        judge.set(name, BEFORE).never_expires().await?;
    }
    store.ping().await?;
    away.way.interrupt(outage).await?;
    // All at once, because each may take as long as the limit.
    let ends = join_all(calls(&store, cache.as_ref()).into_iter().map(|call| call.end(away.limit))).await;
    away.way.restore().await?;
    for (name, end) in names.iter().zip(ends) {
        let error = end.map_err(|failure| failure.in_context(format!("{name} while the backend is {outage:?}")))?;
        let value = judge.get(name).await?;
        let lasting = judge.ttl(name).await? == Some(store_core::Remaining::Never);
        let unchanged = value.as_deref() == Some(BEFORE.as_bytes()) && lasting;
        let honest = unchanged || error.outcome() == Outcome::Unknown;
        ensure!(honest, "{name} changed its entry and says that it did not, while the backend is {outage:?}: {error}");
    }
    Ok(())
}

async fn outages_pass(context: &Context) -> CheckResult {
    let Some(away) = context.interruptible().await? else { return Ok(no_control()) };
    for outage in Outage::ALL {
        once(context, async |scope: &Scope<'_>| {
            let (store, _) = handles(scope, &away)?;
            store.set("k", BEFORE).await?;
            away.way.interrupt(outage).await?;
            // What becomes of it is for the other checks to judge.
            let _during = store.set("k", "2").await;
            away.way.restore().await?;
            let limit = Instant::now() + away.limit + RECOVERY;
            while let Err(error) = store.set("k", "3").await {
                ensure!(Instant::now() < limit, "still fails long after the backend was {outage:?}: {error}");
            }
            // An answer that the way lost belongs to nobody else.
            ensure_eq!(store.get("k").await?.as_deref(), Some(&b"3"[..]), "the value after the backend was {outage:?}");
            Ok(())
        })
        .await?;
    }
    Ok(Verdict::Pass)
}

/// How many writes are made while messages get lost. One in three is lost, so that none is, or all are, does not happen.
const WRITES: u32 = 60;

async fn lost_answers_are_unknown(context: &Context) -> CheckResult {
    for outage in [Outage::AnswersLost, Outage::RequestsLost] {
        let Some(away) = context.interruptible().await? else { return Ok(no_control()) };
        once(context, async |scope: &Scope<'_>| counts_what_was_applied(scope, &away, outage).await).await?;
    }
    Ok(Verdict::Pass)
}

async fn counts_what_was_applied(scope: &Scope<'_>, away: &Interruptible, outage: Outage) -> Result<(), Failure> {
    let (store, cache) = handles(scope, away)?;
    store.ping().await?;
    away.way.interrupt(outage).await?;
    let added = match &cache {
        Some(cache) if cache.capabilities().counters.is_supported() => Some(increment(cache).await),
        _ => None,
    };
    let set = overwrite(&store).await;
    away.way.restore().await?;
    if let Some(added) = added {
        // Of a lost request a driver may know that it did not arrive.
        let told = outage == Outage::RequestsLost || added.contains(&Err(Outcome::Unknown));
        ensure!(told, "no increment of {WRITES} says that its answer was lost");
        judge_sum(&scope.cache()?, &added).await?;
    }
    judge_last(&scope.store()?, &set).await
}

/// What became of a row of writes by one writer, in order.
type Ends = Vec<Result<(), Outcome>>;

async fn increment(cache: &CacheHandle) -> Ends {
    let mut ends = Vec::new();
    for _ in 0..WRITES {
        ends.push(cache.increment("sum", 1).await.map(drop).map_err(|error| error.outcome()));
    }
    ends
}

async fn overwrite(store: &StoreHandle) -> Ends {
    let mut ends = Vec::new();
    for number in 0..WRITES {
        ends.push(store.set("last", number.to_string()).await.map_err(|error| error.outcome()));
    }
    ends
}

async fn judge_sum(cache: &CacheHandle, ends: &Ends) -> Result<(), Failure> {
    let acknowledged = ends.iter().filter(|end| end.is_ok()).count();
    let unknown = ends.iter().filter(|end| **end == Err(Outcome::Unknown)).count();
    let sum = cache.increment("sum", 0).await?;
    let sum = usize::try_from(sum).unwrap_or(usize::MAX);
    let possible = acknowledged..=acknowledged + unknown;
    ensure!(possible.contains(&sum), "{acknowledged} acknowledged and {unknown} unknown increments make {sum}");
    Ok(())
}

/// The last value is that of the last write that was acknowledged, or of one after it that may have been applied.
async fn judge_last(store: &StoreHandle, ends: &Ends) -> Result<(), Failure> {
    let last = store.get("last").await?.map(|value| String::from_utf8_lossy(&value).into_owned());
    let acknowledged = ends.iter().rposition(Result::is_ok);
    let later = ends.iter().enumerate().skip(acknowledged.map_or(0, |place| place + 1));
    let unknown = later.filter(|(_, end)| **end == Err(Outcome::Unknown)).map(|(place, _)| place);
    let possible: Vec<_> = acknowledged.into_iter().chain(unknown).map(|place| place.to_string()).collect();
    let is_possible = match &last {
        Some(last) => possible.contains(last),
        None => acknowledged.is_none(),
    };
    ensure!(is_possible, "the last of {WRITES} writes left {last:?}, promised one of {possible:?}");
    Ok(())
}

/// An operation on the entry of its own name.
struct Call<'a> {
    name: &'static str,
    answer: LocalBoxFuture<'a, Answer<()>>,
}

impl<'a> Call<'a> {
    fn new<T: Debug>(name: &'static str, call: impl IntoFuture<Output = Answer<T>> + 'a) -> Self {
        Self { name, answer: Box::pin(async { call.await.map(drop) }) }
    }

    /// The error that the operation has to end with, in time.
    async fn end(self, limit: Duration) -> Result<Error, Failure> {
        match timeout(limit + SLACK, self.answer).await {
            Err(_) => Err(Failure::new(format!("not done within {limit:?}"))),
            Ok(Ok(())) => Err(Failure::new("passes for answered")),
            Ok(Err(error)) if !matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout) => {
                Err(Failure::new(format!("saw the kind {:?}, promised Unavailable or Timeout: {error}", error.kind())))
            }
            Ok(Err(error)) => Ok(error),
        }
    }
}

fn calls<'a>(store: &'a StoreHandle, cache: Option<&'a CacheHandle>) -> Vec<Call<'a>> {
    let mut calls = vec![
        Call::new("get", store.get("get")),
        Call::new("exists", store.exists("exists")),
        Call::new("ttl", store.ttl("ttl")),
        Call::new("set", store.set("set", "2")),
        Call::new("if_absent", store.set("if_absent", "2").if_absent()),
        Call::new("if_present", store.set("if_present", "2").if_present()),
        Call::new("delete", store.delete("delete")),
        Call::new("expire", store.expire("expire", Ttl::MAX)),
        Call::new("ping", store.ping()),
    ];
    let capabilities = store.capabilities();
    if capabilities.take.is_supported() {
        calls.push(Call::new("take", store.take("take")));
    }
    if capabilities.value_conditions.is_supported() {
        calls.push(Call::new("if_value", store.set("if_value", "2").if_value(BEFORE)));
    }
    if capabilities.renewal.is_supported() {
        calls.push(Call::new("renew", store.get("renew").renew(Ttl::MAX)));
    }
    if capabilities.listing != store_core::Listing::None {
        calls.push(Call::new("list", store.list()));
    }
    let Some(cache) = cache else { return calls };
    calls.push(Call::new("get_many", cache.get_many(&["get_many"])));
    calls.push(Call::new("set_many", cache.set_many([("set_many", "2")])));
    calls.push(Call::new("delete_many", cache.delete_many(&["delete_many"])));
    if capabilities.counters.is_supported() {
        calls.push(Call::new("increment", cache.increment("increment", 1)));
    }
    calls
}

fn handles(scope: &Scope<'_>, away: &Interruptible) -> Result<(StoreHandle, Option<CacheHandle>), Failure> {
    let store = scope.noting(Arc::clone(&away.store)).namespace(&scope.namespace)?;
    let cache = away.cache.clone().map(|cache| scope.noting_cache(cache).namespace(&scope.namespace)).transpose()?;
    Ok((store, cache))
}

fn no_control() -> Verdict {
    Verdict::Unsupported("the harness cannot take the backend away".to_owned())
}
