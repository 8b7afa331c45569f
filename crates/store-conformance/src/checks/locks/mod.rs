//! Locks: one holder at a time, who alone extends and releases, with tokens that only grow.

mod races;

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{self, join};
use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::sample::select;
use store_core::{
    Address, FencingToken, Key, Lifetime, Listing, LockExt, LockGuard, LockOwner, Namespace, SetOutcome, Store,
    StoreExt, Ttl,
};
use tokio::task::yield_now;

use crate::cases::{for_all, once};
use crate::checks::cancellation::{MAX_POLLS, drop_after};
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, Verdict, ensure, ensure_eq};
use crate::registry::{Family, check};
use crate::strategy::short_ttls;
use crate::time::{Deadline, Presence, Span, Time};
use crate::walk::{Reach, walk_set};
use races::lock_has_one_holder;

pub(crate) const FAMILY: Family = Family {
    name: "locks",
    checks: &[
        check!(lock_has_one_holder, Locks),
        check!(lock_expires, Locks),
        check!(lock_is_its_owners, Locks),
        check!(extend_sets_what_remains, Locks),
        check!(fencing_tokens_grow, Locks),
        check!(owners_reacquire, Locks),
        check!(dropped_lock_calls_keep_the_owner, Locks),
        check!(locks_are_not_entries, Locks),
        check!(waiting_ends, Locks),
    ],
};

const NAME: &str = "lock";

/// Longer than any case takes, and short enough that a lock which a failing case leaves behind goes soon.
const LONG: Duration = Duration::from_secs(120);

/// Far shorter than that.
fn ttls(time: &Time) -> impl Strategy<Value = Ttl> + Clone + use<> {
    const MOST: Ttl = Ttl::from_millis(5000).expect("within the bounds of a lifetime");

    short_ttls(time).prop_map(|ttl| ttl.min(MOST))
}

type Guard = LockGuard<StoreHandle>;

/// Acquires a lock that has to be free.
async fn acquire(store: &StoreHandle, name: &str, ttl: impl Into<Duration>) -> Result<Guard, Failure> {
    store.try_lock(name, ttl.into()).await?.ok_or_else(|| Failure::new(format!("the lock {name:?} is not free")))
}

/// Acquires a lock that has to be free, and tells when it expires.
async fn acquire_until(store: &StoreHandle, name: &str, ttl: Ttl, time: &Time) -> Result<(Guard, Deadline), Failure> {
    let (guard, during) = time.measure(acquire(store, name, ttl.as_duration())).await;
    Ok((guard?, time.deadline(Lifetime::In(ttl), during)))
}

/// Fails if the lock is free for others.
async fn is_held_against(other: &StoreHandle, name: &str, when: &str) -> Result<(), Failure> {
    ensure!(other.try_lock(name, LONG).await?.is_none(), "a second owner acquired a lock {when}");
    Ok(())
}

/// Fails unless the lock is free for others, and leaves it so.
async fn is_free_for(other: &StoreHandle, name: &str) -> Result<(), Failure> {
    ensure_eq!(acquire(other, name, LONG).await?.release().await?, true, "release by the holder");
    Ok(())
}

async fn lock_expires(context: &Context) -> CheckResult {
    const LOOKS: [&str; 4] = ["is_held", "extend", "release", "try_lock"];

    for_all(context, ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, other, time) = (scope.store()?, scope.second_store()?, scope.time());
        let mut held = Vec::new();
        for look in LOOKS {
            held.push((look, acquire_until(&store, look, ttl, time).await?));
        }
        for (name, (guard, deadline)) in &held {
            let (answer, during) = time.measure(guard.is_held()).await;
            if deadline.presence(during) == Presence::Present {
                ensure_eq!(answer?, true, "is_held before the expiry of the lock");
            }
            let attempt = other.try_lock(name, LONG).into_future();
            let (answer, during) = time.measure(attempt).await;
            match answer? {
                Some(_) if deadline.presence(during) == Presence::Present => {
                    return Err(Failure::new("a second owner acquired a lock before its expiry"));
                }
                Some(guard) => drop(guard.release().await?),
                None => {}
            }
        }
        for (look, (guard, deadline)) in held {
            time.pass_until(deadline.high).await;
            // Each is the first look at its lock after the expiry.
            match look {
                "is_held" => ensure_eq!(guard.is_held().await?, false, "is_held after the expiry of the lock"),
                "extend" => ensure_eq!(guard.extend(LONG).await?, false, "extend after the expiry of the lock"),
                "release" => ensure_eq!(guard.release().await?, false, "release after the expiry of the lock"),
                _ => {}
            }
            is_free_for(&other, look).await?;
        }
        Ok(())
    })
    .await
}

/// Extends or releases as an owner who holds nothing.
struct Stranger<'a> {
    store: &'a StoreHandle,
    owner: LockOwner,
}

impl<'a> Stranger<'a> {
    fn to(store: &'a StoreHandle) -> Self {
        Self { store, owner: LockOwner::random() }
    }

    /// Fails unless everything that only a holder can do is answered with false.
    async fn is_sent_away(&self) -> Result<(), Failure> {
        let at = Address { namespace: &Namespace::EMPTY, key: Key::new(NAME)? };
        ensure_eq!(self.store.lock_is_held(at, self.owner).await?, false, "is_held of a stranger");
        ensure_eq!(self.store.extend_lock(at, self.owner, Ttl::MIN).await?, false, "extend by a stranger");
        ensure_eq!(self.store.release_lock(at, self.owner).await?, false, "release by a stranger");
        Ok(())
    }
}

async fn lock_is_its_owners(context: &Context) -> CheckResult {
    for_all(context, ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, other, time) = (scope.store()?, scope.second_store()?, scope.time());
        Stranger::to(&other).is_sent_away().await?;
        is_free_for(&other, NAME).await?;

        let (former, deadline) = acquire_until(&store, NAME, ttl, time).await?;
        Stranger::to(&other).is_sent_away().await?;
        let (held, during) = time.measure(former.is_held()).await;
        if deadline.presence(during) == Presence::Present {
            ensure_eq!(held?, true, "is_held by the holder after a stranger came by");
        }

        time.pass_until(deadline.high).await;
        let holder = acquire(&other, NAME, LONG).await?;
        ensure_eq!(former.extend(Ttl::MIN).await?, false, "extend by the holder before");
        ensure_eq!(former.release().await?, false, "release by the holder before");
        // A lifetime that a stranger had set would be over by now.
        time.pass(Duration::from_millis(3)).await;
        ensure_eq!(holder.is_held().await?, true, "is_held by the holder after strangers came by");
        is_held_against(&store, NAME, "after strangers came by").await?;
        ensure_eq!(holder.release().await?, true, "release by the holder");
        Ok(())
    })
    .await
}

async fn extend_sets_what_remains(context: &Context) -> CheckResult {
    for_all(context, ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, other, time) = (scope.store()?, scope.second_store()?, scope.time());
        let long = Ttl::new(LONG)?;
        let guard = acquire(&store, NAME, LONG).await?;
        // Shorter.
        let (extended, during) = time.measure(guard.extend(ttl)).await;
        ensure_eq!(extended?, true, "extend by the holder");
        let deadline = time.deadline(Lifetime::In(ttl), during);
        let (held, during) = time.measure(guard.is_held()).await;
        if deadline.presence(during) == Presence::Present {
            ensure_eq!(held?, true, "is_held before the shorter lifetime is over");
        }
        time.pass_until(deadline.high).await;
        // Too late.
        ensure_eq!(guard.extend(LONG).await?, false, "extend after the shorter lifetime");
        is_free_for(&other, NAME).await?;
        // Longer: from the lifetime of this call on, not from what was left.
        let (guard, deadline) = acquire_until(&store, NAME, ttl, time).await?;
        let (extended, during) = time.measure(guard.extend(long)).await;
        if deadline.presence(during) == Presence::Present {
            ensure_eq!(extended.clone()?, true, "extend before the expiry");
        }
        if extended? {
            time.pass_until(deadline.high).await;
            ensure_eq!(guard.is_held().await?, true, "is_held once the shorter lifetime is over");
            ensure_eq!(guard.extend(ttl).await?, true, "extend by the holder");
            let (extended, during) = time.measure(guard.extend(ttl)).await;
            if extended? {
                time.pass_until(time.deadline(Lifetime::In(ttl), during).high).await;
                ensure_eq!(guard.is_held().await?, false, "is_held after the lifetime that was set last");
            }
        }
        // Given back.
        let guard = acquire(&store, NAME, LONG).await?;
        ensure_eq!(guard.release().await?, true, "release by the holder");
        ensure_eq!(guard.extend(LONG).await?, false, "extend after the release");
        is_free_for(&other, NAME).await
    })
    .await
}

/// How a holder goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Release,
    Expiry,
    /// After which the namespace is emptied as well.
    ReleaseAndClear,
}

async fn fencing_tokens_grow(context: &Context) -> CheckResult {
    let holds = (
        select(&["a", "b"][..]),
        select(&[0usize, 1][..]),
        select(&[End::Release, End::Expiry, End::ReleaseAndClear][..]),
    );
    for_all(context, vec(holds, 2..8), async |scope: &Scope<'_>, holds: Vec<(&str, usize, End)>| {
        let (handles, time) = ([scope.store()?, scope.second_store()?], scope.time());
        let mut largest = BTreeMap::<&str, FencingToken>::new();
        for (name, handle, end) in holds {
            let store = &handles[handle];
            let ttl = Ttl::new(if end == End::Expiry { Duration::from_millis(2) } else { LONG })?;
            let (guard, deadline) = acquire_until(store, name, ttl, time).await?;
            let (token, before) = (guard.fencing_token(), largest.insert(name, guard.fencing_token()));
            ensure!(before < Some(token), "a holder got the token {token} after one with {before:?}");
            match end {
                End::Expiry => time.pass_until(deadline.high).await,
                End::Release | End::ReleaseAndClear => {
                    ensure_eq!(guard.release().await?, true, "release by the holder");
                }
            }
            if end == End::ReleaseAndClear && store.capabilities().listing != Listing::None {
                store.clear().await?;
            }
        }
        Ok(())
    })
    .await
}

async fn owners_reacquire(context: &Context) -> CheckResult {
    for_all(context, ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, other, time) = (scope.store()?, scope.second_store()?, scope.time());
        let owner = LockOwner::random();
        let first = store.try_lock(NAME, LONG).with_owner(owner).await?;
        let first = first.ok_or_else(|| Failure::new("the lock is not free"))?;
        ensure_eq!(first.owner(), owner, "the owner of the guard");
        let (again, during) = time.measure(other.try_lock(NAME, ttl).with_owner(owner)).await;
        let again = again?.ok_or_else(|| Failure::new("an owner was refused what it holds"))?;
        ensure_eq!(again.fencing_token(), first.fencing_token(), "the token of an owner that acquires again");
        let deadline = time.deadline(Lifetime::In(ttl), during);
        let (stranger, during) = time.measure(other.try_lock(NAME, ttl)).await;
        if deadline.presence(during) == Presence::Present {
            ensure!(stranger?.is_none(), "a second owner acquired a lock that was acquired again");
        }
        time.pass_until(time.deadline(Lifetime::In(ttl), during).high).await;
        ensure_eq!(first.is_held().await?, false, "is_held after the lifetime that was set last");

        let anew = store.try_lock(NAME, LONG).with_owner(owner).await?;
        let anew = anew.ok_or_else(|| Failure::new("the lock is not free after its expiry"))?;
        ensure!(anew.fencing_token() > first.fencing_token(), "an owner that lost its lock got the same token again");
        // An owner that waits for what it holds does not wait.
        let (waited, during) = time.measure(store.lock(NAME, LONG).wait(LONG).with_owner(owner)).await;
        ensure!(waited?.is_some(), "an owner waited for what it holds");
        ensure!(during.acked.since(during.sent) < LONG, "an owner waited for what it holds");
        ensure_eq!(first.release().await?, true, "release by any guard of the owner");
        ensure_eq!(anew.is_held().await?, false, "is_held after the release");
        Ok(())
    })
    .await
}

async fn dropped_lock_calls_keep_the_owner(context: &Context) -> CheckResult {
    for polls in 0..=MAX_POLLS {
        once(context, async |scope: &Scope<'_>| {
            let (store, other, owner) = (scope.store()?, scope.second_store()?, LockOwner::random());
            let attempt = || store.try_lock(NAME, LONG).with_owner(owner).into_future();
            let done = drop_after(polls, attempt()).await.transpose()?.flatten();
            let guard = attempt().await?.ok_or_else(|| Failure::new("a dropped attempt keeps its owner out"))?;
            if let Some(done) = done {
                ensure_eq!(guard.fencing_token(), done.fencing_token(), "the token of the repeated attempt");
            }
            is_held_against(&other, NAME, "after a dropped attempt").await?;

            drop_after(polls, guard.extend(LONG)).await.transpose()?;
            ensure_eq!(guard.extend(LONG).await?, true, "extend after one that was dropped");

            let waiter = LockOwner::random();
            let wait = || other.lock(NAME, LONG).wait(LONG).with_owner(waiter).into_future();
            // By turns, because a wait for what is held is polled no further.
            drop(future::select(wait(), pin!(for_turns(polls))).await);
            ensure_eq!(guard.is_held().await?, true, "is_held after a wait that was dropped");

            drop_after(polls, guard.release()).await.transpose()?;
            guard.release().await?;
            ensure_eq!(guard.is_held().await?, false, "is_held after a release that was dropped and repeated");
            let next = wait().await?.ok_or_else(|| Failure::new("a released lock was not to be had"))?;
            // The release that was dropped may come late, but it is not the new holder's.
            ensure_eq!(next.release().await?, true, "release by the new holder");
            Ok(())
        })
        .await
        .map_err(|failure| failure.in_context(format_args!("  calls dropped after {polls} polls")))?;
    }
    Ok(Verdict::Pass)
}

async fn for_turns(turns: usize) {
    for _ in 0..turns {
        yield_now().await;
    }
}

async fn locks_are_not_entries(context: &Context) -> CheckResult {
    once(context, async |scope: &Scope<'_>| {
        let (store, other) = (scope.store()?, scope.second_store()?);
        let guard = acquire(&store, NAME, LONG).await?;
        ensure_eq!(store.get(NAME).await?, None, "get of a lock");
        ensure_eq!(store.exists(NAME).await?, false, "exists of a lock");
        ensure_eq!(store.ttl(NAME).await?, None, "ttl of a lock");
        ensure_eq!(store.delete(NAME).await?, false, "delete of a lock");
        ensure_eq!(store.expire(NAME, Ttl::MIN).await?, false, "expire of a lock");
        if store.capabilities().take.is_supported() {
            ensure_eq!(store.take(NAME).await?, None, "take of a lock");
        }
        let listing = store.capabilities().listing != Listing::None;
        if listing {
            ensure_eq!(walk_set(&store, Reach::Subtree, 10).await?.len(), 0, "how many keys are listed beside a lock");
        }
        ensure_eq!(store.set(NAME, "x").if_absent().await?, SetOutcome::Stored, "if_absent beside a lock");
        ensure_eq!(store.get(NAME).await?.as_deref(), Some(&b"x"[..]), "an entry beside a lock");
        // Nor is a namespace in the way of a lock, or a lock in that of another namespace.
        let nested = store.namespace(NAME)?;
        let below = acquire(&nested, NAME, LONG).await?;
        is_free_for(&scope.neighbour()?.store()?, NAME).await?;
        if listing {
            ensure_eq!(store.clear().await?, 1, "how many entries were cleared beside two locks");
        }
        for (guard, store) in [(&guard, &other), (&below, &other.namespace(NAME)?)] {
            ensure_eq!(guard.is_held().await?, true, "is_held after all that happened to the entry of this name");
            is_held_against(store, NAME, "because of the entry of this name").await?;
        }
        ensure_eq!(guard.release().await?, true, "release by the holder");
        ensure_eq!(below.is_held().await?, true, "is_held after the release of another lock");
        ensure_eq!(below.release().await?, true, "release by the holder");

        store.set(NAME, "x").await?;
        is_free_for(&other, NAME).await?;
        ensure_eq!(store.get(NAME).await?.as_deref(), Some(&b"x"[..]), "the entry after a lock of its name");
        Ok(())
    })
    .await
}

async fn waiting_ends(context: &Context) -> CheckResult {
    const SHORT: Duration = Duration::from_millis(30);

    for_all(context, ttls(&context.time), async |scope: &Scope<'_>, ttl: Ttl| {
        let (store, other, time) = (scope.store()?, scope.second_store()?, scope.time());
        // With the wait.
        let guard = acquire(&store, NAME, LONG).await?;
        ensure!(other.lock(NAME, LONG).wait(Duration::ZERO).await?.is_none(), "no wait got a lock that is held");
        let waiting = time.measure(other.lock(NAME, LONG).wait(SHORT));
        let ((answer, during), ()) = join(waiting, time.pass(SHORT)).await;
        ensure!(answer?.is_none(), "a wait got a lock that is held");
        let waited = during.acked.since(during.sent);
        ensure!(waited + Duration::from_millis(1) >= SHORT, "a wait of {SHORT:?} was over after {waited:?}");
        // With a release.
        let release = async {
            yield_now().await;
            guard.release().await
        };
        let (answer, released) = join(other.lock(NAME, ttl).wait(LONG).into_future(), release).await;
        ensure_eq!(released?, true, "release by the holder while another waits");
        let Some(next) = answer? else {
            return Err(Failure::new("a wait came to nothing though the lock was released"));
        };
        ensure!(next.fencing_token() > guard.fencing_token(), "the next holder got no larger token");
        // With an expiry.
        let deadline = time.deadline(Lifetime::In(ttl), Span { sent: time.now(), acked: time.now() });
        let waiting = store.lock(NAME, LONG).wait(LONG).into_future();
        let (answer, ()) = join(waiting, time.pass_until(deadline.high)).await;
        let Some(last) = answer? else { return Err(Failure::new("a wait came to nothing though the lock expired")) };
        ensure_eq!(next.is_held().await?, false, "is_held after another got the lock");
        ensure_eq!(last.release().await?, true, "release by the holder");
        Ok(())
    })
    .await
}
