//! Batches.
//!
//! Where all keys are together, on one server or in one slot, a batch is one request and one step. On a cluster, what is
//! promised for each key alone travels as a request for each key: those for one node in one write, and a key that has
//! gone ahead to another node follows alone.

use std::collections::HashMap;

use bytes::Bytes;
use store_core::{BatchItem, Durability, Error, ErrorKind, ExpireOptions, Key, Lifetime, Namespace, Outcome, Result};

use crate::command::{self, Command};
use crate::keyspace::{Spread, WireKey};
use crate::operations::Operations;
use crate::reply::{self, Value};
use crate::request::{Class, Request, Route};

/// Where the keys of a batch are.
enum Place {
    /// There are none.
    Nowhere,
    /// All where this leads.
    Together(Route),
    /// In several slots.
    Apart,
}

impl Operations {
    pub(crate) async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        let keys = self.wire_keys(namespace, keys)?;
        match self.place(keys.clone())? {
            Place::Nowhere => Ok(Vec::new()),
            Place::Together(route) => {
                let request = Request::one(Class::Read, command::get_many(keys.clone())).to(route).or_of_replicas();
                reply::values(self.executor.one(request).await?, keys.len())
            }
            Place::Apart => {
                let found =
                    self.each(Class::Read, Durability::Acknowledged, keys.map(|key| (key, command::get(key)))).await;
                found.into_iter().map(found_as_in_mget).collect()
            }
        }
    }

    pub(crate) async fn set_entries(
        &self,
        namespace: &Namespace,
        items: Vec<BatchItem<'_>>,
        durability: Durability,
    ) -> Result<()> {
        let keys = self.keyspace.wire_keys(namespace, items.iter().map(|item| item.key))?;
        let commands = keys.clone().zip(&items).flat_map(|(key, item)| {
            let (reserve, set) = command::overwrite(key, &item.value, item.expiry);
            reserve.into_iter().chain([set]).map(move |command| (key, command))
        });
        let class = Class::Idempotent;
        let replies = match self.place(keys)? {
            Place::Nowhere => return Ok(()),
            Place::Together(route) => {
                let request = Request::atomic(class, commands.map(|(_, command)| command)).to(route);
                self.executor.many(request.spread(durability)).await?
            }
            Place::Apart => self.each(class, durability, commands).await,
        };
        all_applied(replies).map(drop)
    }

    pub(crate) async fn delete_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        durability: Durability,
    ) -> Result<Vec<bool>> {
        let commands = self.wire_keys(namespace, keys)?.map(|key| (key, command::delete(key)));
        flags(self.independent(commands, durability).await?, 1)
    }

    pub(crate) async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        options: ExpireOptions,
    ) -> Result<Vec<bool>> {
        let keys = self.wire_keys(namespace, keys)?;
        match options.lifetime {
            Lifetime::In(ttl) => {
                let commands = keys.map(|key| (key, command::expire_in(key, ttl)));
                flags(self.independent(commands, options.durability).await?, 1)
            }
            Lifetime::At(time) => {
                let commands = keys.map(|key| (key, command::expire_at(key, time)));
                flags(self.independent(commands, options.durability).await?, 1)
            }
            Lifetime::Never => flags(self.expire_never(keys, options.durability).await?, 2),
        }
    }

    /// In one step for each key at least, or an entry could expire between its two commands.
    async fn expire_never<'a>(
        &self,
        keys: impl ExactSizeIterator<Item = WireKey<'a>>,
        durability: Durability,
    ) -> Result<Vec<Result<Value>>> {
        if keys.len() == 0 {
            return Ok(Vec::new());
        }
        let class = Class::IdempotentAnswerChanges;
        match self.keyspace.spread() {
            Spread::OneServer => {
                let request = Request::atomic(class, keys.flat_map(command::expire_never));
                self.executor.many(request.spread(durability)).await
            }
            Spread::Slots => {
                let commands = keys.flat_map(|key| command::expire_never(key).map(|command| (key, command)));
                Ok(self.each(class, durability, commands).await)
            }
        }
    }

    /// Writes with a promise for each key alone.
    async fn independent<'a>(
        &self,
        commands: impl ExactSizeIterator<Item = (WireKey<'a>, Command)>,
        durability: Durability,
    ) -> Result<Vec<Result<Value>>> {
        if commands.len() == 0 {
            return Ok(Vec::new());
        }
        let class = Class::IdempotentAnswerChanges;
        match self.keyspace.spread() {
            Spread::OneServer => {
                let request = Request::pipeline(class, commands.map(|(_, command)| command));
                self.executor.many(request.spread(durability)).await
            }
            Spread::Slots => Ok(self.each(class, durability, commands).await),
        }
    }

    /// A reply to each command, in their order. All commands on one key travel in one step, so that duplicates keep their
    /// order although keys may be redirected one by one; where replicas are waited for, all commands in one slot, because
    /// each step waits.
    async fn each<'a>(
        &self,
        class: Class,
        durability: Durability,
        commands: impl Iterator<Item = (WireKey<'a>, Command)>,
    ) -> Vec<Result<Value>> {
        let (mut steps, mut step_of) = (Vec::<Step>::new(), HashMap::new());
        for (place, (key, command)) in commands.enumerate() {
            let text = (durability == Durability::Acknowledged).then(|| key.text());
            let step = *step_of.entry((key.route(), text)).or_insert(steps.len());
            match steps.get_mut(step) {
                Some(step) => step.add(place, command),
                None => steps.push(Step { route: key.route(), places: vec![place], commands: vec![command] }),
            }
        }
        let into_request = |step: Step| {
            let (places, request) = step.into_request(class);
            (places, request.spread(durability))
        };
        let (places, requests): (Vec<_>, Vec<_>) = steps.into_iter().map(into_request).unzip();
        let mut replies: Vec<(usize, Result<Value>)> = Vec::new();
        for (places, outcome) in places.into_iter().zip(self.executor.each(requests).await) {
            match outcome.and_then(|replies| reply::as_many(places.len(), replies)) {
                Ok(of_step) => replies.extend(places.into_iter().zip(of_step)),
                Err(error) => replies.extend(places.into_iter().map(|place| (place, Err(error.clone())))),
            }
        }
        replies.sort_unstable_by_key(|(place, _)| *place);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    fn place<'a>(&self, mut keys: impl Iterator<Item = WireKey<'a>>) -> Result<Place> {
        let Some(first) = keys.next() else { return Ok(Place::Nowhere) };
        let route = first.route();
        if self.keyspace.spread() == Spread::OneServer || keys.all(|key| key.route() == route) {
            return Ok(Place::Together(route));
        }
        match self.keyspace.holds_namespaces_together() {
            false => Ok(Place::Apart),
            // What is declared for every batch must not depend on the namespace without a word.
            true => Err(without_namespace()),
        }
    }

    fn wire_keys<'a>(
        &self,
        namespace: &'a Namespace,
        keys: &'a [Key<'a>],
    ) -> Result<impl ExactSizeIterator<Item = WireKey<'a>> + Clone> {
        self.keyspace.wire_keys(namespace, keys.iter().copied())
    }
}

/// What a batch asks of one key.
struct Step {
    route: Route,
    /// Where among the commands of the batch these are.
    places: Vec<usize>,
    commands: Vec<Command>,
}

impl Step {
    fn add(&mut self, place: usize, command: Command) {
        self.places.push(place);
        self.commands.push(command);
    }

    fn into_request(mut self, class: Class) -> (Vec<usize>, Request) {
        let request = match (self.commands.pop(), self.commands.is_empty()) {
            (Some(only), true) => Request::one(class, only),
            (last, _) => Request::atomic(class, self.commands.into_iter().chain(last)),
        };
        let request = request.to(self.route);
        (self.places, if class == Class::Read { request.or_of_replicas() } else { request })
    }
}

/// The replies to a batch of writes, all of which have to succeed.
fn all_applied(replies: Vec<Result<Value>>) -> Result<Vec<Value>> {
    // Nobody undoes the commands around one that fails.
    let may_be_applied =
        |reply: &&Result<Value>| !matches!(reply, Err(error) if error.outcome() == Outcome::NotApplied);
    let applied = replies.iter().filter(may_be_applied).count() as u64;
    replies.into_iter().collect::<Result<_>>().map_err(|error: Error| error.after_steps(applied))
}

/// What the first of every `commands_per_key` replies says.
fn flags(replies: Vec<Result<Value>>, commands_per_key: usize) -> Result<Vec<bool>> {
    all_applied(replies)?.into_iter().step_by(commands_per_key).map(reply::flag).collect()
}

/// What GET found, as MGET shows it: where there is no string, there is no entry.
fn found_as_in_mget(reply: Result<Value>) -> Result<Option<Bytes>> {
    match reply {
        Err(error) if error.kind() == ErrorKind::WrongType => Ok(None),
        reply => reply::value(reply?),
    }
}

fn without_namespace() -> Error {
    Error::unsupported("a batch without a namespace over several slots of a cluster")
}
