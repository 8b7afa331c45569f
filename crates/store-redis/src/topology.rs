//! The servers behind a store.

use std::ops::RangeInclusive;

use store_core::Topology;

use crate::config::Server;
use crate::connection::Role;
use crate::slot::Slot;

/// The servers behind a store, as it knew them at one moment.
///
/// It is what calls go by, not what is true: after a failover it is right as soon as the store has heard of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Servers {
    /// How they belong together.
    pub topology: Topology,
    /// All that are known, each primary followed by its replicas.
    pub members: Vec<Member>,
}

/// One of the servers behind a store.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Member {
    /// Where it is reached.
    pub server: Server,
    /// What it is for.
    pub role: Role,
    /// The slots that it has, as runs in their order; for a replica those of its primary. Empty but on a Cluster.
    pub slots: Vec<RangeInclusive<Slot>>,
}

impl Member {
    pub(crate) fn standalone(server: Server) -> Self {
        Self { server, role: Role::Standalone, slots: Vec::new() }
    }

    pub(crate) fn primary(server: Server, slots: Vec<RangeInclusive<Slot>>) -> Self {
        Self { server, role: Role::Primary, slots }
    }

    pub(crate) fn replica(server: Server, slots: Vec<RangeInclusive<Slot>>) -> Self {
        Self { server, role: Role::Replica, slots }
    }
}
