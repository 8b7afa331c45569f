//! One server at an address that stays.

use std::sync::Arc;
use std::time::Duration;

use store_core::Error;

use crate::config::Server;
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;
use crate::connection::peer::{Part, Peer};
use crate::connection::resolver::{Cause, Next};
use crate::environment::Environment;

/// How long a name is taken to stand for the server that it stood for.
const NAME_STAYS: Duration = Duration::from_secs(1);

/// One address, for ever.
#[derive(Debug)]
pub(crate) struct Fixed {
    endpoint: Arc<Endpoint>,
}

impl Fixed {
    pub(super) fn new(server: &Server, environment: &Arc<Environment>) -> Self {
        Self { endpoint: Arc::new(Endpoint::new(Peer::new(server.clone(), Part::Alone), environment)) }
    }

    pub(super) fn endpoint(&self) -> &Arc<Endpoint> {
        &self.endpoint
    }

    /// The address stays, but what its name stands for may have changed since it was dialled: hosted servers fail over
    /// that way. Dialling resolves the name again. A connection this young has just done so, and a server that takes
    /// no writes must not be dialled once for every write.
    pub(super) fn report(&self, cause: &Cause) -> Next {
        match cause {
            Cause::WrongServer(connection) if connection.age() >= NAME_STAYS => {
                connection.retire();
                Next::Pause
            }
            // A server that sends us away does so again.
            Cause::WrongServer(_) | Cause::Redirected(_) => Next::Never,
            Cause::Unreachable | Cause::Lost | Cause::Refused => Next::Pause,
        }
    }

    pub(super) fn close(&self) -> Vec<Arc<NodeConnection>> {
        self.endpoint.close(&Error::closed())
    }
}
