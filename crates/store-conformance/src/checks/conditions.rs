//! Writes that take place only where the entry is as expected.

use proptest::prelude::{Just, Strategy, prop_oneof};
use store_core::{Bytes, Entry, Expiry, Lifetime, SetOutcome, StoreExt, Ttl};

use crate::cases::{again_and_again, for_all};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq};
use crate::race::{CONTENDERS, at_once, contend, contended_keys};
use crate::registry::{Family, check};
use crate::strategy::{keys, long_ttls, short_ttls, values};

pub(crate) const FAMILY: Family = Family {
    name: "conditions",
    checks: &[
        check!(set_if_absent_has_one_winner, Nothing),
        check!(set_if_present, Nothing),
        check!(set_if_value, ValueConditions),
        check!(refused_condition_changes_nothing, Nothing),
        check!(update_loses_no_write, ValueConditions),
    ],
};

const KEY: &str = "k";

async fn set_if_absent_has_one_winner(context: &Context) -> CheckResult {
    let inputs = (keys(context.capabilities().max_key_bytes), values(), short_ttls(&context.time));
    for_all(context, inputs, async |scope: &Scope<'_>, (key, value, ttl): (String, Bytes, Ttl)| {
        let (store, time) = (scope.store()?, scope.time());
        let (outcome, during) = time.measure(store.set(&key, value.clone()).if_absent().expiry(ttl)).await;
        ensure_eq!(outcome?, SetOutcome::Stored, "if_absent over nothing");
        time.pass_until(time.deadline(Lifetime::In(ttl), during).high).await;
        ensure_eq!(
            store.set(&key, value.clone()).if_absent().await?,
            SetOutcome::Stored,
            "if_absent over an expired entry"
        );
        ensure_eq!(store.set(&key, "other").if_absent().await?, SetOutcome::Refused, "if_absent over an entry");
        ensure_eq!(store.get(&key).await?, Some(value), "the value of the first");
        Ok(())
    })
    .await?;
    again_and_again(context, one_of_many_wins).await
}

/// Each contender asks for a lifetime of its own, so the entry tells whose value and whose expiry it has.
async fn one_of_many_wins(scope: &Scope<'_>) -> Result<(), Failure> {
    fn lifetime(contender: usize) -> Ttl {
        Ttl::from_millis(3_600_000 * (contender as u64 + 1)).unwrap_or(Ttl::MAX)
    }

    let handles = [scope.store()?, scope.second_store()?];
    let began = scope.time().now();
    let write = async |handle: StoreHandle, key: String, contender: usize| {
        handle.set(&key, contender.to_string()).if_absent().expiry(lifetime(contender)).await
    };
    let outcomes = contend(CONTENDERS, &handles, write).await?;
    let during = crate::time::Span { sent: began, acked: scope.time().now() };
    for (key, outcomes) in outcomes {
        let winners: Vec<usize> = (0..CONTENDERS).filter(|&contender| outcomes[contender].is_stored()).collect();
        let [winner] = winners[..] else {
            return Err(Failure::new(format!("of {CONTENDERS} concurrent if_absent writers {winners:?} were stored")));
        };
        let Some(entry) = handles[1].get(&key).with_expiry().await? else {
            return Err(Failure::new("nothing is there after a stored if_absent"));
        };
        ensure_eq!(entry.value, Bytes::from(winner.to_string()), "the value after the race");
        scope
            .time()
            .check_expires_at(scope.time().deadline(Lifetime::In(lifetime(winner)), during), entry.expires_at)?;
    }
    Ok(())
}

async fn set_if_present(context: &Context) -> CheckResult {
    let inputs = (keys(context.capabilities().max_key_bytes), values(), long_ttls());
    for_all(context, inputs, async |scope: &Scope<'_>, (key, value, ttl): (String, Bytes, Ttl)| {
        let (store, time) = (scope.store()?, scope.time());
        ensure_eq!(store.set(&key, value.clone()).if_present().await?, SetOutcome::Refused, "if_present over nothing");
        ensure_eq!(store.exists(&key).await?, false, "exists after a refused if_present");
        store.set(&key, "before").never_expires().await?;
        let (outcome, during) = time.measure(store.set(&key, value.clone()).if_present().expiry(ttl)).await;
        ensure_eq!(outcome?, SetOutcome::Stored, "if_present over an entry");
        let Some(entry) = store.get(&key).with_expiry().await? else {
            return Err(Failure::new("if_present removed the entry"));
        };
        ensure_eq!(entry.value, value, "the value after if_present");
        time.check_expires_at(time.deadline(Lifetime::In(ttl), during), entry.expires_at)
    })
    .await
}

async fn set_if_value(context: &Context) -> CheckResult {
    for_all(context, (values(), values(), long_ttls()), async |scope: &Scope<'_>, inputs: (Bytes, Bytes, Ttl)| {
        let (store, time) = (scope.store()?, scope.time());
        let (stored, other, ttl) = inputs;
        let refused = store.set(KEY, "x").if_value(stored.clone()).await?;
        ensure_eq!(refused, SetOutcome::Refused, "if_value over nothing");
        ensure_eq!(store.exists(KEY).await?, false, "exists after a refused if_value");
        store.set(KEY, stored.clone()).never_expires().await?;
        if other != stored {
            ensure_eq!(store.set(KEY, "x").if_value(other).await?, SetOutcome::Refused, "if_value over other bytes");
        }
        let longer = [&stored[..], b"\0"].concat();
        ensure_eq!(store.set(KEY, "x").if_value(longer).await?, SetOutcome::Refused, "if_value with one byte more");
        let (outcome, during) = time.measure(store.set(KEY, "after").if_value(stored).expiry(ttl)).await;
        ensure_eq!(outcome?, SetOutcome::Stored, "if_value over exactly these bytes");
        let Some(entry) = store.get(KEY).with_expiry().await? else {
            return Err(Failure::new("if_value removed the entry"));
        };
        ensure_eq!(entry.value.as_ref(), b"after", "the value after if_value");
        time.check_expires_at(time.deadline(Lifetime::In(ttl), during), entry.expires_at)
    })
    .await?;
    again_and_again(context, async |scope: &Scope<'_>| {
        let handles = [scope.store()?, scope.second_store()?];
        for key in contended_keys() {
            handles[0].set(&key, "before").await?;
        }
        let write = async |handle: StoreHandle, key: String, contender: usize| {
            handle.set(&key, contender.to_string()).if_value("before").await
        };
        for outcomes in contend(CONTENDERS, &handles, write).await?.values() {
            let stored = outcomes.iter().filter(|outcome| outcome.is_stored()).count();
            ensure_eq!(stored, 1, "how many of {CONTENDERS} concurrent if_value writers were stored");
        }
        Ok(())
    })
    .await
}

async fn refused_condition_changes_nothing(context: &Context) -> CheckResult {
    let value_conditions = context.capabilities().value_conditions.is_supported();
    let before = prop_oneof![Just(Expiry::Never), long_ttls().prop_map(Expiry::In)];
    let inputs = (values(), before, long_ttls());
    for_all(context, inputs, async |scope: &Scope<'_>, (value, before, ttl): (Bytes, Expiry, Ttl)| {
        let store = scope.store()?;
        store.set(KEY, value.clone()).expiry(before).await?;
        let entry = store.get(KEY).with_expiry().await?;
        ensure!(entry.is_some(), "missed an entry that is there");
        let unchanged = async |what: &str| -> Result<(), Failure> {
            let seen: Option<Entry> = store.get(KEY).with_expiry().await?;
            ensure_eq!(seen, entry, "the entry after {what}");
            ensure_eq!(seen.map(|seen| seen.value), Some(value.clone()), "the value after {what}");
            Ok(())
        };
        for expiry in [Expiry::In(ttl), Expiry::Never, Expiry::Keep, Expiry::Default] {
            ensure_eq!(store.set(KEY, "x").if_absent().expiry(expiry).await?, SetOutcome::Refused, "if_absent");
            unchanged("a refused if_absent").await?;
            if value_conditions {
                let other = [&value[..], b"x"].concat();
                let outcome = store.set(KEY, "x").if_value(other.clone()).expiry(expiry).await?;
                ensure_eq!(outcome, SetOutcome::Refused, "if_value over other bytes");
                unchanged("a refused if_value").await?;
                ensure_eq!(store.delete(KEY).if_value(other).await?, false, "delete if_value over other bytes");
                unchanged("a refused delete").await?;
            }
            ensure_eq!(store.set("none", "x").if_present().expiry(expiry).await?, SetOutcome::Refused, "if_present");
            ensure_eq!(store.exists("none").await?, false, "exists after a refused if_present");
        }
        Ok(())
    })
    .await
}

async fn update_loses_no_write(context: &Context) -> CheckResult {
    const UPDATES: u64 = 3;
    const UPDATERS: u64 = 6;

    again_and_again(context, async |scope: &Scope<'_>| {
        let handles = [scope.store()?, scope.second_store()?];
        handles[0].set(KEY, "0").expiry(Ttl::MAX).await?;
        let before = handles[0].ttl(KEY).await?;
        let updaters = (0..UPDATERS).zip(handles.iter().cycle()).map(|(_, handle)| {
            let handle = handle.clone();
            async move {
                for _ in 0..UPDATES {
                    handle.update(KEY, |value| Some(plus_one(value))).await?;
                }
                Ok::<_, store_core::Error>(())
            }
        });
        at_once(updaters).await?.into_iter().collect::<Result<(), _>>()?;
        let sum = Bytes::from((UPDATES * UPDATERS).to_string());
        ensure_eq!(handles[1].get(KEY).await?, Some(sum), "the number of concurrent updates");
        ensure!(matches!(before, Some(store_core::Remaining::In(_))), "saw {before:?} left of an expiring entry");
        let after = handles[0].ttl(KEY).await?;
        ensure!(matches!(after, Some(store_core::Remaining::In(_))), "update made an expiring entry last: {after:?}");
        ensure_eq!(handles[0].update(KEY, |_| None).await?, None, "an update that removes");
        ensure_eq!(handles[1].exists(KEY).await?, false, "exists after an update that removes");
        Ok(())
    })
    .await
}

fn plus_one(value: Option<Bytes>) -> Bytes {
    let number: u64 = value.and_then(|value| std::str::from_utf8(&value).ok()?.parse().ok()).unwrap_or_default();
    Bytes::from((number + 1).to_string())
}
