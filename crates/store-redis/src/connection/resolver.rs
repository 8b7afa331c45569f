//! Which endpoint serves a request, and what its faults say about that.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;

/// Knows where requests go. One implementation for each topology.
pub(super) trait Resolver: fmt::Debug + Send + Sync {
    /// The endpoint that serves requests now.
    fn endpoint(&self) -> Arc<Endpoint>;

    /// Takes note that the server behind `connection` said to be the wrong one. Tells whether that changed anything:
    /// if not, the next attempt would get the same answer.
    fn report_wrong_server(&self, connection: &NodeConnection) -> Changed;
}

/// Whether a report made a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Changed {
    Yes,
    No,
}

/// How long a name is taken to stand for the server that it stood for.
const NAME_STAYS: Duration = Duration::from_secs(1);

/// One address, for ever.
#[derive(Debug)]
pub(super) struct Fixed {
    endpoint: Arc<Endpoint>,
}

impl Fixed {
    pub(super) fn new(config: &Arc<Config>) -> Self {
        Self { endpoint: Arc::new(Endpoint::new(config)) }
    }
}

impl Resolver for Fixed {
    fn endpoint(&self) -> Arc<Endpoint> {
        Arc::clone(&self.endpoint)
    }

    /// The address stays, but what its name stands for may have changed since it was dialled: hosted servers fail over
    /// that way. Dialling resolves the name again. A connection this young has just done so, and a server that takes
    /// no writes must not be dialled once for every write.
    fn report_wrong_server(&self, connection: &NodeConnection) -> Changed {
        if connection.age() < NAME_STAYS {
            return Changed::No;
        }
        connection.retire();
        Changed::Yes
    }
}
