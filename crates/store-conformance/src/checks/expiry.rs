//! Entries live as long as their expiry says, and no longer, whoever looks.

use futures_util::future::BoxFuture;
use std::time::Duration;

use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use store_core::{
    Bytes, CacheExt, ErrorKind, ExpiresAt, Expiry, Lifetime, Listing, Remaining, SetOutcome, Store, StoreExt,
    Timestamp, Ttl,
};
use tokio::task::yield_now;

use crate::cases::{again_and_again, for_all};
use crate::context::{Context, Handle, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::race::{Look, Rounds, look_on};
use crate::registry::{Family, check};
use crate::strategy::{long_ttls, short_ttls, values};
use crate::time::{Deadline, Presence, Time};
use crate::walk::{Reach, walk, walk_set};

pub(crate) const FAMILY: Family = Family {
    name: "expiry",
    checks: &[
        check!(set_replaces_expiry, Nothing),
        check!(no_read_after_expiry, Nothing),
        check!(no_loss_before_expiry, Nothing),
        check!(ttl_has_three_answers, Nothing),
        check!(expire_reports_existence, Nothing),
    ],
};

const KEY: &str = "k";

/// How an entry comes by its expiry.
#[derive(Clone, Copy, Debug)]
enum Way {
    Set,
    SetIfAbsent,
    Overwrite,
    Expire,
}

const WAYS: &[Way] = &[Way::Set, Way::SetIfAbsent, Way::Overwrite, Way::Expire];

/// Writes an entry that expires after `ttl`, in this way.
async fn write(store: &StoreHandle, time: &Time, way: Way, value: &Bytes, ttl: Ttl) -> Result<Deadline, Failure> {
    let set = store.set(KEY, value.clone()).expiry(ttl);
    let during = match way {
        Way::Set => {
            let (done, during) = time.measure(set).await;
            done?;
            during
        }
        Way::SetIfAbsent => {
            let (outcome, during) = time.measure(set.if_absent()).await;
            ensure_eq!(outcome?, SetOutcome::Stored, "if_absent over nothing");
            during
        }
        Way::Overwrite => {
            store.set(KEY, "before").never_expires().await?;
            let (done, during) = time.measure(set).await;
            done?;
            during
        }
        Way::Expire => {
            store.set(KEY, value.clone()).never_expires().await?;
            let (existed, during) = time.measure(store.expire(KEY, ttl)).await;
            ensure_eq!(existed?, true, "expire of an entry that is there");
            during
        }
    };
    Ok(time.deadline(Lifetime::In(ttl), during))
}

async fn set_replaces_expiry(context: &Context) -> CheckResult {
    for_all(context, (values(), short_ttls(&context.time)), async |scope: &Scope<'_>, (value, ttl): (Bytes, Ttl)| {
        let (store, time) = (scope.store()?, scope.time());
        store.set(KEY, "before").expiry(ttl).await?;
        store.set(KEY, value.clone()).never_expires().await?;
        time.pass(ttl.as_duration() + Duration::from_millis(2)).await;
        let entry = store.get(KEY).with_expiry().await?;
        let Some(entry) = entry else { return Err(Failure::new("the old expiry ended the new entry")) };
        ensure_eq!(entry.value, value, "the new value");
        ensure_eq!(entry.expires_at, Some(ExpiresAt::Never), "the new expiry");
        let (done, during) = time.measure(store.set(KEY, "after").expiry(ttl)).await;
        done?;
        time.pass_until(time.deadline(Lifetime::In(ttl), during).high).await;
        ensure_eq!(store.get(KEY).await?, None, "the entry after the expiry that a second set gave it");
        Ok(())
    })
    .await?;
    again_and_again(context, value_and_expiry_change_together).await
}

/// One writer changes between two entries, and no reader sees the value of one with the expiry of the other.
async fn value_and_expiry_change_together(scope: &Scope<'_>) -> Result<(), Failure> {
    const CHANGES: usize = 20;

    let (writer, reader) = (scope.store()?, scope.second_store()?);
    writer.set(KEY, "lasting").never_expires().await?;
    let write = |rounds: Rounds| async move {
        for _ in rounds {
            writer.set(KEY, "passing").expiry(Ttl::MAX).await?;
            writer.set(KEY, "lasting").never_expires().await?;
        }
        Ok(())
    };
    let look = move || -> BoxFuture<'static, Result<(), Failure>> {
        let reader = reader.clone();
        Box::pin(async move {
            let Some(entry) = reader.get(KEY).with_expiry().await? else {
                return Err(Failure::new("missed an entry that is only ever replaced"));
            };
            let lasting = entry.value.as_ref() == b"lasting";
            ensure_eq!(entry.expires_at == Some(ExpiresAt::Never), lasting, "whether a lasting value never expires");
            Ok(())
        })
    };
    look_on(CHANGES, write, [Box::new(look) as Look]).await
}

/// One look at an entry. Each looks at an entry of its own: the first look at an expired one may remove it, and then the
/// second tells nothing.
#[derive(Clone, Copy, Debug)]
enum Sight {
    Get,
    GetWithExpiry,
    Renew,
    Exists,
    Ttl,
    List(Reach),
    Expire,
    SetIfPresent,
    SetIfAbsent,
    SetIfValue,
    SetKeep,
    Delete,
    DeleteIfValue,
    Take,
    GetMany,
    ExpireMany,
    DeleteMany,
    Add,
    Increment,
}

impl Sight {
    fn needs_cache(self) -> bool {
        matches!(self, Self::GetMany | Self::ExpireMany | Self::DeleteMany | Self::Add | Self::Increment)
    }
}

/// Every look that the driver declares.
fn sights(context: &Context) -> Vec<Sight> {
    use Sight::*;

    let declared = context.capabilities();
    let mut sights = vec![Get, GetWithExpiry, Exists, Ttl, Expire, SetIfPresent, SetIfAbsent, SetKeep, Delete];
    if declared.listing != Listing::None {
        sights.extend([List(Reach::Namespace), List(Reach::Subtree)]);
    }
    if declared.renewal.is_supported() {
        sights.push(Renew);
    }
    if declared.value_conditions.is_supported() {
        sights.extend([SetIfValue, DeleteIfValue]);
    }
    if declared.take.is_supported() {
        sights.push(Take);
    }
    if context.has_cache() {
        sights.extend([GetMany, ExpireMany, DeleteMany, Add]);
        if declared.counters.is_supported() {
            sights.push(Increment);
        }
    }
    sights
}

async fn no_read_after_expiry(context: &Context) -> CheckResult {
    let inputs = (select(WAYS), values(), short_ttls(&context.time), select(&[0usize, 1][..]));
    let sights = sights(context);
    for_all(context, inputs, async |scope: &Scope<'_>, (way, value, ttl, handle): (Way, Bytes, Ttl, usize)| {
        let time = scope.time();
        let mut written = Vec::new();
        for (number, &sight) in sights.iter().enumerate() {
            let handles = if sight.needs_cache() { scope.handles()? } else { scope.stores()? };
            let path = [&*number.to_string()];
            let deadline = write(&handles[0].at(&path)?.store, time, way, &value, ttl).await?;
            written.push((sight, handles[handle].at(&path)?, deadline));
        }
        for (sight, handle, deadline) in written {
            time.pass_until(deadline.high).await;
            misses(sight, &handle, &value).await.map_err(|failure| {
                failure.in_context(format_args!("  in the first look after the expiry, {sight:?}"))
            })?;
        }
        Ok(())
    })
    .await
}

/// Fails if this look finds the expired entry that held `value`.
async fn misses(sight: Sight, handle: &Handle, value: &Bytes) -> Result<(), Failure> {
    let store = &handle.store;
    match sight {
        Sight::Get => ensure_eq!(store.get(KEY).await?, None, "get"),
        Sight::GetWithExpiry => ensure_eq!(store.get(KEY).with_expiry().await?, None, "get with expiry"),
        Sight::Renew => ensure_eq!(store.get(KEY).renew(Ttl::MAX.as_duration()).await?, None, "renewal"),
        Sight::Exists => ensure_eq!(store.exists(KEY).await?, false, "exists"),
        Sight::Ttl => ensure_eq!(store.ttl(KEY).await?, None, "ttl"),
        Sight::List(reach) => ensure_eq!(walk(store, reach, 10).await?, vec![], "list"),
        Sight::Expire => ensure_eq!(store.expire(KEY, Ttl::MAX).await?, false, "expire"),
        Sight::SetIfPresent => {
            ensure_eq!(store.set(KEY, "x").if_present().await?, SetOutcome::Refused, "if_present");
        }
        Sight::SetIfAbsent => ensure_eq!(store.set(KEY, "x").if_absent().await?, SetOutcome::Stored, "if_absent"),
        Sight::SetIfValue => {
            let outcome = store.set(KEY, "x").if_value(value.clone()).await?;
            ensure_eq!(outcome, SetOutcome::Refused, "if_value");
        }
        Sight::SetKeep => {
            store.set(KEY, "x").keep_expiry().await?;
            ensure_eq!(store.exists(KEY).await?, true, "exists after a set that keeps the expiry of nothing");
        }
        Sight::Delete => ensure_eq!(store.delete(KEY).await?, false, "delete"),
        Sight::DeleteIfValue => ensure_eq!(store.delete(KEY).if_value(value.clone()).await?, false, "delete if_value"),
        Sight::Take => ensure_eq!(store.take(KEY).await?, None, "take"),
        Sight::GetMany => ensure_eq!(handle.cache()?.get_many(&[KEY]).await?, vec![None], "get_many"),
        Sight::ExpireMany => {
            ensure_eq!(handle.cache()?.expire_many(&[KEY], Ttl::MAX).await?, vec![false], "expire_many");
        }
        Sight::DeleteMany => ensure_eq!(handle.cache()?.delete_many(&[KEY]).await?, vec![false], "delete_many"),
        Sight::Add => ensure_eq!(handle.cache()?.add(KEY, "x").await?, true, "add"),
        Sight::Increment => ensure_eq!(handle.cache()?.increment(KEY, 1).await?, 1, "increment"),
    }
    Ok(())
}

async fn no_loss_before_expiry(context: &Context) -> CheckResult {
    let ttls = prop_oneof![short_ttls(&context.time), long_ttls()];
    let inputs = (select(WAYS), values(), ttls);
    for_all(context, inputs, async |scope: &Scope<'_>, (way, value, ttl): (Way, Bytes, Ttl)| {
        let (store, second, time) = (scope.store()?, scope.second_store()?, scope.time());
        let deadline = write(&store, time, way, &value, ttl).await?;
        for store in [&store, &second] {
            everybody_sees(store, time, deadline, &value).await?;
        }
        // As late as can be: where the suite moves the clock, in the last millisecond; where it waits, after half of it.
        let left = deadline.low.since(time.now());
        if time.is_manual() {
            // The clock ends with the year 9999, so that only short lifetimes are lived through.
            if left < Duration::from_secs(48 * 3600) {
                time.pass(left.saturating_sub(Duration::from_millis(1))).await;
            }
        } else if left < Duration::from_secs(1) {
            time.pass(left / 2).await;
        }
        everybody_sees(&second, time, deadline, &value).await
    })
    .await
}

async fn everybody_sees(store: &StoreHandle, time: &Time, deadline: Deadline, value: &Bytes) -> Result<(), Failure> {
    let (got, during) = time.measure(store.get(KEY)).await;
    if deadline.presence(during) == Presence::Present {
        ensure_eq!(got?.as_ref(), Some(value), "get before the expiry");
    }
    let (exists, during) = time.measure(store.exists(KEY)).await;
    if deadline.presence(during) == Presence::Present {
        ensure_eq!(exists?, true, "exists before the expiry");
    }
    let (left, during) = time.measure(store.ttl(KEY)).await;
    if deadline.presence(during) == Presence::Present {
        ensure!(left?.is_some(), "ttl missed the entry before its expiry");
    }
    if store.capabilities().listing != Listing::None {
        let (listed, during) = time.measure(walk_set(store, Reach::Namespace, 10)).await;
        if deadline.presence(during) == Presence::Present {
            ensure_eq!(listed?.len(), 1, "how many keys are listed before the expiry");
        }
    }
    let (outcome, during) = time.measure(store.set(KEY, "other").if_absent()).await;
    if deadline.presence(during) == Presence::Present {
        ensure_eq!(outcome?, SetOutcome::Refused, "if_absent before the expiry");
    } else if outcome?.is_stored() {
        store.delete(KEY).await?;
    }
    Ok(())
}

async fn ttl_has_three_answers(context: &Context) -> CheckResult {
    let ttls = prop_oneof![1 => Just(Ttl::MIN), 3 => short_ttls(&context.time), 2 => long_ttls()];
    for_all(context, ttls, async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, time) = (scope.store()?, scope.time());
        ensure_eq!(store.ttl(KEY).await?, None, "the lifetime of nothing");
        store.set(KEY, "x").never_expires().await?;
        ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "the lifetime of what never expires");
        let (done, during) = time.measure(store.set(KEY, "x").expiry(ttl)).await;
        done?;
        let deadline = time.deadline(Lifetime::In(ttl), during);
        // To the very end it "remains", and never turns into "never" or an error.
        loop {
            let (left, during) = time.measure(store.ttl(KEY)).await;
            let Some(left) = left? else {
                ensure!(deadline.presence(during) != Presence::Present, "missed an entry that is there");
                return Ok(());
            };
            ensure!(deadline.presence(during) != Presence::Absent, "saw {left:?} left of an entry that is gone");
            deadline.check_remaining(left, during)?;
            let Remaining::In(left) = left else { return Err(Failure::new("an expiring entry became lasting")) };
            if left > Duration::from_secs(40) {
                return Ok(());
            }
            time.pass((left / 2).max(Duration::from_micros(300))).await;
        }
    })
    .await
}

async fn expire_reports_existence(context: &Context) -> CheckResult {
    let before = prop_oneof![Just(Expiry::Never), long_ttls().prop_map(Expiry::In)];
    let inputs = (values(), before, long_ttls());
    for_all(context, inputs, async |scope: &Scope<'_>, (value, before, ttl): (Bytes, Expiry, Ttl)| {
        let (store, time) = (scope.store()?, scope.time());
        ensure_eq!(store.expire(KEY, ttl).await?, false, "expire of nothing");
        ensure_eq!(store.expire(KEY, Expiry::Never).await?, false, "expire of nothing to never");
        ensure_eq!(store.exists(KEY).await?, false, "exists after expire of nothing");

        store.set(KEY, value.clone()).expiry(before).await?;
        let at = time.timestamp_in(ttl.as_duration());
        let changes = [
            (Expiry::In(ttl), Lifetime::In(ttl)),
            (Expiry::At(at), Lifetime::At(at)),
            (Expiry::Never, Lifetime::Never),
        ];
        for (expiry, lifetime) in changes {
            let (existed, during) = time.measure(store.expire(KEY, expiry)).await;
            ensure_eq!(existed?, true, "expire of an entry to {expiry:?}");
            let entry = store.get(KEY).with_expiry().await?;
            let Some(entry) = entry else { return Err(Failure::new("expire removed the entry")) };
            ensure_eq!(entry.value, value, "the value after expire");
            time.check_expires_at(time.deadline(lifetime, during), entry.expires_at)?;
        }

        let kept = store.get(KEY).with_expiry().await?;
        refused_with(store.expire(KEY, Expiry::Keep).await, ErrorKind::InvalidArgument, "expire to what it has")?;
        ensure_eq!(store.get(KEY).with_expiry().await?, kept, "the entry after a refused expire");
        ensure_eq!(store.expire(KEY, Expiry::At(Timestamp::EPOCH)).await?, true, "expire to a past time");
        ensure_eq!(store.get(KEY).await?, None, "the entry after an expire to a past time");
        ensure_eq!(store.expire(KEY, ttl).await?, false, "expire of what an expire removed");
        Ok(())
    })
    .await?;
    again_and_again(context, expire_leaves_what_others_write).await
}

/// One writer changes the value while another handle changes the expiry, which must not bring the old value back.
async fn expire_leaves_what_others_write(scope: &Scope<'_>) -> Result<(), Failure> {
    const CHANGES: usize = 10;

    let (writer, other) = (scope.store()?, scope.second_store()?);
    writer.set(KEY, "before").expiry(Ttl::MAX).await?;
    let write = |rounds: Rounds| async move {
        for change in rounds {
            let value = Bytes::from(change.to_string());
            writer.set(KEY, value.clone()).expiry(Ttl::MAX).await?;
            yield_now().await;
            ensure_eq!(writer.get(KEY).await?, Some(value), "the value while another handle calls expire");
        }
        Ok(())
    };
    let expire = move || -> BoxFuture<'static, Result<(), Failure>> {
        let other = other.clone();
        Box::pin(async move {
            ensure_eq!(other.expire(KEY, Expiry::Never).await?, true, "expire of an entry that is only ever replaced");
            Ok(())
        })
    };
    look_on(CHANGES, write, [Box::new(expire) as Look]).await
}
