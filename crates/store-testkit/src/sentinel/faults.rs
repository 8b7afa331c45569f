//! What a test can do to a Sentinel deployment as a whole.

use super::{SERVICE, SentinelDeployment};
use crate::{Error, RedisServer};

impl SentinelDeployment {
    /// Asks a sentinel for a failover although nothing has failed (`SENTINEL FAILOVER`), and returns the primary that is
    /// going to be replaced. [`await_failover`](Self::await_failover) says when it is.
    ///
    /// # Errors
    /// [`Error::Refused`] while another failover is under way or no replica is fit, [`Error::Down`] when no sentinel
    /// runs; otherwise those of [`primary`](Self::primary).
    pub fn fail_over(&self) -> Result<&RedisServer, Error> {
        let former = self.primary()?;
        let sentinel = self.sentinels.iter().find(|sentinel| sentinel.is_running()).ok_or(Error::Down)?;
        sentinel.command(&["SENTINEL", "FAILOVER", SERVICE])?;
        Ok(former)
    }

    /// Swaps the primary with a replica behind the sentinels' back, and returns the former primary. It keeps the
    /// connections of its clients, refuses their writes, and the sentinels go on naming it until they notice, some 20 s
    /// later, and fail over themselves.
    ///
    /// # Errors
    /// [`Error::Down`] when no replica follows the primary; otherwise those of [`primary`](Self::primary).
    pub fn demote_by_hand(&self) -> Result<&RedisServer, Error> {
        let former = self.primary()?;
        let next = *self.replicas()?.first().ok_or(Error::Down)?;
        next.promote()?;
        former.replicate(next)?;
        Ok(former)
    }

    /// Gives a user of every running data server a new password in place of all former ones. The deployment's
    /// [`url`](Self::url) stays as it was.
    ///
    /// # Errors
    /// Those of [`RedisServer::rotate_password`].
    pub fn rotate_password(&self, user: &str, password: &str) -> Result<(), Error> {
        let mut running = self.servers.iter().filter(|server| server.is_running());
        running.try_for_each(|server| server.rotate_password(user, password))
    }
}
