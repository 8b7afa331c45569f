//! What a server is to others: a primary, or a replica of one.

use crate::resp::Reply;
use crate::{Error, RedisServer};

/// What a server says about its own part in replication.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Role {
    /// It takes writes.
    Primary,
    /// It follows a primary.
    Replica {
        /// The primary's port.
        primary_port: u16,
        /// Whether it is connected to it and has had its first copy of the data.
        link: Link,
    },
}

/// The state of a replica's connection to its primary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Every write reaches it.
    Up,
    /// It is connecting, or copies the data.
    Down,
}

impl RedisServer {
    /// Asks the server for its role.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::NotInTime`] when it does not answer within 500 ms, [`Error::Protocol`] when it is a
    /// sentinel.
    pub fn role(&self) -> Result<Role, Error> {
        read(&self.probe(&["ROLE"])?)
    }

    /// Whether this server would take a write now. Asks by a deletion of what is not there, which changes nothing.
    pub(crate) fn takes_writes(&self, key: &str) -> bool {
        self.probe(&["DEL", key]).is_ok()
    }

    /// Whether this server has everything that the primary at `port` sends.
    pub(crate) fn follows(&self, port: u16) -> bool {
        self.role().is_ok_and(|role| role == Role::Replica { primary_port: port, link: Link::Up })
    }
}

fn read(reply: &Reply) -> Result<Role, Error> {
    let unknown = Error::Protocol { met: "a ROLE that is neither a primary's nor a replica's" };
    let Reply::Array(fields) = reply else { return Err(unknown) };
    match fields.as_slice() {
        [name, ..] if name.as_text() == Some("master") => Ok(Role::Primary),
        [name, _, port, link, ..] if name.as_text() == Some("slave") => {
            let primary_port = port.as_integer().and_then(|port| u16::try_from(port).ok()).ok_or(unknown)?;
            let link = if link.as_text() == Some("connected") { Link::Up } else { Link::Down };
            Ok(Role::Replica { primary_port, link })
        }
        _ => Err(unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Bulk(text.as_bytes().to_vec())
    }

    #[test]
    fn a_replica_is_up_only_when_it_is_connected() {
        for (state, link) in [("connected", Link::Up), ("sync", Link::Down), ("connect", Link::Down)] {
            let fields = vec![text("slave"), text("127.0.0.1"), Reply::Integer(7001), text(state), Reply::Integer(-1)];
            assert_eq!(read(&Reply::Array(fields)).unwrap(), Role::Replica { primary_port: 7001, link });
        }
    }

    #[test]
    fn a_sentinel_has_no_role_in_replication() {
        assert!(read(&Reply::Array(vec![text("sentinel"), Reply::Array(vec![])])).is_err());
    }
}
