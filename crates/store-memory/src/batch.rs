//! Batches: all shards that a batch needs are locked together, so each is one step.
//!
//! They are locked in the order of their numbers, each once, and nothing else ever holds two locks; so nobody waits in
//! a circle. A batch holds its locks for as long as its items take, which `max_batch_items` bounds. What it evicts
//! goes afterwards, from one shard at a time.

use store_core::{Address, BatchItem, Bytes, Key, Lifetime, Namespace, Result, SetOptions};

use crate::budget::{entry_cost, namespace_cost};
use crate::engine::Engine;
use crate::shard::Target;
use crate::slot::Payload;

/// The shards that a batch needs, locked.
struct Locked<G> {
    shards: Vec<usize>,
    guards: Vec<G>,
}

impl<G> Locked<G> {
    fn new(targets: &[(usize, Target<'_>)], lock: impl Fn(usize) -> Result<G>) -> Result<Self> {
        let mut shards: Vec<usize> = targets.iter().map(|&(shard, _)| shard).collect();
        shards.sort_unstable();
        shards.dedup();
        let guards = shards.iter().map(|&shard| lock(shard)).collect::<Result<_>>()?;
        Ok(Self { shards, guards })
    }

    fn get(&mut self, shard: usize) -> &mut G {
        let index = self.shards.binary_search(&shard).expect("the shard of every item was locked");
        &mut self.guards[index]
    }
}

impl Engine {
    pub(crate) fn get_many(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        let targets = self.locate_all(namespace, keys);
        let mut locked = Locked::new(&targets, |shard| self.read(shard))?;
        let now = self.clock.recent();
        let value = |(shard, target)| Some(locked.get(shard).get(target, now)?.0);
        Ok(targets.into_iter().map(value).collect())
    }

    pub(crate) fn set_many(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>) -> Result<()> {
        let mut targets = Vec::with_capacity(items.len());
        let mut writes = Vec::with_capacity(items.len());
        let mut cost = 0;
        for item in items {
            cost += entry_cost(item.key.as_bytes().len() + item.value.len());
            targets.push(self.locate(Address { namespace, key: item.key }));
            writes.push((Payload::new(item.key, &item.value), SetOptions::new(item.expiry)));
        }
        let namespaces = self.shards.len().min(writes.len());
        self.budget.admit(cost + namespaces * namespace_cost(namespace))?;

        let mut freed = Vec::new();
        let mut locked = Locked::new(&targets, |shard| {
            let shard = self.write(shard)?;
            shard.check_room(writes.len())?;
            Ok(shard)
        })?;
        let now = self.clock.now();
        for (&(shard, target), (payload, options)) in targets.iter().zip(writes) {
            let _always_stored = locked.get(shard).set(target, payload, &options, now, &mut freed)?;
        }
        drop(locked);
        drop(freed);
        self.relieve(&mut targets);
        Ok(())
    }

    pub(crate) fn delete_many(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<bool>> {
        let targets = self.locate_all(namespace, keys);
        let mut freed = Vec::new();
        let mut locked = Locked::new(&targets, |shard| self.write(shard))?;
        let now = self.clock.now();
        let delete = |(shard, target)| locked.get(shard).delete(target, None, now, &mut freed);
        Ok(targets.into_iter().map(delete).collect())
    }

    pub(crate) fn expire_many(&self, namespace: &Namespace, keys: &[Key<'_>], lifetime: Lifetime) -> Result<Vec<bool>> {
        let targets = self.locate_all(namespace, keys);
        let mut freed = Vec::new();
        let mut locked = Locked::new(&targets, |shard| self.write(shard))?;
        let now = self.clock.now();
        let expire = |(shard, target)| locked.get(shard).expire(target, lifetime, now, &mut freed);
        Ok(targets.into_iter().map(expire).collect())
    }

    fn locate_all<'a>(&self, namespace: &'a Namespace, keys: &[Key<'a>]) -> Vec<(usize, Target<'a>)> {
        keys.iter().map(|&key| self.locate(Address { namespace, key })).collect()
    }
}
