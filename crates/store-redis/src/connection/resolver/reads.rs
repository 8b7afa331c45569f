//! Which server a request goes to that a primary and its replicas can answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use store_core::Error;

use crate::config::{Config, ReadFrom};
use crate::connection::endpoint::Endpoint;
use crate::connection::resolver::unsettled;
use crate::request::Source;

/// Who answers a request that asks for `source`.
pub(super) fn read_from(source: Source, config: &Config) -> ReadFrom {
    match source {
        Source::Primary => ReadFrom::Primary,
        Source::AsConfigured => config.read_from,
    }
}

/// The endpoint that a read goes to. Replicas take turns, but for those that cannot be reached at the moment.
pub(super) fn pick(
    read_from: ReadFrom,
    primary: &Arc<Endpoint>,
    replicas: &[Arc<Endpoint>],
    next: &AtomicUsize,
) -> Option<Arc<Endpoint>> {
    if read_from == ReadFrom::Primary {
        return Some(Arc::clone(primary));
    }
    let turn = next.fetch_add(1, Ordering::Relaxed) % replicas.len().max(1);
    let (before, after) = replicas.split_at_checked(turn).unwrap_or((replicas, &[]));
    let mut in_turn = after.iter().chain(before);
    let replica = in_turn.clone().find(|replica| !replica.is_failing());
    match read_from {
        ReadFrom::Primary | ReadFrom::PreferReplica => Some(Arc::clone(replica.unwrap_or(primary))),
        // One that cannot be reached says why in its error.
        ReadFrom::Replica => replica.or_else(|| in_turn.next()).cloned(),
    }
}

pub(super) fn no_replica(of: &str) -> Error {
    unsettled(format!("no replica can answer; of={of} option=read_from"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Server;
    use crate::connection::peer::{Part, Peer};
    use crate::environment::Environment;

    #[test]
    fn replicas_take_turns_and_the_primary_stands_in_only_where_it_may() {
        let environment = Arc::new(Environment::new(Config::tcp("h", 1)));
        let endpoint = |port, part| Arc::new(Endpoint::new(Peer::new(Server::tcp("h", port), part), &environment));
        let (primary, replicas) = (endpoint(10, Part::Primary), [11, 12].map(|port| endpoint(port, Part::Replica)));
        let next = AtomicUsize::new(0);
        let picked = |read_from, replicas: &[_]| {
            pick(read_from, &primary, replicas, &next).map(|endpoint| endpoint.peer().server.clone())
        };
        for expected in [11, 12, 11] {
            assert_eq!(picked(ReadFrom::Replica, &replicas), Some(Server::tcp("h", expected)));
        }
        assert_eq!(picked(ReadFrom::Primary, &replicas), Some(Server::tcp("h", 10)));
        assert_eq!(picked(ReadFrom::PreferReplica, &[]), Some(Server::tcp("h", 10)));
        assert_eq!(picked(ReadFrom::Replica, &[]), None);
    }
}
