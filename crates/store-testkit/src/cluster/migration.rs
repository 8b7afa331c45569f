//! A slot on its way from one primary to another.

use super::{ClusterDeployment, ClusterNode};
use crate::Error;
use crate::config::control_credentials;
use crate::resp::Reply;

/// How many keys one `MIGRATE` moves: few enough that neither node stands still for long.
const BATCH: usize = 100;

/// How long one `MIGRATE` may wait for the other node, in milliseconds.
const MOVE_LIMIT: &str = "4000";

/// A slot that is half on one primary and half on another. The former refers clients for keys that it does not have to
/// the latter (`ASK`), and both refuse commands on several keys of which each has some (`TRYAGAIN`).
///
/// Dropping this value leaves the slot as it is.
#[derive(Debug)]
#[must_use = "a slot is on its way until the migration is finished or undone"]
pub struct SlotMigration<'a> {
    cluster: &'a ClusterDeployment,
    slot: u16,
    from: &'a ClusterNode,
    to: &'a ClusterNode,
}

impl ClusterDeployment {
    /// Begins to move `slot` to `to`, and moves no key yet.
    ///
    /// # Errors
    /// [`Error::Refused`] when `to` is a replica or serves the slot already; otherwise those of
    /// [`primary_of_slot`](Self::primary_of_slot).
    pub fn begin_migration<'a>(&'a self, slot: u16, to: &'a ClusterNode) -> Result<SlotMigration<'a>, Error> {
        let from = self.primary_of_slot(slot)?;
        let number = slot.to_string();
        to.command(&["CLUSTER", "SETSLOT", &number, "IMPORTING", from.id()])?;
        from.command(&["CLUSTER", "SETSLOT", &number, "MIGRATING", to.id()])?;
        Ok(SlotMigration { cluster: self, slot, from, to })
    }
}

impl<'a> SlotMigration<'a> {
    /// The slot.
    #[must_use]
    pub fn slot(&self) -> u16 {
        self.slot
    }

    /// The primary that still owns the slot.
    #[must_use]
    pub fn from(&self) -> &'a ClusterNode {
        self.from
    }

    /// The primary that will own the slot.
    #[must_use]
    pub fn to(&self) -> &'a ClusterNode {
        self.to
    }

    /// Moves at most `count` keys, and returns how many it moved: fewer when no more were left.
    ///
    /// # Errors
    /// Those of [`RedisServer::command`](crate::RedisServer::command).
    pub fn move_keys(&self, count: usize) -> Result<usize, Error> {
        let mut moved = 0;
        while moved < count {
            let keys = self.keys_left(BATCH.min(count - moved))?;
            if keys.is_empty() {
                break;
            }
            self.migrate(&keys)?;
            moved += keys.len();
        }
        Ok(moved)
    }

    /// Moves one key. Nothing happens when the slot's owner does not have it.
    ///
    /// # Errors
    /// Those of [`RedisServer::command`](crate::RedisServer::command).
    pub fn move_key(&self, key: impl AsRef<[u8]>) -> Result<(), Error> {
        self.migrate(&[key.as_ref().to_vec()])
    }

    /// Moves the keys that are left and gives the slot to its new owner, of which all running primaries are told.
    ///
    /// # Errors
    /// Those of [`RedisServer::command`](crate::RedisServer::command).
    pub fn finish(self) -> Result<(), Error> {
        self.move_keys(usize::MAX)?;
        // The new owner first, so that there is one at every moment, and the former one next, because it refers clients
        // to the new one.
        let others =
            self.cluster.primaries().into_iter().filter(|node| ![self.from.id(), self.to.id()].contains(&node.id()));
        [self.to, self.from].into_iter().chain(others).try_for_each(|node| {
            node.command(&["CLUSTER", "SETSLOT", &self.slot.to_string(), "NODE", self.to.id()]).map(drop)
        })
    }

    /// Brings the slot and its keys back to its former owner. It goes all the way first: only with an owner that refers
    /// clients to the other node are they safe while keys move.
    ///
    /// # Errors
    /// Those of [`RedisServer::command`](crate::RedisServer::command).
    pub fn undo(self) -> Result<(), Error> {
        let (cluster, slot, from) = (self.cluster, self.slot, self.from);
        self.finish()?;
        cluster.begin_migration(slot, from)?.finish()
    }

    fn keys_left(&self, count: usize) -> Result<Vec<Vec<u8>>, Error> {
        let keys = self.from.command(&["CLUSTER", "GETKEYSINSLOT", &self.slot.to_string(), &count.to_string()])?;
        let Reply::Array(keys) = keys else { return Err(Error::Protocol { met: "no list of keys" }) };
        let keys = keys.into_iter().map(|key| match key {
            Reply::Bulk(key) => Ok(key),
            _ => Err(Error::Protocol { met: "a key that is no string" }),
        });
        keys.collect()
    }

    fn migrate(&self, keys: &[Vec<u8>]) -> Result<(), Error> {
        let login = control_credentials();
        let port = self.to.port().unwrap_or_default().to_string();
        let user = login.user.unwrap_or_default();
        let head = ["MIGRATE", "127.0.0.1", &port, "", "0", MOVE_LIMIT, "AUTH2", &user, &login.password, "KEYS"];
        let arguments: Vec<&[u8]> = head.into_iter().map(str::as_bytes).chain(keys.iter().map(Vec::as_slice)).collect();
        self.from.command(&arguments).map(drop)
    }
}
