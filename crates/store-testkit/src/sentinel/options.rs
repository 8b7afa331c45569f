//! What a test asks of a Sentinel deployment.

use std::time::Duration;

use crate::{Error, ServerOptions, Tls};

/// The form of a Sentinel deployment: by default one primary, two replicas and three sentinels, two of which agree on
/// a failure after 500 ms.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentinelOptions {
    pub(crate) servers: ServerOptions,
    pub(crate) sentinels: ServerOptions,
    pub(crate) replica_count: usize,
    pub(crate) sentinel_count: usize,
    pub(crate) quorum: Option<usize>,
    pub(crate) down_after: Duration,
    pub(crate) failover_timeout: Duration,
}

impl Default for SentinelOptions {
    fn default() -> Self {
        Self {
            servers: ServerOptions::new(),
            sentinels: ServerOptions::new(),
            replica_count: 2,
            sentinel_count: 3,
            quorum: None,
            down_after: Duration::from_millis(500),
            failover_timeout: Duration::from_secs(3),
        }
    }
}

impl SentinelOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What the primary and each replica are started with.
    #[must_use]
    pub fn servers(mut self, options: ServerOptions) -> Self {
        self.servers = options;
        self
    }

    /// What each sentinel is started with: their credentials are their own, and so are their directives.
    #[must_use]
    pub fn sentinels(mut self, options: ServerOptions) -> Self {
        self.sentinels = options;
        self
    }

    /// How many replicas follow the primary; 2 unless told otherwise.
    #[must_use]
    pub fn replica_count(mut self, count: usize) -> Self {
        self.replica_count = count;
        self
    }

    /// How many sentinels watch; 3 unless told otherwise.
    #[must_use]
    pub fn sentinel_count(mut self, count: usize) -> Self {
        self.sentinel_count = count;
        self
    }

    /// How many sentinels have to find the primary dead before it counts as dead; the majority unless told otherwise.
    #[must_use]
    pub fn quorum(mut self, sentinels: usize) -> Self {
        self.quorum = Some(sentinels);
        self
    }

    /// How long the primary may be silent before a sentinel finds it dead (`down-after-milliseconds`); 500 ms unless
    /// told otherwise.
    #[must_use]
    pub fn down_after(mut self, silence: Duration) -> Self {
        self.down_after = silence;
        self
    }

    /// How long one attempt to fail over may take (`failover-timeout`), and half of how long sentinels wait between
    /// two of them; 3 s unless told otherwise.
    #[must_use]
    pub fn failover_timeout(mut self, timeout: Duration) -> Self {
        self.failover_timeout = timeout;
        self
    }

    /// TLS on the servers and on the sentinels: a sentinel uses one way for all that it talks to, so it is on both or on
    /// neither. Their certificates can be given one by one in their options.
    #[must_use]
    pub fn tls(mut self, tls: &Tls) -> Self {
        self.servers = self.servers.tls(tls.clone());
        self.sentinels = self.sentinels.tls(tls.clone());
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        if self.servers.security() != self.sentinels.security() {
            return Err(Error::Options { reason: "TLS is on the servers and the sentinels, or on neither" });
        }
        if self.sentinel_count == 0 {
            return Err(Error::Options { reason: "a Sentinel deployment has at least one sentinel" });
        }
        Ok(())
    }

    pub(crate) fn agreeing(&self) -> usize {
        self.quorum.unwrap_or(self.sentinel_count / 2 + 1)
    }
}
