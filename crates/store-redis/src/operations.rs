//! Each operation as the command or script that carries it out, and what its reply means. One round trip each.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use store_core::{
    Address, BatchAtomicity, Capabilities, Condition, CounterOptions, DeleteOptions, Durability, Entry, Error,
    Eviction, ExpireOptions, ExpiresAt, ExpiryRead, GetOptions, Lifetime, Listing, Namespace, Reads, Remaining, Result,
    SetOptions, SetOutcome, Topology,
};

use crate::command::{self, Command, Presence, SetExpiry};
use crate::config::{Config, Deployment, ReadFrom};
use crate::connection::Executor;
use crate::draft::Terms;
use crate::enumerate::Tour;
use crate::environment::Components;
use crate::keyspace::{Keyspace, WireKey};
use crate::layout::Layout;
use crate::reply::{self, Value};
use crate::request::{Class, Request};
use crate::topology::Servers;
use crate::{script, trace};

/// The name of the driver in errors and reports.
pub(crate) const DRIVER: &str = "redis";

/// What `RedisStore` and `RedisCache` have in common.
#[derive(Debug)]
pub(crate) struct Operations {
    pub(crate) executor: Executor,
    pub(crate) capabilities: Capabilities,
    pub(crate) keyspace: Keyspace,
    /// The number of the database, which is part of what a cursor stands for.
    pub(crate) db: u32,
}

/// A conditional or unconditional write, and what its reply means.
struct Set {
    request: Request,
    outcome: fn(Value) -> Result<SetOutcome>,
}

impl Operations {
    pub(crate) async fn connect(config: &Config, layout: Layout, components: Components) -> Result<Self> {
        let keyspace = Keyspace::new(config, layout)?;
        let executor = Executor::connect(config.clone(), components).await?;
        let capabilities = declared(config, keyspace).with_eviction(eviction(&executor).await);
        Ok(Self { executor, capabilities, keyspace, db: config.db })
    }

    /// What a transaction in `namespace` needs to know.
    pub(crate) fn terms<'a>(&'a self, namespace: &'a Namespace, default_lifetime: Lifetime) -> Terms<'a> {
        Terms { keyspace: self.keyspace, namespace, default_lifetime, capabilities: &self.capabilities }
    }

    /// The operation itself, with its end told to those who trace it. Futures come here pinned where they are, or each
    /// would be copied.
    pub(crate) fn traced<'a, T, F>(
        &self,
        name: &'static str,
        operation: Pin<&'a mut F>,
    ) -> impl Future<Output = Result<T>> + Send + use<'a, T, F>
    where
        F: Future<Output = Result<T>> + Send,
    {
        trace::operation(name, self.capabilities.topology, operation)
    }

    pub(crate) async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        let key = self.keyspace.wire_key(at)?;
        match (options.renew, options.expiry) {
            (None, ExpiryRead::Skip) => alone(self.read(key, command::get(key)).await?),
            (None, ExpiryRead::Include) => {
                let commands = [command::get(key), command::expires_at(key)];
                let request = Request::atomic(Class::Read, commands).to(key.route()).or_of_replicas();
                let [found, expiry] = self.executor.all(request).await?;
                Ok(reply::entry(found, expiry)?.map(with_expiry))
            }
            (Some(ttl), ExpiryRead::Skip) => alone(self.executor.one(script::get_and_renew(key, ttl)).await?),
            (Some(ttl), ExpiryRead::Include) => {
                let found = self.executor.one(script::get_and_renew_with_expiry(key, ttl)).await?;
                Ok(reply::value_and_expiry(found)?.map(with_expiry))
            }
        }
    }

    /// What the caller passes goes into the request at once: the future, which is boxed further up, has no room for it.
    pub(crate) fn set_entry<'a>(
        &'a self,
        at: Address<'_>,
        value: Bytes,
        options: SetOptions,
    ) -> impl Future<Output = Result<SetOutcome>> + Send + use<'a> {
        let set = self.set(at, value, options);
        async move {
            match &set {
                Ok(Set { request, outcome }) => outcome(self.executor.execute(request).await?.0),
                Err(refused) => Err(refused.clone()),
            }
        }
    }

    fn set(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<Set> {
        let (key, expiry, durability) = (self.keyspace.wire_key(at)?, options.expiry, options.durability);
        let write = |class, command| Request::one(class, command).to(key.route()).spread(durability);
        let (request, outcome): (_, fn(Value) -> _) = match options.condition {
            Condition::Always => match command::overwrite(key, &value, expiry) {
                (None, set) => (write(Class::Idempotent, set), reply::set_outcome),
                (Some(reserve), set) => {
                    let both = Request::atomic(Class::Idempotent, [reserve, set]);
                    (both.to(key.route()).spread(durability), reply::set_in_two)
                }
            },
            Condition::IfAbsent => {
                let set = command::set(key, &value, SetExpiry::over_missing(expiry), Presence::Absent);
                (write(Class::NotRepeatable, set), reply::set_outcome)
            }
            Condition::IfPresent => {
                let set = command::set(key, &value, SetExpiry::over_existing(expiry), Presence::Present);
                (write(Class::NotRepeatable, set), reply::set_outcome)
            }
            Condition::IfValue(expected) => {
                let swap = script::compare_and_set(key, &expected, &value, SetExpiry::over_existing(expiry));
                (swap.spread(durability), reply::swapped)
            }
            _ => return Err(Error::unsupported("a condition newer than this driver")),
        };
        Ok(Set { request, outcome })
    }

    pub(crate) async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        let key = self.keyspace.wire_key(at)?;
        reply::flag(match options.if_value {
            None => self.write(Class::IdempotentAnswerChanges, key, command::delete(key), options.durability).await?,
            Some(expected) => {
                self.executor.one(script::compare_and_delete(key, &expected).spread(options.durability)).await?
            }
        })
    }

    pub(crate) async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        let (key, class) = (self.keyspace.wire_key(at)?, Class::IdempotentAnswerChanges);
        reply::flag(match options.lifetime {
            Lifetime::In(ttl) => self.write(class, key, command::expire_in(key, ttl), options.durability).await?,
            Lifetime::At(time) => self.write(class, key, command::expire_at(key, time), options.durability).await?,
            Lifetime::Never => {
                let [existed, _] = self.atomic(class, key, command::expire_never(key), options.durability).await?;
                existed
            }
        })
    }

    pub(crate) async fn take_entry(&self, at: Address<'_>, durability: Durability) -> Result<Option<Bytes>> {
        let key = self.keyspace.wire_key(at)?;
        reply::value(self.write(Class::NotRepeatable, key, command::take(key), durability).await?)
    }

    pub(crate) async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        let key = self.keyspace.wire_key(at)?;
        reply::flag(self.read(key, command::exists(key)).await?)
    }

    pub(crate) async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        let key = self.keyspace.wire_key(at)?;
        reply::remaining(self.read(key, command::remaining(key)).await?)
    }

    pub(crate) async fn add_to_counter(&self, at: Address<'_>, delta: i64, options: CounterOptions) -> Result<i64> {
        let (key, class) = (self.keyspace.wire_key(at)?, Class::NotRepeatable);
        let counts = |request: Request| request.to(key.route()).spread(options.durability).telling_nothing();
        match options.on_create {
            Lifetime::Never => {
                let increment = Request::one(class, command::increment(key, delta));
                reply::integer(self.executor.one(counts(increment)).await?)
            }
            Lifetime::In(_) => {
                let create = command::set(key, b"0", options.on_create.into(), Presence::Absent);
                let request = Request::atomic(class, [create, command::increment(key, delta)]);
                let [_, sum] = self.executor.all(counts(request)).await?;
                reply::integer(sum)
            }
            Lifetime::At(time) => {
                reply::decimal(self.executor.one(counts(script::add_to_counter(key, delta, time))).await?)
            }
        }
    }

    pub(crate) async fn ping(&self) -> Result<()> {
        let replies = ask_primaries(&self.executor, command::ping).await;
        let answered = replies.and_then(|replies| replies.into_iter().try_for_each(reply::status));
        answered.map_err(|error| named(error, "ping"))
    }

    pub(crate) async fn delete_whole_database(&self) -> Result<()> {
        self.flush_primaries().await.map_err(|error| named(error, "delete_whole_database"))
    }

    async fn flush_primaries(&self) -> Result<()> {
        let (mut tour, mut flushed) = (Tour::of_all_slots(&self.executor), 0);
        while let Some(server) = tour.next().await.map_err(|error| error.after_steps(flushed))? {
            let request = Request::one(Class::NotRepeatable, command::delete_whole_database()).at_server(server);
            let outcome = self.executor.one_with_server(request).await.map_err(|error| error.after_steps(flushed));
            let (reply, by) = outcome?;
            reply::status(reply)?;
            flushed += 1;
            if by != server {
                tour.interrupt();
            }
        }
        Ok(())
    }

    pub(crate) fn servers(&self) -> Result<Servers> {
        let members = self.executor.members().map_err(|error| named(error, "topology"))?;
        Ok(Servers { topology: self.capabilities.topology, members })
    }

    fn write(
        &self,
        class: Class,
        key: WireKey<'_>,
        command: Command,
        durability: Durability,
    ) -> impl Future<Output = Result<Value>> + Send {
        self.executor.one(Request::one(class, command).to(key.route()).spread(durability))
    }

    /// A read that a replica may answer.
    fn read(&self, key: WireKey<'_>, command: Command) -> impl Future<Output = Result<Value>> + Send {
        self.executor.one(Request::one(Class::Read, command).to(key.route()).or_of_replicas())
    }

    /// Commands on one key in one step, all of which have to succeed.
    fn atomic<const N: usize>(
        &self,
        class: Class,
        key: WireKey<'_>,
        commands: [Command; N],
        durability: Durability,
    ) -> impl Future<Output = Result<[Value; N]>> + Send {
        self.executor.all(Request::atomic(class, commands).to(key.route()).spread(durability))
    }
}

/// Tells an error where it comes from, for operations that no extension trait stands above.
fn named(error: Error, operation: &'static str) -> Error {
    error.with_driver(DRIVER).with_context(operation, None)
}

/// A value whose expiry was not asked for.
fn alone(found: Value) -> Result<Option<Entry>> {
    Ok(reply::value(found)?.map(Entry::new))
}

fn with_expiry((value, expires_at): (Bytes, ExpiresAt)) -> Entry {
    Entry::new(value).with_expires_at(expires_at)
}

/// What is promised here, but for eviction, which the servers decide.
fn declared(config: &Config, keyspace: Keyspace) -> Capabilities {
    let topology = match config.deployment {
        Deployment::Standalone(_) => Topology::Standalone,
        Deployment::Sentinel(_) => Topology::Sentinel,
        Deployment::Cluster(_) => Topology::Cluster,
    };
    let capabilities = Capabilities::minimal(DRIVER, topology)
        .with_value_conditions()
        .with_renewal()
        .with_take()
        .with_counters()
        .with_listing(Listing::Unordered)
        .with_locks()
        .with_replication()
        .with_max_value_bytes(config.max_value_bytes)
        .with_expiry_granularity(Duration::from_millis(1));
    let capabilities = match keyspace.holds_namespaces_together() {
        true => capabilities.with_batch_atomicity(BatchAtomicity::All).with_snapshot_reads(),
        false => capabilities,
    };
    match (topology, config.read_from) {
        // There is nobody else to read from.
        (Topology::Standalone, _) | (_, ReadFrom::Primary) => capabilities,
        _ => capabilities.with_reads(Reads::MayBeStale),
    }
}

/// Whether a server drops entries when it is full, by its policy at this moment. One that does not tell is taken to.
async fn eviction(executor: &Executor) -> Eviction {
    let keeps = |info: &Value| reply::info_field(info, "maxmemory_policy") == Some("noeviction");
    match ask_primaries(executor, command::memory_info).await {
        Ok(infos) if infos.iter().all(keeps) => Eviction::Never,
        _ => Eviction::WhenFull,
    }
}

/// What every server that takes writes answers to a command that reads.
async fn ask_primaries(executor: &Executor, command: fn() -> Command) -> Result<Vec<Value>> {
    let placement = executor.placement(None).await?;
    let requests = placement.servers().iter().map(|&server| Request::one(Class::Read, command()).at_server(server));
    executor.each(requests.collect()).await.into_iter().map(|replies| reply::only(replies?)).collect()
}
