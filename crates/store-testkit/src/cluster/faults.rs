//! What a test can do to a Cluster as a whole.

use super::{ClusterDeployment, ClusterNode};
use crate::Error;

impl ClusterDeployment {
    /// Asks a replica of `primary` to replace it although nothing has failed and without losing a write
    /// (`CLUSTER FAILOVER`). [`await_failover`](Self::await_failover) says when it has.
    ///
    /// # Errors
    /// Those of [`replica_of`](Self::replica_of).
    pub fn fail_over(&self, primary: &ClusterNode) -> Result<(), Error> {
        self.replica_of(primary)?.command(&["CLUSTER", "FAILOVER"]).map(drop)
    }

    /// Moves the first `count` slots of `from`, with their keys, to `to`: one after the other, as an operator would
    /// while clients go on working.
    ///
    /// # Errors
    /// Those of [`begin_migration`](Self::begin_migration) and
    /// [`SlotMigration::finish`](crate::SlotMigration::finish); the slots before are moved then.
    pub fn reshard(&self, from: &ClusterNode, to: &ClusterNode, count: usize) -> Result<(), Error> {
        let slots: Vec<u16> = self.slots_of(from)?.take(count).collect();
        slots.into_iter().try_for_each(|slot| self.begin_migration(slot, to)?.finish())
    }

    /// Gives a user of every running node a new password in place of all former ones. The deployment's
    /// [`url`](Self::url) stays as it was.
    ///
    /// # Errors
    /// Those of [`RedisServer::rotate_password`](crate::RedisServer::rotate_password).
    pub fn rotate_password(&self, user: &str, password: &str) -> Result<(), Error> {
        self.running().try_for_each(|node| node.rotate_password(user, password))
    }
}
