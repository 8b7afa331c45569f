//! Typed values: what does not decode harms nobody else, and neither does user code that panics.

use std::panic::resume_unwind;

use proptest::prelude::{Strategy, any};
use store_core::codec::Text;
use store_core::{Bytes, CodecError, Decode, Encode, ErrorKind, OnCorrupt, Outcome, Store, StoreExt, Ttl};

use crate::cases::{for_all, once};
use crate::context::{Context, Scope};
use crate::failure::{CheckResult, Failure, ensure, ensure_eq, refused_with};
use crate::race::at_once;
use crate::registry::{Family, check};
use crate::strategy::distinct_keys;

pub(crate) const FAMILY: Family = Family {
    name: "typed",
    checks: &[
        check!(corrupt_names_the_key, Nothing),
        check!(corrupt_can_be_a_miss, Nothing),
        check!(corrupt_spoils_no_other, Cache),
        check!(panics_stay_with_their_caller, Nothing),
    ],
};

/// Bytes that are no UTF-8 text.
fn no_text() -> impl Strategy<Value = Bytes> + Clone {
    proptest::collection::vec(any::<u8>(), 0..32).prop_map(|mut bytes| {
        bytes.push(0xff);
        Bytes::from(bytes)
    })
}

async fn corrupt_names_the_key(context: &Context) -> CheckResult {
    for_all(context, (distinct_keys(1), no_text()), async |scope: &Scope<'_>, (keys, bytes): (Vec<String>, Bytes)| {
        let (store, key) = (scope.store()?, &keys[0]);
        let typed = store.typed::<String, _>(Text);
        store.set(key, bytes.clone()).await?;
        for error in [
            refused_with(typed.get(key).await, ErrorKind::Corrupt, "a typed get")?,
            refused_with(store.get_as::<String, _>(key, Text).await, ErrorKind::Corrupt, "get_as")?,
        ] {
            ensure!(error.key().is_some(), "the error does not name the key: {error}");
            ensure_eq!(error.operation(), Some("get"), "the operation that the error names");
            ensure_eq!(error.outcome(), Outcome::NotApplied, "the outcome of what did not decode");
        }
        ensure_eq!(store.get(key).await?, Some(bytes), "the bytes after they did not decode");
        if store.capabilities().renewal.is_supported() {
            let renewed = typed.get(key).renew(Ttl::MAX.as_duration()).await;
            let error = refused_with(renewed, ErrorKind::Corrupt, "a typed renewal")?;
            ensure_eq!(error.outcome(), Outcome::Unknown, "the outcome of a renewal of what did not decode");
        }
        if store.capabilities().take.is_supported() {
            let error = refused_with(typed.take(key).await, ErrorKind::Corrupt, "a typed take")?;
            ensure_eq!(error.outcome(), Outcome::Unknown, "the outcome of a take of what did not decode");
            ensure_eq!(store.exists(key).await?, false, "exists after a take of what did not decode");
        }
        Ok(())
    })
    .await
}

async fn corrupt_can_be_a_miss(context: &Context) -> CheckResult {
    for_all(context, no_text(), async |scope: &Scope<'_>, bytes: Bytes| {
        let store = scope.store()?;
        let typed = store.typed::<String, _>(Text).on_corrupt(OnCorrupt::Miss);
        store.set("k", bytes.clone()).await?;
        ensure_eq!(typed.get("k").await?, None, "a typed get");
        ensure_eq!(store.get("k").await?, Some(bytes), "the bytes after they did not decode");
        typed.set("k", &"text".to_owned()).await?;
        ensure_eq!(typed.get("k").await?.as_deref(), Some("text"), "a typed get of what was set");
        Ok(())
    })
    .await
}

async fn corrupt_spoils_no_other(context: &Context) -> CheckResult {
    for_all(context, no_text(), async |scope: &Scope<'_>, bytes: Bytes| {
        let cache = scope.cache()?;
        let typed = cache.typed::<String, _>(Text);
        typed.set_many([("a", &"first".to_owned()), ("b", &"second".to_owned())]).await?;
        cache.set("corrupt", bytes).await?;
        let asked = ["a", "corrupt", "none", "b"];
        let mut answers = typed.get_many(&asked).await?.into_iter();
        let mut next = || answers.next().ok_or_else(|| Failure::new("not one answer for each key"));
        ensure_eq!(next()??.as_deref(), Some("first"), "the answer before what does not decode");
        let error = refused_with(next()?, ErrorKind::Corrupt, "what does not decode")?;
        ensure!(error.key().is_some(), "the error does not name the key: {error}");
        ensure_eq!(next()??, None, "the answer for nothing");
        ensure_eq!(next()??.as_deref(), Some("second"), "the answer behind what does not decode");

        let lenient = cache.typed::<String, _>(Text).on_corrupt(OnCorrupt::Miss);
        let found = lenient.get_many(&asked).await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        ensure_eq!(found.iter().flatten().count(), 2, "how many decode");
        Ok(())
    })
    .await
}

/// A codec that panics on every value.
#[derive(Clone, Copy)]
struct Panicking;

impl Encode<String> for Panicking {
    fn encode(&self, _value: &String) -> Result<Bytes, CodecError> {
        panic_quietly()
    }
}

impl Decode<String> for Panicking {
    fn decode(&self, _bytes: &Bytes) -> Result<String, CodecError> {
        panic_quietly()
    }
}

/// Unwinds without the message that a panic prints.
fn panic_quietly() -> ! {
    resume_unwind(Box::new("a panic in user code"))
}

async fn panics_stay_with_their_caller(context: &Context) -> CheckResult {
    const CALLS: usize = 50;

    let value_conditions = context.capabilities().value_conditions.is_supported();
    once(context, async |scope: &Scope<'_>| {
        let store = scope.store()?;
        store.set("k", "text").never_expires().await?;
        let (mut panicking, mut working) = (Vec::new(), Vec::new());
        for number in 0..CALLS {
            let (typed, updated) = (store.typed::<String, _>(Panicking), store.clone());
            panicking.push(tokio::spawn(async move { drop(typed.get("k").await) }));
            if value_conditions {
                panicking.push(tokio::spawn(async move { drop(updated.update("k", |_| panic_quietly()).await) }));
            }
            let (store, key) = (store.clone(), format!("k{number}"));
            working.push(async move {
                store.set(&key, key.clone()).await?;
                store.get(&key).await.map(|value| value == Some(Bytes::from(key)))
            });
        }
        for answer in at_once(working).await? {
            ensure_eq!(answer?, true, "whether a caller beside those that panic reads what it wrote");
        }
        for caller in panicking {
            ensure!(caller.await.is_err(), "a panic in user code was swallowed");
        }
        ensure_eq!(store.get("k").await?.as_deref(), Some(&b"text"[..]), "the entry after the panics");
        store.ping().await?;
        Ok(())
    })
    .await
}
