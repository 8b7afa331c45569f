//! `--matrix`: the Redis driver on every topology, server release and protocol, in containers.
//!
//! Every topology meets every release. The protocols alternate over that board, so that each of them meets every
//! topology and every release as well, at half of what all combinations would take.

use anyhow::{Result, ensure};
use store_testkit::{BACKEND_VARIABLE, PROTOCOL_VARIABLE, Protocol, Release, SERVER_VARIABLE};

use super::report::DriverReport;
use super::{DRIVERS, Driver};

/// What is tried on each release; a cluster is another topology with each slot policy.
const TOPOLOGIES: [&str; 5] =
    ["redis-standalone", "redis-sentinel", "redis-cluster", "redis-cluster-per-namespace", "redis-cluster-per-key"];

/// One run of the suite.
pub(super) struct Row {
    pub(super) driver: &'static Driver,
    pub(super) release: Release,
    protocol: Protocol,
}

/// All of them, those of a release together.
pub(super) fn rows() -> impl Iterator<Item = Row> {
    let on_release = |(number, release): (usize, Release)| {
        let drivers = TOPOLOGIES.iter().filter_map(|name| DRIVERS.iter().find(|driver| driver.name == *name));
        let protocols = Protocol::ALL.into_iter().cycle().skip(number);
        drivers.zip(protocols).map(move |(driver, protocol)| Row { driver, release, protocol })
    };
    Release::ALL.into_iter().enumerate().flat_map(on_release)
}

impl Row {
    pub(super) fn name(&self) -> String {
        format!("{} on {} in {}", self.driver.name, self.release.name(), self.protocol.name())
    }

    /// What makes the driver's tests run as this row says.
    pub(super) fn environment(&self) -> [(&'static str, &'static str); 3] {
        [
            (BACKEND_VARIABLE, "docker"),
            (SERVER_VARIABLE, self.release.name()),
            (PROTOCOL_VARIABLE, self.protocol.name()),
        ]
    }

    /// A run that went elsewhere proves nothing about this row.
    pub(super) fn check_subject(&self, report: &DriverReport) -> Result<()> {
        let (name, version) = self.release.server_and_version();
        let server = report.subject("server");
        let meant = server.strip_prefix(&format!("{name} {version}")).is_some_and(|rest| rest.starts_with('.'));
        ensure!(meant, "ran on {server:?}");
        let protocol = report.subject("protocol");
        ensure!(protocol.eq_ignore_ascii_case(self.protocol.name()), "spoke {protocol:?}");
        ensure!(!report.subject("slot_policy").is_empty(), "does not say which slot policy");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn count_pairs<A: Ord, B: Ord>(pair: impl Fn(&Row) -> (A, B)) -> usize {
        rows().map(|row| pair(&row)).collect::<BTreeSet<_>>().len()
    }

    #[test]
    fn every_pair_of_topology_release_and_protocol_is_there() {
        let (topologies, releases, protocols) = (TOPOLOGIES.len(), Release::ALL.len(), Protocol::ALL.len());
        assert_eq!(rows().count(), topologies * releases);
        assert_eq!(count_pairs(|row| (row.driver.name, row.release)), topologies * releases);
        assert_eq!(count_pairs(|row| (row.driver.name, row.protocol)), topologies * protocols);
        assert_eq!(count_pairs(|row| (row.release, row.protocol)), releases * protocols);
    }

    #[test]
    fn a_run_on_another_server_or_in_another_protocol_is_refused() {
        let row = rows().next().unwrap();
        let accepts = |server: &str, protocol: &str| {
            let report = json!({
                "version": 1, "driver": row.driver.name, "server": server, "protocol": protocol, "slot_policy": "Root",
                "checks": [], "leaks": [],
            });
            row.check_subject(&DriverReport::parse(row.driver.name, &[report.to_string()]).unwrap()).is_ok()
        };
        assert!(accepts("redis 7.0.15", "RESP2"));
        assert!(!accepts("redis 7.01", "RESP2"));
        assert!(!accepts("valkey 7.0.15", "RESP2"));
        assert!(!accepts("redis 7.0.15", "RESP3"));
    }
}
