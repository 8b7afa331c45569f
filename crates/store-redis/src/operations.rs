//! Each operation as the command or script that carries it out, and what its reply means. One round trip each.

use std::time::Duration;

use bytes::Bytes;
use redis::{Cmd, Value};
use store_core::{
    Address, BatchAtomicity, BatchItem, Capabilities, Condition, DeleteOptions, Entry, Error, Eviction, ExpiresAt,
    ExpiryRead, GetOptions, Key, Lifetime, Listing, Namespace, Remaining, Result, SetOptions, SetOutcome, Topology,
};

use crate::command::{self, Presence, SetExpiry};
use crate::config::Config;
use crate::connection::Executor;
use crate::keyspace::WireKey;
use crate::request::{Class, Request};
use crate::{reply, script};

/// The name of the driver in errors and reports.
const DRIVER: &str = "redis";

/// What `RedisStore` and `RedisCache` have in common.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) executor: Executor,
    pub(crate) capabilities: Capabilities,
    /// The number of the database, which is part of what a cursor stands for.
    pub(crate) db: u32,
}

impl Operations {
    pub(crate) async fn connect(config: &Config) -> Result<Self> {
        let executor = Executor::connect(config).await?;
        let capabilities = Capabilities::minimal(DRIVER, Topology::Standalone)
            .with_value_conditions()
            .with_renewal()
            .with_take()
            .with_counters()
            .with_batch_atomicity(BatchAtomicity::All)
            .with_snapshot_reads()
            .with_listing(Listing::Unordered)
            .with_max_value_bytes(config.max_value_bytes)
            .with_expiry_granularity(Duration::from_millis(1))
            .with_eviction(eviction(&executor).await);
        Ok(Self { executor, capabilities, db: config.db })
    }

    pub(crate) async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        let key = WireKey::new(at);
        let found = match (options.renew, options.expiry) {
            (None, ExpiryRead::Skip) => {
                let found = self.one(Class::Read, command::get(key)).await?;
                return Ok(reply::value(found)?.map(Entry::new));
            }
            (None, ExpiryRead::Include) => {
                let commands = [command::get(key), command::expires_at(key)];
                let [found, expiry] = self.atomic(Class::Read, commands).await?;
                reply::entry(found, expiry)?
            }
            (Some(ttl), _) => reply::value_and_expiry(self.executor.one(script::get_and_renew(key, ttl)).await?)?,
        };
        Ok(found.map(|found| to_entry(found, options.expiry)))
    }

    pub(crate) async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        let (key, expiry) = (WireKey::new(at), options.expiry);
        match options.condition {
            Condition::Always => match command::overwrite(key, &value, expiry) {
                (None, set) => reply::set_outcome(self.one(Class::Idempotent, set).await?),
                (Some(reserve), set) => {
                    let [_, _] = self.atomic(Class::Idempotent, [reserve, set]).await?;
                    Ok(SetOutcome::Stored)
                }
            },
            Condition::IfAbsent => {
                let set = command::set(key, &value, SetExpiry::over_missing(expiry), Presence::Absent);
                reply::set_outcome(self.one(Class::NotRepeatable, set).await?)
            }
            Condition::IfPresent => {
                let set = command::set(key, &value, SetExpiry::over_existing(expiry), Presence::Present);
                reply::set_outcome(self.one(Class::NotRepeatable, set).await?)
            }
            Condition::IfValue(expected) => {
                let swap = script::compare_and_set(key, expected, value, SetExpiry::over_existing(expiry));
                reply::swapped(self.executor.one(swap).await?)
            }
            _ => Err(Error::unsupported("a condition newer than this driver")),
        }
    }

    pub(crate) async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        let key = WireKey::new(at);
        reply::flag(match options.if_value {
            None => self.one(Class::IdempotentAnswerChanges, command::delete(key)).await?,
            Some(expected) => self.executor.one(script::compare_and_delete(key, expected)).await?,
        })
    }

    pub(crate) async fn expire_entry(&self, at: Address<'_>, lifetime: Lifetime) -> Result<bool> {
        let (key, class) = (WireKey::new(at), Class::IdempotentAnswerChanges);
        reply::flag(match lifetime {
            Lifetime::In(ttl) => self.one(class, command::expire_in(key, ttl)).await?,
            Lifetime::At(time) => self.one(class, command::expire_at(key, time)).await?,
            Lifetime::Never => {
                let [existed, _] = self.atomic(class, command::expire_never(key)).await?;
                existed
            }
        })
    }

    pub(crate) async fn take_entry(&self, at: Address<'_>) -> Result<Option<Bytes>> {
        reply::value(self.one(Class::NotRepeatable, command::take(WireKey::new(at))).await?)
    }

    pub(crate) async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        reply::flag(self.one(Class::Read, command::exists(WireKey::new(at))).await?)
    }

    pub(crate) async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        reply::remaining(self.one(Class::Read, command::remaining(WireKey::new(at))).await?)
    }

    pub(crate) async fn get_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<Option<Bytes>>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = self.one(Class::Read, command::get_many(wire_keys(namespace, keys))).await?;
        reply::values(found, keys.len())
    }

    pub(crate) async fn set_entries(&self, namespace: &Namespace, items: Vec<BatchItem<'_>>) -> Result<()> {
        if items.is_empty() {
            return Ok(());
        }
        let commands = items.iter().flat_map(|item| {
            let key = WireKey::new(Address { namespace, key: item.key });
            let (reserve, set) = command::overwrite(key, &item.value, item.expiry);
            reserve.into_iter().chain([set])
        });
        self.batch(Request::atomic(Class::Idempotent, commands)).await?;
        Ok(())
    }

    pub(crate) async fn delete_entries(&self, namespace: &Namespace, keys: &[Key<'_>]) -> Result<Vec<bool>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let commands = wire_keys(namespace, keys).map(command::delete);
        self.flags(Request::pipeline(Class::IdempotentAnswerChanges, commands), 1).await
    }

    pub(crate) async fn expire_entries(
        &self,
        namespace: &Namespace,
        keys: &[Key<'_>],
        lifetime: Lifetime,
    ) -> Result<Vec<bool>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (keys, class) = (wire_keys(namespace, keys), Class::IdempotentAnswerChanges);
        match lifetime {
            Lifetime::In(ttl) => {
                self.flags(Request::pipeline(class, keys.map(|key| command::expire_in(key, ttl))), 1).await
            }
            Lifetime::At(time) => {
                self.flags(Request::pipeline(class, keys.map(|key| command::expire_at(key, time))), 1).await
            }
            // In one step, or an entry could expire between its two commands.
            Lifetime::Never => self.flags(Request::atomic(class, keys.flat_map(command::expire_never)), 2).await,
        }
    }

    pub(crate) async fn add_to_counter(&self, at: Address<'_>, delta: i64, on_create: Lifetime) -> Result<i64> {
        let (key, class) = (WireKey::new(at), Class::NotRepeatable);
        match on_create {
            Lifetime::Never => reply::integer(self.one(class, command::increment(key, delta)).await?),
            Lifetime::In(_) => {
                let create = command::set(key, b"0", on_create.into(), Presence::Absent);
                let [_, sum] = self.atomic(class, [create, command::increment(key, delta)]).await?;
                reply::integer(sum)
            }
            Lifetime::At(time) => reply::decimal(self.executor.one(script::add_to_counter(key, delta, time)).await?),
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        let reply = self.one(Class::Read, command::ping()).await;
        reply.and_then(reply::status).map_err(|error| named(error, "ping"))
    }

    pub(crate) async fn delete_whole_database(&self) -> Result<()> {
        let reply = self.one(Class::NotRepeatable, command::delete_whole_database()).await;
        reply.and_then(reply::status).map_err(|error| named(error, "delete_whole_database"))
    }

    async fn one(&self, class: Class, command: Cmd) -> Result<Value> {
        self.executor.one(Request::one(class, command)).await
    }

    /// Commands in one step, all of which have to succeed.
    async fn atomic<const N: usize>(&self, class: Class, commands: [Cmd; N]) -> Result<[Value; N]> {
        let replies = self.executor.many(Request::atomic(class, commands)).await?;
        reply::exactly(replies.into_iter().collect::<Result<_>>()?)
    }

    /// The replies to a batch of writes, all of which have to succeed.
    async fn batch(&self, request: Request) -> Result<Vec<Value>> {
        let replies = self.executor.many(request).await?;
        // The server does not undo the commands around one that fails.
        let applied = replies.iter().filter(|reply| reply.is_ok()).count() as u64;
        replies.into_iter().collect::<Result<_>>().map_err(|error: Error| error.after_steps(applied))
    }

    /// What the first of every `commands_per_key` replies says.
    async fn flags(&self, request: Request, commands_per_key: usize) -> Result<Vec<bool>> {
        self.batch(request).await?.into_iter().step_by(commands_per_key).map(reply::flag).collect()
    }
}

/// Tells an error where it comes from, for operations that no extension trait stands above.
fn named(error: Error, operation: &'static str) -> Error {
    error.with_driver(DRIVER).with_context(operation, None)
}

fn wire_keys<'a>(namespace: &'a Namespace, keys: &'a [Key<'a>]) -> impl ExactSizeIterator<Item = WireKey<'a>> + Clone {
    keys.iter().map(move |&key| WireKey::new(Address { namespace, key }))
}

fn to_entry((value, expires_at): (Bytes, ExpiresAt), asked: ExpiryRead) -> Entry {
    match asked {
        ExpiryRead::Skip => Entry::new(value),
        ExpiryRead::Include => Entry::new(value).with_expires_at(expires_at),
    }
}

/// Whether the server drops entries when it is full, by its policy at this moment. One that does not tell is taken to.
async fn eviction(executor: &Executor) -> Eviction {
    match executor.one(Request::one(Class::Read, command::memory_info())).await {
        Ok(info) if reply::info_field(&info, "maxmemory_policy") == Some("noeviction") => Eviction::Never,
        _ => Eviction::WhenFull,
    }
}
