//! The step between what people call and what drivers implement: arguments are checked, the driver is asked, and an
//! error is told where it comes from.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;

use crate::capability::{Capabilities, Support};
use crate::durability::Durability;
use crate::entry::{Address, Condition};
use crate::error::{Error, ErrorKind, Result};
use crate::forward::BoxFuture;
use crate::key::Key;
use crate::namespace::Namespace;
use crate::store::Store;

/// The namespace that the extension traits ask for; handles put their own in its place.
pub(crate) static HERE: Namespace = Namespace::EMPTY;

/// An operation under way; it does nothing until it is awaited.
///
/// The builders of operations turn into it by `.await`, or by `.into_future()` where a `Future` is asked for, as by
/// `join_all`. Between the caller and the driver's own future it allocates nothing.
#[must_use = "an operation does nothing until it is awaited"]
pub struct Call<'a, T, O = T> {
    step: Step<'a, T>,
    origin: Origin<'a>,
    finish: fn(T) -> O,
}

enum Step<'a, T> {
    Refused(Error),
    Asked(BoxFuture<'a, T>),
}

/// What an error of this call is told about itself.
#[derive(Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) operation: &'static str,
    pub(crate) driver: &'static str,
    pub(crate) key: Option<Key<'a>>,
}

impl Origin<'_> {
    pub(crate) fn name(self, error: Error) -> Error {
        error.with_driver(self.driver).with_context(self.operation, self.key)
    }
}

impl<'a, T, O> Call<'a, T, O> {
    /// Asks the driver about one key, once the key is found valid.
    pub(crate) fn at_key<S: Store + ?Sized>(
        store: &'a S,
        operation: &'static str,
        key: &'a str,
        ask: impl FnOnce(Address<'a>) -> Result<BoxFuture<'a, T>>,
        finish: fn(T) -> O,
    ) -> Self {
        let capabilities = store.capabilities();
        let mut origin = Origin { operation, driver: capabilities.driver, key: None };
        let asked = check_key(capabilities, key).and_then(|key| {
            origin.key = Some(key);
            ask(Address { namespace: &HERE, key })
        });
        Self::of(origin, asked, finish)
    }

    /// Asks the driver about more than one key.
    pub(crate) fn on_store<S: Store + ?Sized>(
        store: &'a S,
        operation: &'static str,
        ask: impl FnOnce() -> Result<BoxFuture<'a, T>>,
        finish: fn(T) -> O,
    ) -> Self {
        let origin = Origin { operation, driver: store.capabilities().driver, key: None };
        Self::of(origin, ask(), finish)
    }

    fn of(origin: Origin<'a>, asked: Result<BoxFuture<'a, T>>, finish: fn(T) -> O) -> Self {
        let step = match asked {
            Ok(future) => Step::Asked(future),
            Err(error) => Step::Refused(error),
        };
        Self { step, origin, finish }
    }
}

impl<T, O> Future for Call<'_, T, O> {
    type Output = Result<O>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let answer = match &mut this.step {
            Step::Refused(error) => Err(error.clone()),
            Step::Asked(future) => match future.as_mut().poll(context) {
                Poll::Ready(answer) => answer,
                Poll::Pending => return Poll::Pending,
            },
        };
        Poll::Ready(answer.map(this.finish).map_err(|error| this.origin.name(error)))
    }
}

impl<T, O> fmt::Debug for Call<'_, T, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("operation", &self.origin.operation).finish_non_exhaustive()
    }
}

/// Checks a key against what every driver and what this driver accepts.
pub(crate) fn check_key<'a>(capabilities: &Capabilities, key: &'a str) -> Result<Key<'a>> {
    let key = Key::new(key)?;
    let (bytes, limit) = (key.as_bytes().len(), capabilities.max_key_bytes);
    if bytes > limit {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("key too long for the driver; bytes={bytes} limit={limit}"),
        ));
    }
    Ok(key)
}

/// Checks a value against the driver's limit.
pub(crate) fn check_value(capabilities: &Capabilities, value: &Bytes) -> Result<()> {
    let (bytes, limit) = (value.len(), capabilities.max_value_bytes);
    if bytes > limit {
        return Err(Error::new(ErrorKind::TooLarge, format!("value too large; bytes={bytes} limit={limit}")));
    }
    Ok(())
}

/// Checks a condition against what the driver declares.
pub(crate) fn check_condition(capabilities: &Capabilities, condition: &Condition) -> Result<()> {
    match condition {
        Condition::Always | Condition::IfAbsent | Condition::IfPresent => Ok(()),
        Condition::IfValue(value) => check_value_condition(capabilities, value),
    }
}

/// Checks a condition on the value against what the driver declares.
pub(crate) fn check_value_condition(capabilities: &Capabilities, value: &Bytes) -> Result<()> {
    require(capabilities.value_conditions, "value_conditions")?;
    check_value(capabilities, value)
}

/// Checks how far a write has to spread against what the driver declares.
pub(crate) fn check_durability(capabilities: &Capabilities, durability: Result<Durability>) -> Result<Durability> {
    let durability = durability?;
    match durability {
        Durability::Acknowledged => {}
        Durability::Replicated { .. } => require(capabilities.replication, "replication")?,
    }
    Ok(durability)
}

/// Checks the size of a batch against the driver's limit.
pub(crate) fn check_batch(capabilities: &Capabilities, items: usize) -> Result<()> {
    let limit = capabilities.max_batch_items;
    if items > limit {
        return Err(Error::new(ErrorKind::TooLarge, format!("batch too large; items={items} limit={limit}")));
    }
    Ok(())
}

/// Refuses what is not declared.
pub(crate) fn require(support: Support, capability: &'static str) -> Result<()> {
    if support.is_supported() { Ok(()) } else { Err(Error::unsupported(capability)) }
}
