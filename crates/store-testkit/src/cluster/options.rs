//! What a test asks of a Cluster.

use std::time::Duration;

use crate::{Error, ServerOptions};

/// The form of a Cluster: by default three primaries with one replica each, which are replaced when they are silent for
/// 1 s.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterOptions {
    pub(crate) nodes: ServerOptions,
    pub(crate) primary_count: usize,
    pub(crate) replicas_per_primary: usize,
    pub(crate) node_timeout: Duration,
}

impl Default for ClusterOptions {
    fn default() -> Self {
        Self {
            nodes: ServerOptions::new(),
            primary_count: 3,
            replicas_per_primary: 1,
            node_timeout: Duration::from_secs(1),
        }
    }
}

impl ClusterOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What each node is started with.
    #[must_use]
    pub fn nodes(mut self, options: ServerOptions) -> Self {
        self.nodes = options;
        self
    }

    /// How many primaries share the slots; 3 unless told otherwise, which is the fewest that can replace one of them.
    #[must_use]
    pub fn primary_count(mut self, count: usize) -> Self {
        self.primary_count = count;
        self
    }

    /// How many replicas follow each primary; 1 unless told otherwise.
    #[must_use]
    pub fn replicas_per_primary(mut self, count: usize) -> Self {
        self.replicas_per_primary = count;
        self
    }

    /// How long a node may be silent before it counts as failed (`cluster-node-timeout`); 1 s unless told otherwise.
    #[must_use]
    pub fn node_timeout(mut self, silence: Duration) -> Self {
        self.node_timeout = silence;
        self
    }

    pub(crate) fn validate(&self) -> Result<(), Error> {
        match self.primary_count {
            0 => Err(Error::Options { reason: "a Cluster has at least one primary" }),
            _ => Ok(()),
        }
    }
}
