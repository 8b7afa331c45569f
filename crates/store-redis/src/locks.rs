//! Locks: each call is one step on the server, and whoever waits asks again.

use std::pin::pin;
use std::time::Duration;

use store_core::{Address, FencingToken, LockOptions, LockOwner, Result, Ttl};
use tokio::time::{sleep, timeout};

use crate::command;
use crate::connection::random_pause;
use crate::keyspace::LockKeys;
use crate::operations::Operations;
use crate::request::{Class, Request};
use crate::{reply, script};

/// The pauses of whoever waits are random, up to this at first and twice as much each time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// But never more than this.
const LONGEST_PAUSE: Duration = Duration::from_millis(200);

impl Operations {
    /// Asks for the lock until it is to be had or the wait is over, and once more then. Each time is a call with a
    /// deadline of its own, so that the wait can be longer than that, and none is cut off: it could have acquired.
    pub(crate) async fn acquire_lock(
        &self,
        at: Address<'_>,
        owner: LockOwner,
        options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        let keys = LockKeys::new(at);
        let at_once = self.try_lock(&keys, owner, options.ttl).await?;
        if at_once.is_some() || options.wait.is_zero() {
            return Ok(at_once);
        }
        let mut wait = pin!(sleep(options.wait));
        let mut attempts = 0u32;
        loop {
            attempts = attempts.saturating_add(1);
            let pause = random_pause(FIRST_PAUSE, LONGEST_PAUSE, attempts);
            let is_over = timeout(pause, wait.as_mut()).await.is_ok();
            let acquired = self.try_lock(&keys, owner, options.ttl).await?;
            if acquired.is_some() || is_over {
                return Ok(acquired);
            }
        }
    }

    async fn try_lock(&self, keys: &LockKeys, owner: LockOwner, ttl: Ttl) -> Result<Option<FencingToken>> {
        reply::fencing_token(self.executor.one(script::acquire_lock(keys, &spelled(owner), ttl)).await?)
    }

    pub(crate) async fn extend_lock(&self, at: Address<'_>, owner: LockOwner, ttl: Ttl) -> Result<bool> {
        reply::flag(self.executor.one(script::extend_lock(&LockKeys::new(at), &spelled(owner), ttl)).await?)
    }

    pub(crate) async fn release_lock(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        reply::flag(self.executor.one(script::release_lock(&LockKeys::new(at), &spelled(owner))).await?)
    }

    pub(crate) async fn lock_is_held(&self, at: Address<'_>, owner: LockOwner) -> Result<bool> {
        let keys = LockKeys::new(at);
        let get = Request::one(Class::Read, command::get_lock(&keys)).to(keys.route());
        let held = reply::value(self.executor.one(get).await?)?;
        Ok(held.is_some_and(|held| held.starts_with(spelled(owner).as_bytes())))
    }
}

/// What the value of a lock begins with: the owner in hexadecimal digits, and a separator.
fn spelled(owner: LockOwner) -> String {
    format!("{:032x}:", u128::from_be_bytes(*owner.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_spelled_alike_in_length() {
        assert_eq!(spelled(LockOwner::from_bytes([0; 16])), "00000000000000000000000000000000:");
        assert_eq!(spelled(LockOwner::from_bytes(*b"0123456789abcdef")), "30313233343536373839616263646566:");
    }
}
