//! Making a Cluster of single nodes, by commands.

use super::view::{Line, SLOTS, Slots, View};
use super::{ClusterNode, ClusterOptions, FAILOVER_LIMIT};
use crate::faults::whole_millis;
use crate::node::Launcher;
use crate::options::Mode;
use crate::{Error, RedisServer, wait_until};

/// The nodes, primaries first. They are told all they have to know, and may still be telling each other.
pub(super) fn assemble(launcher: &dyn Launcher, options: &ClusterOptions) -> Result<Vec<ClusterNode>, Error> {
    let count = options.primary_count * (1 + options.replicas_per_primary);
    let timeout = whole_millis(options.node_timeout);
    let server = options.nodes.clone().in_deployment(Mode::ClusterNode).directive("cluster-node-timeout", timeout);
    let nodes = (0..count).map(|_| launch(launcher, &server)).collect::<Result<Vec<_>, _>>()?;
    let (primaries, replicas) = nodes.split_at(options.primary_count.min(count));
    share_slots(primaries)?;
    for (number, node) in (1..).zip(&nodes) {
        // Nodes that begin with the same epoch take turns to raise it, which would delay the agreement.
        node.command(&["CLUSTER", "SET-CONFIG-EPOCH", &i32::to_string(&number)])?;
    }
    introduce(&nodes)?;
    replicas.iter().zip(primaries.iter().cycle()).try_for_each(|(replica, primary)| replicate(replica, primary))?;
    Ok(nodes)
}

fn launch(launcher: &dyn Launcher, options: &crate::ServerOptions) -> Result<ClusterNode, Error> {
    let server = RedisServer::launch(launcher, options)?;
    let reply = server.command(&["CLUSTER", "MYID"])?;
    let id = reply.as_text().ok_or(Error::Protocol { met: "a node without an id" })?.to_owned();
    Ok(ClusterNode { server, id })
}

/// Runs of slots that differ in length by at most one.
fn share_slots(primaries: &[ClusterNode]) -> Result<(), Error> {
    let count = primaries.len();
    let bound = |number: usize| usize::from(SLOTS) * number / count;
    for (number, primary) in primaries.iter().enumerate() {
        let (first, last) = (bound(number).to_string(), (bound(number + 1) - 1).to_string());
        primary.command(&["CLUSTER", "ADDSLOTSRANGE", &first, &last])?;
    }
    Ok(())
}

/// The first node meets all others, and gossip does the rest.
fn introduce(nodes: &[ClusterNode]) -> Result<(), Error> {
    let Some((first, others)) = nodes.split_first() else { return Ok(()) };
    for other in others {
        let port = other.port().unwrap_or_default().to_string();
        let bus_port = myself(other)?.bus_port.to_string();
        first.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus_port])?;
    }
    Ok(())
}

fn myself(node: &RedisServer) -> Result<Line, Error> {
    View::ask(node)?.into_myself().ok_or(Error::Protocol { met: "a CLUSTER NODES without the node itself" })
}

/// A replica has to have heard of its primary first.
fn replicate(replica: &ClusterNode, primary: &ClusterNode) -> Result<(), Error> {
    let knows = || View::ask(replica).is_ok_and(|view| view.finds_healthy(&primary.id));
    wait_until("a replica that knows its primary", FAILOVER_LIMIT, || knows().then_some(()))?;
    replica.command(&["CLUSTER", "REPLICATE", &primary.id]).map(drop)
}

/// A key that nobody uses, in one of the slots.
pub(super) fn key_in(node: &RedisServer, slots: &Slots) -> Result<String, Error> {
    let mut connection = node.connect()?;
    let mut number = 0;
    loop {
        let key = format!("store-testkit:probe-{number}");
        let slot = connection.command(&["CLUSTER", "KEYSLOT", &key])?.as_integer();
        if slot.is_some_and(|slot| u16::try_from(slot).is_ok_and(|slot| slots.contains(&slot))) {
            return Ok(key);
        }
        number += 1;
    }
}
