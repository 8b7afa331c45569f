//! Owners who want the same lock at the same time.

use store_core::{Address, Error, Key, LockExt, LockOptions, LockOwner, Namespace, Store, StoreExt, Ttl};
use tokio::task::yield_now;

use super::{Guard, LONG, NAME, is_held_against};
use crate::cases::{again_and_again, once};
use crate::checks::diary::{Diary, judge};
use crate::choices::Choices;
use crate::context::{Context, Scope, StoreHandle};
use crate::failure::{CheckResult, Failure, ensure_eq};
use crate::history::{History, LockAnswer, LockOp, Watch};
use crate::race::{at_once, contend};

pub(super) async fn lock_has_one_holder(context: &Context) -> CheckResult {
    const CALLERS: usize = 4;

    again_and_again(context, async |scope: &Scope<'_>| {
        let handles = [scope.store()?, scope.second_store()?];
        let attempt = |store: StoreHandle, name: String, _caller| async move { store.try_lock(&name, LONG).await };
        for (name, answers) in contend(CALLERS, &handles, attempt).await? {
            let holders: Vec<Guard> = answers.into_iter().flatten().collect();
            ensure_eq!(holders.len(), 1, "how many of {CALLERS} acquired the lock");
            is_held_against(&handles[1], &name, "that was contended for").await?;
            for holder in holders {
                ensure_eq!(holder.release().await?, true, "release by the holder");
            }
        }
        Ok(())
    })
    .await?;
    again_and_again(context, holders_are_explained).await?;
    once(context, one_after_another).await
}

/// Owners who acquire, extend and release at random, and as fast as they can: some order explains what they are told, with
/// one holder at a time and a larger token for each.
async fn holders_are_explained(scope: &Scope<'_>) -> Result<(), Failure> {
    const OWNERS: usize = 4;
    const ACTIONS: usize = 40;

    let (handles, watch) = ([scope.store()?, scope.second_store()?], Watch::start());
    let owners: Vec<_> = (0..OWNERS).map(|_| LockOwner::random()).collect();
    let callers = owners.iter().zip(0..).zip(handles.iter().cycle()).map(|((&owner, number), store)| {
        let [mut choices, drops] = ["", " drops"].map(|what| Choices::named(scope.seed, &format!("{number}{what}")));
        let mut diary = Diary::new(number, watch, drops);
        let store = store.clone();
        async move {
            for _ in 0..ACTIONS {
                let operation = choose(&mut choices, number);
                diary.note(operation, carry_out(&store, owner, operation)).await?;
            }
            Ok::<_, Error>(diary.into_calls())
        }
    });
    let calls = at_once(callers).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    // The lock is held no longer than the case takes.
    for (owner, number) in owners.into_iter().zip(0..) {
        carry_out(&handles[0], owner, LockOp::Release { owner: number }).await?;
    }
    judge(&calls.into_iter().flatten().collect::<History<_>>())
}

/// Attempts and releases in turn, most of the time, so that the lock changes hands as often as possible.
fn choose(choices: &mut Choices, owner: usize) -> LockOp {
    match choices.below(20) {
        0..9 => LockOp::Acquire { owner },
        9..17 => LockOp::Release { owner },
        17 | 18 => LockOp::IsHeld { owner },
        _ => LockOp::Extend { owner },
    }
}

async fn carry_out(store: &StoreHandle, owner: LockOwner, operation: LockOp) -> Result<LockAnswer, Error> {
    let at = Address { namespace: &Namespace::EMPTY, key: Key::new(NAME)? };
    let ttl = Ttl::new(LONG)?;
    Ok(match operation {
        LockOp::Acquire { .. } => {
            let token = store.acquire_lock(at, owner, LockOptions::new(ttl)).await?;
            LockAnswer::Token(token.map(|token| token.get()))
        }
        LockOp::Extend { .. } => LockAnswer::Held(store.extend_lock(at, owner, ttl).await?),
        LockOp::IsHeld { .. } => LockAnswer::Held(store.lock_is_held(at, owner).await?),
        LockOp::Release { .. } => LockAnswer::Held(store.release_lock(at, owner).await?),
    })
}

/// What is read and written under a lock loses no step, though reading and writing are two calls.
async fn one_after_another(scope: &Scope<'_>) -> Result<(), Failure> {
    const CALLERS: usize = 4;
    const STEPS: usize = 4;

    let handles = [scope.store()?, scope.second_store()?];
    let callers = handles.iter().cycle().take(CALLERS).map(|store| {
        let store = store.clone();
        async move {
            for _ in 0..STEPS {
                let guard = store.lock(NAME, LONG).wait(LONG).await?;
                let guard =
                    guard.ok_or_else(|| Failure::new("the wait for a lock that is soon free came to nothing"))?;
                let steps = store.get("steps").await?.map_or(0, |steps| steps.len());
                yield_now().await;
                store.set("steps", "x".repeat(steps + 1)).await?;
                ensure_eq!(guard.release().await?, true, "release by the holder");
            }
            Ok(())
        }
    });
    at_once(callers).await?.into_iter().collect::<Result<(), Failure>>()?;
    let steps = handles[0].get("steps").await?.map_or(0, |steps| steps.len());
    ensure_eq!(steps, CALLERS * STEPS, "how many of the steps under a lock were taken");
    Ok(())
}
