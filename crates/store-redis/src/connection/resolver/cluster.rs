//! Nodes that share the slots among them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use store_core::{Error, ErrorKind, Result};
use tokio::time::timeout;

use crate::command;
use crate::config::{self, Coverage, Server};
use crate::connection::deadline::Deadline;
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;
use crate::connection::peer::{Part, Peer};
use crate::connection::placement::{Placement, Survey};
use crate::connection::resolver::inquiry::{inquire, refused, unanswered};
use crate::connection::resolver::reads::{no_replica, pick, read_from};
use crate::connection::resolver::shards::{Shards, Span};
use crate::connection::resolver::watch::{Changed, Watch, Watchable};
use crate::connection::resolver::{Cause, Fault, Next, dismiss, unsettled};
use crate::environment::Environment;
use crate::error::{Redirect, RedirectKind};
use crate::reply::{self, ClusterNode};
use crate::request::{Payload, Request, Route, Source};
use crate::slot::{SLOTS, Slot};
use crate::topology::Member;

/// How many nodes are asked at a time who has which slot. More than one, because one that was cut off from the others
/// does not know what has happened since.
const ASKED_AT_ONCE: usize = 3;

/// How long the answers of further nodes are waited for, once one has answered.
const LATECOMERS: Duration = Duration::from_millis(50);

/// After how long without any answer further nodes are asked: those that were may hang.
const HEDGE: Duration = Duration::from_millis(200);

/// What is known of a cluster.
#[derive(Debug)]
pub(crate) struct Cluster {
    settings: config::Cluster,
    view: RwLock<View>,
    next: AtomicUsize,
    watch: Watch,
    environment: Arc<Environment>,
}

#[derive(Debug)]
enum View {
    Open(Shards),
    Closed,
}

/// What one node says.
struct Testimony {
    epoch: u64,
    spans: Vec<Span>,
}

impl Cluster {
    /// Asks the seeds, and then watches the cluster.
    pub(super) async fn start(settings: &config::Cluster, environment: &Arc<Environment>) -> Result<Arc<Self>> {
        let cluster = Arc::new(Self {
            settings: settings.clone(),
            view: RwLock::new(View::Open(Shards::empty())),
            next: AtomicUsize::new(0),
            watch: Watch::new(settings.poll_interval, environment),
            environment: Arc::clone(environment),
        });
        cluster.believe(&cluster.ask_around().await?);
        let uncovered = cluster.read(Shards::uncovered)?;
        if uncovered > 0 && settings.coverage == Coverage::Full {
            return Err(half_configured(uncovered));
        }
        cluster.want();
        Ok(cluster)
    }

    pub(super) fn endpoint(&self, route: Route, source: Source) -> Result<Arc<Endpoint>> {
        let read_from = read_from(source, &self.environment.config);
        self.read(|shards| match route {
            Route::Slot(slot) => {
                let shard = shards.of_slot(slot).ok_or_else(|| without_node(slot))?;
                pick(read_from, &shard.primary, &shard.replicas, &self.next)
                    .ok_or_else(|| no_replica(&format!("slot {slot}")))
            }
            Route::Any => self.any(shards),
            Route::Server(server) => {
                let open = shards.all().find(|endpoint| endpoint.open_to(server).is_some());
                open.cloned().map_or_else(|| self.any(shards), Ok)
            }
        })?
    }

    pub(super) fn primaries(&self) -> Result<Vec<Arc<Endpoint>>> {
        self.read(|shards| shards.shards().map(|shard| Arc::clone(&shard.primary)).collect())
    }

    pub(super) fn members(&self) -> Result<Vec<Member>> {
        self.read(|shards| {
            let members = shards.with_slots().flat_map(|(shard, slots)| {
                let server = |endpoint: &Arc<Endpoint>| endpoint.peer().server.clone();
                let primary = Member::primary(server(&shard.primary), slots.clone());
                let replicas =
                    shard.replicas.iter().map(move |replica| Member::replica(server(replica), slots.clone()));
                std::iter::once(primary).chain(replicas)
            });
            members.collect()
        })
    }

    pub(super) fn report(self: &Arc<Self>, request: &Request, endpoint: Option<&Arc<Endpoint>>, fault: &Fault) -> Next {
        let next = match &fault.cause {
            Cause::Redirected(redirect) => return self.follow(redirect, endpoint),
            Cause::WrongServer(_) | Cause::Unreachable | Cause::Lost | Cause::Refused => match endpoint {
                Some(endpoint) if !self.serves(request, endpoint) => Next::AtOnce,
                _ => Next::AwaitTopology,
            },
        };
        self.want();
        next
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Only the owner of a slot knows that it is moving, and that it is the owner; so all whose keys are asked for are
    /// asked, and believed only as far as together they own what is asked for.
    pub(super) async fn placement(self: &Arc<Self>, slot: Option<Slot>, deadline: &mut Deadline) -> Result<Placement> {
        let placement = self.ask_owners(slot, deadline).await;
        if placement.is_err() {
            self.want();
        }
        placement
    }

    async fn ask_owners(&self, slot: Option<Slot>, deadline: &mut Deadline) -> Result<Placement> {
        let (owners, expected) = match slot {
            Some(slot) => (vec![self.endpoint(Route::Slot(slot), Source::Primary)?], 1),
            None => (self.primaries()?, usize::from(SLOTS) - self.read(Shards::uncovered)?),
        };
        let is_meant = |found: Slot| slot.is_none_or(|slot| slot == found);
        let mut survey = Survey::default();
        for owner in &owners {
            let connection = owner.leading_connection(deadline).await?;
            let server = connection.server_id();
            let payload = Payload::One(command::cluster_nodes());
            let nodes = connection.call(&payload, deadline).await.and_then(crate::error::checked)?;
            let own = reply::own_slots(nodes)?;
            survey.note_owner(server, &own, is_meant);
            for (leaving, target) in own.leaving.into_iter().filter(|(leaving, _)| is_meant(*leaving)) {
                let target = self.guest(&self.reachable(target, owner.peer()))?;
                survey.note_move(server, leaving, target.leading_connection(deadline).await?.server_id());
            }
        }
        match survey.owned() {
            owned if owned >= expected => Ok(match slot {
                Some(_) => survey.in_order_of_moves(),
                None => survey.in_order_of_servers(),
            }),
            owned => Err(disowned(expected - owned)),
        }
    }

    pub(super) fn close(&self) -> Vec<Arc<NodeConnection>> {
        self.watch.stop();
        match std::mem::replace(&mut *self.write(), View::Closed) {
            View::Open(shards) => shards.all().flat_map(|endpoint| endpoint.close(&Error::closed())).collect(),
            View::Closed => Vec::new(),
        }
    }

    fn follow(self: &Arc<Self>, redirect: &Redirect, endpoint: Option<&Arc<Endpoint>>) -> Next {
        let Some(from) = endpoint else { return Next::Never };
        let node = ClusterNode { id: String::new(), host: redirect.host.clone(), port: redirect.port };
        let server = self.reachable(node, from.peer());
        match redirect.kind {
            RedirectKind::Ask => self.guest(&server).map_or(Next::Never, Next::Ask),
            RedirectKind::Moved => {
                match &mut *self.write() {
                    View::Open(shards) => shards.move_slot(redirect.slot, &server, &self.environment),
                    View::Closed => return Next::Never,
                }
                // One slot that has moved is seldom the only one.
                self.want();
                Next::AtOnce
            }
        }
    }

    fn any(&self, shards: &Shards) -> Result<Arc<Endpoint>> {
        let count = shards.shards().count();
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % count.max(1);
        let mut in_turn = shards.shards().cycle().skip(turn).take(count);
        let found = in_turn.clone().find(|shard| !shard.primary.is_failing()).or_else(|| in_turn.next());
        found.map(|shard| Arc::clone(&shard.primary)).ok_or_else(|| half_configured(shards.uncovered()))
    }

    /// Whether requests like this one still go to `endpoint`.
    fn serves(&self, request: &Request, endpoint: &Arc<Endpoint>) -> bool {
        self.read(|shards| match request.route {
            Route::Slot(slot) => shards.of_slot(slot).is_some_and(|shard| {
                std::iter::once(&shard.primary).chain(&shard.replicas).any(|current| Arc::ptr_eq(current, endpoint))
            }),
            Route::Any | Route::Server(_) => shards.all().any(|current| Arc::ptr_eq(current, endpoint)),
        })
        .unwrap_or(true)
    }

    fn guest(&self, server: &Server) -> Result<Arc<Endpoint>> {
        match &mut *self.write() {
            View::Open(shards) => Ok(shards.guest(server, &self.environment)),
            View::Closed => Err(Error::closed()),
        }
    }

    /// Where a node can be reached that names itself like this to somebody at `asked`.
    fn reachable(&self, node: ClusterNode, asked: &Peer) -> Server {
        let here = match &asked.server {
            Server::Tcp { host, .. } => host.clone(),
            Server::Unix { .. } | Server::Pooled => String::new(),
        };
        let announced = Server::Tcp { host: node.host.unwrap_or(here), port: node.port };
        config::reachable(&self.settings.address_map, announced)
    }

    fn want(self: &Arc<Self>) {
        self.watch.want(self, |cluster| &cluster.watch);
    }

    /// Asks some nodes, and others if those do not answer, and at last the seeds, whose names may lead elsewhere by
    /// now. Of several answers the one after the latest change counts.
    async fn ask_around(&self) -> Result<Testimony> {
        let mut to_ask = self.whom_to_ask()?;
        let mut asked = FuturesUnordered::new();
        let mut heard: Vec<Testimony> = Vec::new();
        let mut failures = Vec::new();
        loop {
            while heard.is_empty()
                && asked.len() < ASKED_AT_ONCE
                && let Some(node) = to_ask.pop_front()
            {
                asked.push(self.ask(node));
            }
            let patience = if heard.is_empty() { HEDGE } else { LATECOMERS };
            match timeout(patience, asked.next()).await {
                Ok(Some(Ok(testimony))) => heard.push(testimony),
                Ok(Some(Err(failure))) => failures.push(failure),
                Ok(None) => break,
                Err(_) if !heard.is_empty() => break,
                Err(_) => asked.extend(to_ask.drain(..ASKED_AT_ONCE.min(to_ask.len())).map(|node| self.ask(node))),
            }
        }
        let covered = |said: &Testimony| said.spans.iter().map(Span::slots).sum::<usize>();
        let latest = heard.into_iter().max_by_key(|said| (said.epoch, covered(said)));
        latest.ok_or_else(|| unanswered("no node tells who has which slot;", &failures))
    }

    fn whom_to_ask(&self) -> Result<VecDeque<Arc<Endpoint>>> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let mut nodes: VecDeque<_> = self.read(|shards| {
            let (mut primaries, replicas): (Vec<_>, Vec<_>) =
                shards.all().cloned().partition(|endpoint| endpoint.peer().part == Part::ClusterNode);
            let middle = turn % primaries.len().max(1);
            primaries.rotate_left(middle);
            primaries.into_iter().chain(replicas).collect()
        })?;
        let seed =
            |server: &Server| Arc::new(Endpoint::new(Peer::new(server.clone(), Part::ClusterNode), &self.environment));
        let known: Vec<Server> = nodes.iter().map(|node| node.peer().server.clone()).collect();
        nodes.extend(self.settings.seeds.iter().filter(|server| !known.contains(server)).map(seed));
        Ok(nodes)
    }

    async fn ask(&self, node: Arc<Endpoint>) -> Result<Testimony> {
        let commands = [command::cluster_info(), command::cluster_slots()];
        let [info, slots] = inquire(&node, commands, &self.environment).await?;
        let epoch = reply::info_field(&info, "cluster_current_epoch").and_then(|epoch| epoch.trim().parse().ok());
        let slots = crate::error::checked(slots).map_err(|refusal| match refusal.kind() {
            ErrorKind::Other => refused(node.peer(), ErrorKind::Config, "is no node of a cluster"),
            kind => refused(node.peer(), kind, &refusal.to_string()),
        })?;
        let reachable = |other: ClusterNode| self.reachable(other, node.peer());
        let span = |range: reply::SlotRange| Span {
            first: range.first,
            last: range.last,
            primary: reachable(range.primary),
            replicas: range.replicas.into_iter().map(reachable).collect(),
        };
        let spans: Vec<_> = reply::slot_ranges(slots)?.into_iter().map(span).collect();
        if spans.is_empty() {
            return Err(refused(node.peer(), ErrorKind::Unavailable, "knows of no slots"));
        }
        // Who may not ask for it gets the answers in the order in which they come.
        Ok(Testimony { epoch: epoch.unwrap_or(0), spans })
    }

    /// Takes over what was said, with the connections to those who keep their part.
    fn believe(&self, said: &Testimony) -> Changed {
        let mut view = self.write();
        let View::Open(before) = &*view else { return Changed::No };
        let after = Shards::with_spans(before, &said.spans, &self.environment);
        let is_kept = |endpoint: &&Arc<Endpoint>| after.all().any(|kept| Arc::ptr_eq(kept, endpoint));
        before.all().filter(|endpoint| !is_kept(endpoint)).for_each(dismiss);
        let changed = if before.is_same(&after) { Changed::No } else { Changed::Yes };
        *view = View::Open(after);
        changed
    }

    fn read<T>(&self, look: impl FnOnce(&Shards) -> T) -> Result<T> {
        let view: RwLockReadGuard<'_, View> = self.view.read().unwrap_or_else(PoisonError::into_inner);
        match &*view {
            View::Open(shards) => Ok(look(shards)),
            View::Closed => Err(Error::closed()),
        }
    }

    fn write(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watchable for Cluster {
    async fn look(&self) -> Changed {
        // Without an answer everything stays as it was: nobody has said otherwise.
        self.ask_around().await.map_or(Changed::No, |testimony| self.believe(&testimony))
    }
}

fn half_configured(uncovered: usize) -> Error {
    unsettled(format!("slots without a node; slots={uncovered} option=coverage"))
}

fn disowned(slots: usize) -> Error {
    unsettled(format!("nodes have given slots away, to whom is not known yet; slots={slots}"))
}

fn without_node(slot: Slot) -> Error {
    unsettled(format!("no node has the slot; slot={slot}"))
}
