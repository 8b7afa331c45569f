//! What each way of giving an expiry means.

use std::time::Duration;

use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::strategy::BoxedStrategy;
use store_core::{ErrorKind, ExpiresAt, Expiry, Lifetime, Remaining, SetOutcome, Store, StoreExt, Timestamp, Ttl};

use crate::cases::{for_all, for_each, once};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::registry::{Family, check};
use crate::strategy::{fractions, long_ttls, short_ttls};
use crate::time::{Deadline, Time};

pub(crate) const FAMILY: Family = Family {
    name: "lifetimes",
    checks: &[
        check!(ttl_rounds_up, Nothing),
        check!(ttl_is_bounded, Nothing),
        check!(expiry_default, Nothing),
        check!(expiry_never, Nothing),
        check!(expiry_in, Nothing),
        check!(expiry_at, Nothing),
        check!(expiry_keep, Nothing),
        check!(absolute_expiry_is_kept, Nothing),
    ],
};

const KEY: &str = "k";

async fn ttl_rounds_up(context: &Context) -> CheckResult {
    for_all(context, fractions(), async |scope: &Scope<'_>, asked: Duration| {
        let (store, time) = (scope.store()?, scope.time());
        let ttl = Ttl::new(asked)?;
        ensure!(ttl.as_duration() >= asked, "{asked:?} became {ttl:?}");
        ensure!(ttl.as_duration() - asked < Duration::from_millis(1), "{asked:?} became {ttl:?}");
        let (done, during) = time.measure(store.set(KEY, "x").ttl(asked)).await;
        done?;
        has_deadline(&store, time, time.deadline(Lifetime::In(ttl), during)).await
    })
    .await
}

async fn ttl_is_bounded(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let (store, time) = (scope.store()?, scope.time());
        store.set(KEY, "before").never_expires().await?;
        let too_long = Ttl::MAX.as_duration() + Duration::from_nanos(1);
        for bad in [Duration::ZERO, too_long, Duration::MAX] {
            let kind = ErrorKind::InvalidArgument;
            refused_with(Ttl::new(bad), kind, format_args!("a lifetime of {bad:?}"))?;
            refused_with(store.set(KEY, "after").ttl(bad).await, kind, format_args!("set with {bad:?}"))?;
            let conditional = store.set(KEY, "after").if_present().ttl(bad).await;
            refused_with(conditional, kind, format_args!("conditional set with {bad:?}"))?;
            refused_with(store.get(KEY).renew(bad).await, kind, format_args!("renewal by {bad:?}"))?;
        }
        ensure_eq!(store.get(KEY).await?.as_deref(), Some(&b"before"[..]), "the value after what was refused");
        ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "the lifetime after what was refused");
        let (done, during) = time.measure(store.set(KEY, "x").ttl(Ttl::MAX.as_duration())).await;
        done?;
        has_deadline(&store, time, time.deadline(Lifetime::In(Ttl::MAX), during)).await
    })
    .await
}

async fn expiry_default(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let (store, time) = (scope.store()?, scope.time());
        let default = store.default_lifetime();
        for explicit in [false, true] {
            store.set(KEY, "before").ttl(Duration::from_secs(3600)).await?;
            let call = store.set(KEY, "x");
            let call = if explicit { call.expiry(Expiry::Default) } else { call };
            let (done, during) = time.measure(call).await;
            done?;
            has_deadline(&store, time, time.deadline(default, during)).await?;
        }
        let (existed, during) = time.measure(store.expire(KEY, Expiry::Default)).await;
        ensure_eq!(existed?, true, "expire to the default");
        has_deadline(&store, time, time.deadline(default, during)).await
    })
    .await
}

async fn expiry_never(context: &Context) -> CheckResult {
    for_all(context, short_ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, time) = (scope.store()?, scope.time());
        store.set(KEY, "before").ttl(ttl.as_duration()).await?;
        store.set(KEY, "x").never_expires().await?;
        has_deadline(&store, time, Deadline::NEVER).await?;
        time.pass(ttl.as_duration()).await;
        has_deadline(&store, time, Deadline::NEVER).await
    })
    .await
}

/// A lifetime and whether its end is awaited.
#[derive(Clone, Copy, Debug)]
enum Length {
    Short(Ttl),
    Long(Ttl),
}

impl Length {
    fn ttl(self) -> Ttl {
        match self {
            Self::Short(ttl) | Self::Long(ttl) => ttl,
        }
    }
}

fn lengths(time: &Time) -> BoxedStrategy<Length> {
    prop_oneof![short_ttls(time).prop_map(Length::Short), long_ttls().prop_map(Length::Long)].boxed()
}

async fn expiry_in(context: &Context) -> CheckResult {
    let body = async |scope: &Scope<'_>, length: Length| {
        let (store, time) = (scope.store()?, scope.time());
        let (done, during) = time.measure(store.set(KEY, "x").expiry(length.ttl())).await;
        done?;
        lives_until(&store, time, length, time.deadline(Lifetime::In(length.ttl()), during)).await
    };
    for_each(context, long_ones().map(Length::Long), &body).await?;
    for_all(context, lengths(&context.time), body).await
}

/// Lifetimes behind which numbers of seconds and of milliseconds need another type, or are told in another unit.
fn long_ones() -> impl Iterator<Item = Ttl> {
    const DAY: u64 = 24 * 3600 * 1000;
    const SECONDS_31_BITS: u64 = (1 << 31) * 1000;

    let millis = [DAY - 1, DAY, 30 * DAY + 1, 1 << 31, 1 << 32, SECONDS_31_BITS];
    millis.into_iter().filter_map(Ttl::from_millis).chain([Ttl::MAX])
}

async fn expiry_at(context: &Context) -> CheckResult {
    for_all(context, lengths(&context.time), async |scope: &Scope<'_>, length: Length| {
        let (store, time) = (scope.store()?, scope.time());
        let expires_at = time.timestamp_in(length.ttl().as_duration());
        let (done, during) = time.measure(store.set(KEY, "x").expiry(Expiry::At(expires_at))).await;
        done?;
        lives_until(&store, time, length, time.deadline(Lifetime::At(expires_at), during)).await
    })
    .await?;
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        for past in [Timestamp::EPOCH, scope.time().certainly_past()] {
            a_past_time_leaves_nothing(&store, Expiry::At(past)).await?;
        }
        Ok(())
    })
    .await
}

async fn a_past_time_leaves_nothing(store: &StoreHandle, past: Expiry) -> Result<(), Failure> {
    store.set(KEY, "x").expiry(past).await?;
    ensure_eq!(store.get(KEY).await?, None, "an entry written over nothing with a past expiry");
    ensure_eq!(store.set(KEY, "x").if_present().expiry(past).await?, SetOutcome::Refused, "if_present over nothing");
    ensure_eq!(store.set(KEY, "x").if_absent().expiry(past).await?, SetOutcome::Stored, "if_absent over nothing");
    ensure_eq!(store.exists(KEY).await?, false, "an entry written if absent with a past expiry");

    store.set(KEY, "before").never_expires().await?;
    ensure_eq!(store.set(KEY, "x").if_absent().expiry(past).await?, SetOutcome::Refused, "if_absent over an entry");
    ensure_eq!(store.get(KEY).await?.as_deref(), Some(&b"before"[..]), "the entry after a refused condition");
    ensure_eq!(store.set(KEY, "x").if_present().expiry(past).await?, SetOutcome::Stored, "if_present over an entry");
    ensure_eq!(store.get(KEY).await?, None, "an entry rewritten with a past expiry");
    ensure_eq!(store.ttl(KEY).await?, None, "the lifetime of an entry rewritten with a past expiry");
    Ok(())
}

async fn expiry_keep(context: &Context) -> CheckResult {
    let before = prop_oneof![
        1 => Just(Expiry::Never),
        2 => long_ttls().prop_map(Expiry::In),
        2 => short_ttls(&context.time).prop_map(Expiry::In),
    ];
    for_all(context, before, async |scope: &Scope<'_>, before: Expiry| {
        let (store, time) = (scope.store()?, scope.time());
        let default = store.default_lifetime();
        let (done, during) = time.measure(store.set(KEY, "x").keep_expiry()).await;
        done?;
        has_deadline(&store, time, time.deadline(default, during)).await?;

        store.set(KEY, "before").expiry(before).await?;
        let kept = store.get(KEY).with_expiry().await?;
        let rewritten = store.set(KEY, "after").if_present().keep_expiry().await?;
        let found = store.get(KEY).with_expiry().await?;
        // With a short lifetime it may have expired at any of these steps; where it did not, nothing has moved.
        if let (Some(kept), SetOutcome::Stored, Some(found)) = (kept, rewritten, found) {
            ensure_eq!(found.value.as_ref(), b"after", "the value");
            ensure_eq!(found.expires_at, kept.expires_at, "the expiry that was to be kept");
        }
        Ok(())
    })
    .await
}

async fn absolute_expiry_is_kept(context: &Context) -> CheckResult {
    for_all(context, lengths(&context.time), async |scope: &Scope<'_>, length: Length| {
        let (store, time) = (scope.store()?, scope.time());
        let (done, during) = time.measure(store.set(KEY, "x").expiry(length.ttl())).await;
        done?;
        let deadline = time.deadline(Lifetime::In(length.ttl()), during);
        let Some(entry) = store.get(KEY).with_expiry().await? else {
            ensure!(time.now() >= deadline.low, "missed an entry that is there");
            return Ok(());
        };
        time.check_expires_at(deadline, entry.expires_at)?;
        let Some(ExpiresAt::At(moved)) = entry.expires_at else { return Ok(()) };
        let (done, during) = time.measure(store.set("copy", entry.value).expiry(Expiry::At(moved))).await;
        done?;
        if let Some(copy) = store.get("copy").with_expiry().await? {
            ensure_eq!(copy.expires_at, entry.expires_at, "the expiry of a copy that was given the same");
        }
        if let Length::Short(_) = length {
            time.pass_until(deadline.high.max(time.deadline(Lifetime::At(moved), during).high)).await;
            ensure_eq!(store.get(KEY).await?, None, "the entry after the expiry it reported");
            ensure_eq!(store.get("copy").await?, None, "the copy after the expiry it was given");
        }
        Ok(())
    })
    .await
}

/// Fails unless `ttl` and `get` tell the deadline, or the entry may be gone already.
async fn has_deadline(store: &StoreHandle, time: &Time, deadline: Deadline) -> Result<(), Failure> {
    let (left, during) = time.measure(store.ttl(KEY)).await;
    match left? {
        Some(left) => deadline.check_remaining(left, during)?,
        None => ensure!(during.acked >= deadline.low, "missed an entry that is there"),
    }
    let (entry, during) = time.measure(store.get(KEY).with_expiry()).await;
    match entry? {
        Some(entry) => time.check_expires_at(deadline, entry.expires_at),
        None => {
            ensure!(during.acked >= deadline.low, "missed an entry that is there");
            Ok(())
        }
    }
}

/// As [`has_deadline`]; and of a short lifetime, that it ends.
async fn lives_until(store: &StoreHandle, time: &Time, length: Length, deadline: Deadline) -> Result<(), Failure> {
    has_deadline(store, time, deadline).await?;
    if let Length::Short(_) = length {
        time.pass_until(deadline.high).await;
        ensure_eq!(store.get(KEY).await?, None, "the entry after its lifetime");
    }
    Ok(())
}
