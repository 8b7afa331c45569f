//! What a test can do to a server that its users would not.
//!
//! Killing, stopping and restarting are in `server.rs`; here is what is done by commands.

use std::time::Duration;

use crate::{Error, RedisServer, wait_until};

/// A first copy of the data takes some 10 ms; the rest is for machines that build and test at the same time.
const LINK_LIMIT: Duration = Duration::from_secs(60);

/// What a pause holds up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// Every command.
    Everything,
    /// Commands that may write. Reads are answered.
    Writes,
}

impl RedisServer {
    /// Closes the connections of all clients but subscribers (`CLIENT KILL TYPE normal`), among them those of the
    /// sentinels. Returns how many there were.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn kill_clients(&self) -> Result<u64, Error> {
        let killed = self.command(&["CLIENT", "KILL", "TYPE", "normal"])?.as_integer();
        killed.and_then(|count| u64::try_from(count).ok()).ok_or(Error::Protocol { met: "no count of clients" })
    }

    /// Holds up clients for `duration`, in whole milliseconds rounded up (`CLIENT PAUSE`). The server holds up our
    /// own commands as well, so what follows a pause of everything waits for its end.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn pause(&self, pause: Pause, duration: Duration) -> Result<(), Error> {
        let mode = match pause {
            Pause::Everything => "ALL",
            Pause::Writes => "WRITE",
        };
        self.command(&["CLIENT", "PAUSE", &whole_millis(duration), mode]).map(drop)
    }

    /// Ends a pause of writes (`CLIENT UNPAUSE`).
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn unpause(&self) -> Result<(), Error> {
        self.command(&["CLIENT", "UNPAUSE"]).map(drop)
    }

    /// Makes the server a replica of `primary`, whoever watches it (`REPLICAOF`). A server that was a primary refuses
    /// writes from then on, keeps its clients' connections, and later drops its data for that of `primary`.
    ///
    /// # Errors
    /// [`Error::Refused`] on a node of a Cluster; otherwise those of [`command`](Self::command).
    pub fn replicate(&self, primary: &Self) -> Result<(), Error> {
        let port = primary.port().unwrap_or_default().to_string();
        self.command(&["REPLICAOF", "127.0.0.1", &port]).map(drop)
    }

    /// Makes the server a primary, whoever watches it (`REPLICAOF NO ONE`). Its data stays.
    ///
    /// # Errors
    /// [`Error::Refused`] on a node of a Cluster; otherwise those of [`command`](Self::command).
    pub fn promote(&self) -> Result<(), Error> {
        self.command(&["REPLICAOF", "NO", "ONE"]).map(drop)
    }

    /// Waits until the server, a replica of `primary`, has its data and is sent every further write.
    ///
    /// # Errors
    /// [`Error::NotInTime`] when that is not so within 60 s.
    pub fn await_link(&self, primary: &Self) -> Result<(), Error> {
        let port = primary.port().unwrap_or_default();
        wait_until("a replica that follows its primary", LINK_LIMIT, || self.follows(port).then_some(()))
    }

    /// Leaves no memory for writes: those that need some are refused with `OOM`.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn exhaust_memory(&self) -> Result<(), Error> {
        self.configure("maxmemory", "1")
    }

    /// Undoes [`exhaust_memory`](Self::exhaust_memory): the server then has no limit, also if it was started with one.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn restore_memory(&self) -> Result<(), Error> {
        self.configure("maxmemory", "0")
    }

    /// Makes the server forget all scripts (`SCRIPT FLUSH`).
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn flush_scripts(&self) -> Result<(), Error> {
        self.command(&["SCRIPT", "FLUSH"]).map(drop)
    }

    /// Makes the server refuse writes with `NOREPLICAS` while fewer than `count` replicas follow it
    /// (`min-replicas-to-write`).
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn require_replicas(&self, count: usize) -> Result<(), Error> {
        self.configure("min-replicas-to-write", &count.to_string())
    }

    /// Makes or changes a user by rules such as `on`, `>password`, `~*`, `+@read` (`ACL SETUSER`). Connections that are
    /// logged in as that user feel it with their next command.
    ///
    /// # Errors
    /// [`Error::Refused`] for a rule that the server does not know; otherwise those of [`command`](Self::command).
    pub fn set_user(&self, name: &str, rules: &[&str]) -> Result<(), Error> {
        self.command(&[&["ACL", "SETUSER", name], rules].concat()).map(drop)
    }

    /// Removes a user, and closes the connections that are logged in as that user (`ACL DELUSER`).
    ///
    /// # Errors
    /// [`Error::Refused`] for the default user; otherwise those of [`command`](Self::command).
    pub fn delete_user(&self, name: &str) -> Result<(), Error> {
        self.command(&["ACL", "DELUSER", name]).map(drop)
    }

    /// Gives a user a new password in place of all former ones; the user without a name is `default`. Connections that
    /// are logged in stay so.
    ///
    /// # Errors
    /// Those of [`command`](Self::command).
    pub fn rotate_password(&self, user: &str, password: &str) -> Result<(), Error> {
        self.set_user(user, &["resetpass", &format!(">{password}")])
    }

    /// Changes one setting while the server runs (`CONFIG SET`).
    ///
    /// # Errors
    /// [`Error::Refused`] for a setting that the server does not know; otherwise those of [`command`](Self::command).
    pub fn configure(&self, name: &str, value: &str) -> Result<(), Error> {
        self.command(&["CONFIG", "SET", name, value]).map(drop)
    }
}

/// As the servers take durations: rounded up, so that none becomes zero.
pub(crate) fn whole_millis(duration: Duration) -> String {
    duration.as_micros().div_ceil(1000).to_string()
}
