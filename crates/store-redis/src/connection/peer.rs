//! Who is at the other end of a connection.

use std::fmt;

use crate::config::Server;
use crate::environment::{Access, Environment};

/// A server, and the part in which it is dialled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Peer {
    pub(super) server: Server,
    pub(super) part: Part,
}

/// What a server has to be for a connection to be of use, and what it is told so that it behaves like that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// The one server, whatever it says that it is.
    Alone,
    /// The primary behind sentinels. One that says it is none is refused: a sentinel may not know yet.
    Primary,
    /// A replica behind sentinels. A primary is refused, for it would be one that nobody names as such.
    Replica,
    /// A node of a cluster, which answers for its own slots.
    ClusterNode,
    /// A node of a cluster that answers reads for the slots of its primary.
    ClusterReplica,
    /// A sentinel, which has users of its own and no databases.
    Sentinel,
}

impl Peer {
    pub(super) fn new(server: Server, part: Part) -> Self {
        Self { server, part }
    }

    /// How it is talked to. Sentinels know nothing of the users of the servers that they watch.
    pub(super) fn access<'a>(&self, environment: &'a Environment) -> &'a Access {
        match self.part {
            Part::Sentinel => &environment.sentinels,
            Part::Alone | Part::Primary | Part::Replica | Part::ClusterNode | Part::ClusterReplica => {
                &environment.servers
            }
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.server.fmt(f)
    }
}
