//! The steps of a program that acquire, extend and release locks.

use store_core::{Address, ErrorKind, FencingToken, Key, LockExt, LockOptions, LockOwner, Namespace, Store, Ttl};

use crate::context::StoreHandle;
use crate::failure::{Failure, refused_with};

use super::op::{LockCall, Owner, Through};
use super::oracle::Place;
use super::program::Run;

/// The owners of a program, which nobody else is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owners {
    one: LockOwner,
    other: LockOwner,
}

impl Owners {
    pub(super) fn new() -> Self {
        Self { one: LockOwner::random(), other: LockOwner::random() }
    }

    fn get(self, owner: Owner) -> LockOwner {
        match owner {
            Owner::One => self.one,
            Owner::Other => self.other,
        }
    }
}

impl Run<'_> {
    pub(super) async fn lock_step(
        &mut self,
        store: &StoreHandle,
        at: Place,
        owner: Owner,
        call: LockCall,
    ) -> Result<(), Failure> {
        let name = self.key(at.1);
        if !self.capabilities.locks.is_supported() {
            return refused_with(store.try_lock(name, Ttl::MIN).await, ErrorKind::Unsupported, "try_lock").map(drop);
        }
        let (by, time) = (self.owners.get(owner), self.time);
        let address = Address { namespace: &Namespace::EMPTY, key: Key::new(name)? };
        match call {
            LockCall::Acquire(ttl) => {
                let (token, during) = time.measure(store.acquire_lock(address, by, LockOptions::new(ttl))).await;
                self.model.acquire_lock(at, during, (owner, ttl), token?.map(FencingToken::get))
            }
            LockCall::Extend(ttl) => {
                let (extended, during) = time.measure(store.extend_lock(address, by, ttl)).await;
                self.model.extend_lock(at, during, (owner, ttl), extended?)
            }
            LockCall::Release => {
                let (released, during) = time.measure(store.release_lock(address, by)).await;
                self.model.release_lock(at, during, owner, released?)
            }
            LockCall::IsHeld => {
                let (held, during) = time.measure(store.lock_is_held(address, by)).await;
                self.model.lock_is_held(at, during, owner, held?)
            }
        }
    }

    /// Releases what is held at the end, because no clear does, and a lock may be held for days.
    pub(super) async fn release_locks(&self) -> Result<(), Failure> {
        for ((space, id), owner) in self.model.locks_held() {
            let store = &self.handle(Through::First, space).store;
            let at = Address { namespace: &Namespace::EMPTY, key: Key::new(self.key(id))? };
            store.release_lock(at, self.owners.get(owner)).await?;
        }
        Ok(())
    }
}
