//! A Cluster: primaries that share the slots, and their replicas.

mod assembly;
mod faults;
mod migration;
mod options;
mod view;

use std::ops::Deref;
use std::time::Duration;

use crate::faults::whole_millis;
use crate::node::Launcher;
use crate::{Backend, Error, RedisServer, wait_until};

pub use migration::SlotMigration;
pub use options::ClusterOptions;
use view::{Line, Part, View};

/// How long a failover may take, with room for a machine that builds and tests at the same time.
const FAILOVER_LIMIT: Duration = Duration::from_secs(60);

/// A Cluster of nodes on 127.0.0.1. Dropping it ends all of them.
///
/// Nothing here remembers who is a primary: every node is asked about itself, and where two claim the same slot the
/// later configuration wins, as it does among the nodes.
#[derive(Debug)]
pub struct ClusterDeployment {
    nodes: Vec<ClusterNode>,
    url: String,
}

/// A server that is a node of a Cluster.
#[derive(Debug)]
pub struct ClusterNode {
    server: RedisServer,
    id: String,
}

impl ClusterNode {
    /// The id that the node gave itself and keeps over restarts.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

impl Deref for ClusterNode {
    type Target = RedisServer;

    fn deref(&self) -> &RedisServer {
        &self.server
    }
}

impl ClusterDeployment {
    /// Starts the Cluster, and returns when every node sees all others and a whole Cluster, every replica follows its
    /// primary, and every primary takes writes. That takes some 2 s, because a primary takes none in the first two.
    ///
    /// # Errors
    /// Those of [`RedisServer::start`]; [`Error::NotInTime`] when the nodes do not agree within 60 s;
    /// [`Error::Options`] when it has no primary;
    /// [`Error::OnlyOnProcess`] when [`BACKEND_VARIABLE`](crate::BACKEND_VARIABLE) names a URL.
    pub fn start(options: ClusterOptions) -> Result<Self, Error> {
        Self::launch(&*Backend::from_environment()?.launcher("a Cluster")?, &options)
    }

    pub(crate) fn launch(launcher: &dyn Launcher, options: &ClusterOptions) -> Result<Self, Error> {
        options.validate()?;
        let nodes = assembly::assemble(launcher, options)?;
        let credentials = options.nodes.login.as_ref().map_or_else(String::new, |login| login.user_info());
        let hosts: Vec<_> = nodes.iter().filter_map(|node| node.host_and_port()).collect();
        let suffix = options.nodes.security().suffix();
        let deployment = Self { nodes, url: format!("redis+cluster{suffix}://{credentials}{}", hosts.join(",")) };
        deployment.await_settled()?;
        Ok(deployment)
    }

    /// The URL to give to a client: `redis+cluster://[user:password@]127.0.0.1:p1,127.0.0.1:p2,…` with all nodes.
    /// With TLS the scheme is `redis+clusters`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// All nodes, whatever their part is now; the first ones began as the primaries.
    #[must_use]
    pub fn nodes(&self) -> &[ClusterNode] {
        &self.nodes
    }

    /// The running primaries that serve slots, in the order of these.
    #[must_use]
    pub fn primaries(&self) -> Vec<&ClusterNode> {
        let all = self.claims();
        let is_outdated = |claim: &Line| all.iter().any(|(_, other)| other.overrules(claim));
        let mut claims: Vec<_> = all.iter().filter(|(_, claim)| !is_outdated(claim)).collect();
        claims.sort_by_key(|(_, claim)| claim.slots().iter().map(|range| *range.start()).min());
        claims.into_iter().map(|(node, _)| *node).collect()
    }

    /// The primary that serves `slot`. Waits for one while there is none, as during a failover.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when nobody serves the slot within 60 s.
    pub fn primary_of_slot(&self, slot: u16) -> Result<&ClusterNode, Error> {
        wait_until("a primary that serves the slot", FAILOVER_LIMIT, || self.server_of(slot))
    }

    /// A running replica that follows `primary`.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when there is none within 60 s.
    pub fn replica_of(&self, primary: &ClusterNode) -> Result<&ClusterNode, Error> {
        let port = primary.port().unwrap_or_default();
        wait_until("a replica of the primary", FAILOVER_LIMIT, || self.running().find(|node| node.follows(port)))
    }

    /// The slot that `key` belongs to, as the servers compute it.
    ///
    /// # Errors
    /// [`Error::Down`] when no node runs; otherwise those of [`RedisServer::command`].
    pub fn slot_of(&self, key: impl AsRef<[u8]>) -> Result<u16, Error> {
        let node = self.running().next().ok_or(Error::Down)?;
        let slot = node.command(&[b"CLUSTER".as_slice(), b"KEYSLOT", key.as_ref()])?;
        slot.as_integer().and_then(|slot| u16::try_from(slot).ok()).ok_or(Error::Protocol { met: "no slot" })
    }

    /// Waits until nothing is left to repair: every running node sees a whole Cluster and the same primaries, all of
    /// them running; each of these takes writes; and every other running node follows one of them.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when that is not so within 60 s.
    pub fn await_settled(&self) -> Result<(), Error> {
        wait_until("a settled Cluster", FAILOVER_LIMIT, || self.is_settled().then_some(()))
    }

    /// Changes how long a node may be silent before it counts as failed. A node that is restarted has what the Cluster was
    /// started with again ([`ClusterOptions::node_timeout`]).
    ///
    /// With replicas that are to replace nobody, say, or where a busy machine may hold a node up for seconds. It is not for
    /// the start to do so, because the nodes tell each other the less often the longer this is, and take minutes to agree.
    ///
    /// # Errors
    /// Those of [`RedisServer::command`], for the first node that does not do it.
    pub fn set_node_timeout(&self, silence: Duration) -> Result<(), Error> {
        let silence = whole_millis(silence);
        let set = |node: &ClusterNode| node.command(&["CONFIG", "SET", "cluster-node-timeout", &silence]).map(drop);
        self.nodes.iter().try_for_each(set)
    }

    /// Waits until `former` serves no slot and nothing is left to repair, as [`await_settled`](Self::await_settled)
    /// says it.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when that is not so within 60 s.
    pub fn await_failover(&self, former: &ClusterNode) -> Result<(), Error> {
        let serves = || self.claims().iter().any(|(node, _)| node.id == former.id);
        wait_until("the end of the failover", FAILOVER_LIMIT, || (!serves() && self.is_settled()).then_some(()))
    }

    fn running(&self) -> impl Iterator<Item = &ClusterNode> {
        self.nodes.iter().filter(|node| node.is_running())
    }

    /// What each running primary with slots says about itself.
    fn claims(&self) -> Vec<(&ClusterNode, Line)> {
        let lines = self.running().filter_map(|node| Some((node, View::ask(node).ok()?.into_myself()?)));
        lines.filter(|(_, line)| !line.slots().is_empty()).collect()
    }

    /// The slots that the node serves by its own account.
    fn slots_of(&self, node: &ClusterNode) -> Result<impl Iterator<Item = u16> + use<>, Error> {
        let line = View::ask(node)?.into_myself();
        let slots = line.map(|line| line.slots().to_vec()).unwrap_or_default();
        Ok(slots.into_iter().flatten())
    }

    fn server_of(&self, slot: u16) -> Option<&ClusterNode> {
        let claims = self.claims().into_iter().filter(|(_, claim)| claim.serves(slot));
        claims.max_by_key(|(_, claim)| claim.epoch).map(|(node, _)| node)
    }

    fn is_settled(&self) -> bool {
        let Ok(views) = self.running().map(|node| View::ask(node)).collect::<Result<Vec<_>, _>>() else {
            return false;
        };
        let Some(agreed) = views.first() else { return false };
        let sees_all = |view: &View| self.running().all(|node| view.finds_healthy(&node.id));
        views.iter().all(|view| view.agrees_with(agreed) && sees_all(view))
            && self.running().all(|node| view::is_whole(node, self.nodes.len()) && self.plays(node, agreed))
    }

    /// Whether the node does what the view says it does.
    fn plays(&self, node: &ClusterNode, view: &View) -> bool {
        match view.of(&node.id).map(|line| &line.part) {
            Some(Part::Primary { slots }) => {
                slots.first().is_none_or(|slots| assembly::key_in(node, slots).is_ok_and(|key| node.takes_writes(&key)))
            }
            Some(Part::Replica { of }) => {
                let primary = self.running().find(|node| node.id == *of).and_then(|primary| primary.port());
                primary.is_some_and(|port| node.follows(port))
            }
            None => false,
        }
    }
}
