//! Reading can prolong or shorten the life of an entry that expires, and of no other.

use std::time::Duration;

use futures_util::future::BoxFuture;
use proptest::prelude::prop_oneof;
use store_core::{Bytes, Lifetime, Remaining, StoreExt, Ttl};
use tokio::task::yield_now;

use crate::cases::{again_and_again, for_all};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::race::{Look, Rounds, look_on};
use crate::registry::{Family, check};
use crate::strategy::{long_ttls, short_ttls, values};
use crate::time::Presence;

pub(crate) const FAMILY: Family = Family { name: "renewal", checks: &[check!(renew_only_if_expiring, Renewal)] };

const KEY: &str = "k";
const DAY: Duration = Duration::from_secs(24 * 3600);

async fn renew_only_if_expiring(context: &Context) -> CheckResult {
    let ttls = prop_oneof![2 => short_ttls(&context.time), 1 => long_ttls()];
    let inputs = (values(), ttls.clone(), ttls);
    for_all(context, inputs, async |scope: &Scope<'_>, (value, first, renewed): (Bytes, Ttl, Ttl)| {
        renews_to(scope, &value, first, renewed).await?;
        prolongs_the_last_moments(scope, &value).await?;
        leaves_the_lasting_alone(scope, &value, renewed).await
    })
    .await?;
    again_and_again(context, renews_what_it_read).await
}

async fn renews_to(scope: &Scope<'_>, value: &Bytes, first: Ttl, renewed: Ttl) -> Result<(), Failure> {
    let (store, time) = (scope.store()?, scope.time());
    let (done, during) = time.measure(store.set(KEY, value.clone()).expiry(first)).await;
    done?;
    let deadline = time.deadline(Lifetime::In(first), during);
    let (entry, during) = time.measure(store.get(KEY).renew(renewed.as_duration()).with_expiry()).await;
    let Some(entry) = entry? else {
        ensure!(deadline.presence(during) != Presence::Present, "renewal missed an entry that is there");
        return Ok(());
    };
    ensure_eq!(&entry.value, value, "the value read with renewal");
    let deadline = time.deadline(Lifetime::In(renewed), during);
    time.check_expires_at(deadline, entry.expires_at)?;
    let (left, during) = time.measure(scope.second_store()?.ttl(KEY)).await;
    match left? {
        Some(left) => deadline.check_remaining(left, during),
        None => {
            ensure!(deadline.presence(during) != Presence::Present, "missed a renewed entry that is there");
            Ok(())
        }
    }
}

/// Renewal by a day when next to nothing is left.
async fn prolongs_the_last_moments(scope: &Scope<'_>, value: &Bytes) -> Result<(), Failure> {
    const LIFETIME: Duration = Duration::from_millis(40);
    let (store, time) = (scope.store()?, scope.time());
    let (done, during) = time.measure(store.set(KEY, value.clone()).ttl(LIFETIME)).await;
    done?;
    let deadline = time.deadline(Lifetime::In(Ttl::new(LIFETIME)?), during);
    let last = if time.is_manual() { Duration::from_millis(1) } else { Duration::from_millis(15) };
    time.pass(deadline.low.since(time.now()).saturating_sub(last)).await;
    let (found, renewed_during) = time.measure(store.get(KEY).renew(DAY)).await;
    if found?.is_none() {
        ensure!(deadline.presence(renewed_during) != Presence::Present, "renewal missed an entry that is there");
        return Ok(());
    }
    time.pass_until(deadline.high).await;
    let (left, during) = time.measure(store.ttl(KEY)).await;
    let Some(left) = left? else { return Err(Failure::new("an entry renewed by a day ended with its old lifetime")) };
    time.deadline(Lifetime::In(Ttl::new(DAY)?), renewed_during).check_remaining(left, during)
}

async fn leaves_the_lasting_alone(scope: &Scope<'_>, value: &Bytes, ttl: Ttl) -> Result<(), Failure> {
    let store = scope.store()?;
    store.set(KEY, value.clone()).never_expires().await?;
    ensure_eq!(store.get(KEY).renew(ttl.as_duration()).await?.as_ref(), Some(value), "the value read with renewal");
    ensure_eq!(store.ttl(KEY).await?, Some(Remaining::Never), "the lifetime of a lasting entry after renewal");
    ensure_eq!(store.get("none").renew(ttl.as_duration()).await?, None, "renewal of nothing");
    ensure_eq!(store.exists("none").await?, false, "exists after renewal of nothing");
    Ok(())
}

/// One writer changes between an entry that expires and one that never does, while another handle renews. What was read
/// before the change must not be renewed after it.
async fn renews_what_it_read(scope: &Scope<'_>) -> Result<(), Failure> {
    const CHANGES: usize = 40;

    let (writer, reader) = (scope.store()?, scope.second_store()?);
    writer.set(KEY, "passing").expiry(Ttl::MAX).await?;
    let write = |rounds: Rounds| async move {
        for _ in rounds {
            writer.set(KEY, "passing").expiry(Ttl::MAX).await?;
            yield_now().await;
            writer.set(KEY, "lasting").never_expires().await?;
            yield_now().await;
            ensure_eq!(writer.ttl(KEY).await?, Some(Remaining::Never), "the lifetime of what was set to last");
        }
        Ok(())
    };
    let renew = move || -> BoxFuture<'static, Result<(), Failure>> {
        let reader = reader.clone();
        Box::pin(async move {
            ensure!(reader.get(KEY).renew(DAY).await?.is_some(), "renewal missed an entry that is only ever replaced");
            Ok(())
        })
    };
    look_on(CHANGES, write, [Box::new(renew) as Look]).await
}
