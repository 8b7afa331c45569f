//! The part of a [`Config`](crate::Config) that says which servers hold the data, and who of them is asked.

use std::time::Duration;

use crate::config::{Secret, Server, Tls};

/// Which servers hold the data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Deployment {
    /// One server, at an address that stays.
    Standalone(Server),
    /// A primary and its replicas, watched over by sentinels, which know who the primary is.
    Sentinel(Sentinel),
    /// Primaries that share the slots among them, each with replicas.
    Cluster(Cluster),
}

impl Deployment {
    /// Whether another server can come to have the part of one.
    pub(crate) fn changes(&self) -> bool {
        !matches!(self, Self::Standalone(_))
    }
}

/// Sentinels, and the service to ask them for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sentinel {
    /// Where the sentinels listen; at least one, all on TCP.
    pub sentinels: Vec<Server>,
    /// The name under which they watch the primary.
    pub service: String,
    /// The ACL user on the sentinels. None by default; it has nothing to do with the one on the servers.
    pub username: Option<Secret>,
    /// The password on the sentinels. None by default.
    pub password: Option<Secret>,
    /// TLS to the sentinels. None by default.
    pub tls: Option<Tls>,
    /// How many other sentinels one has to know of, before it is believed. 0 by default.
    ///
    /// A sentinel that was cut off from the others keeps naming the primary that it knew.
    pub min_other_sentinels: u32,
    /// How often the sentinels are asked although they have announced nothing. 1 s by default.
    pub poll_interval: Duration,
    /// Addresses of servers that the sentinels name, and where to reach them from here; as
    /// [`Cluster::address_map`]. Empty by default.
    pub address_map: Vec<(Server, Server)>,
}

impl Sentinel {
    /// Sentinels to ask for `service`, with every other setting at its default.
    pub fn new(sentinels: impl IntoIterator<Item = Server>, service: impl Into<String>) -> Self {
        Self {
            sentinels: sentinels.into_iter().collect(),
            service: service.into(),
            username: None,
            password: None,
            tls: None,
            min_other_sentinels: 0,
            poll_interval: Duration::from_secs(1),
            address_map: Vec::new(),
        }
    }

    /// Sets [`username`](Self::username) and [`password`](Self::password).
    #[must_use]
    pub fn with_user(mut self, username: impl Into<String>, password: impl Into<String>) -> Self {
        self.username = Some(Secret::new(username));
        self.with_password(password)
    }

    /// Sets [`password`](Self::password).
    #[must_use]
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::new(password));
        self
    }

    /// Sets [`tls`](Self::tls); `None` for none.
    #[must_use]
    pub fn with_tls(mut self, tls: impl Into<Option<Tls>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// Sets [`min_other_sentinels`](Self::min_other_sentinels).
    #[must_use]
    pub fn with_min_other_sentinels(mut self, others: u32) -> Self {
        self.min_other_sentinels = others;
        self
    }

    /// Sets [`poll_interval`](Self::poll_interval).
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Adds to [`address_map`](Self::address_map).
    #[must_use]
    pub fn with_address(mut self, announced: Server, reachable: Server) -> Self {
        self.address_map.push((announced, reachable));
        self
    }
}

/// Nodes of a cluster to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cluster {
    /// Where some nodes listen; at least one, all on TCP. The others are learnt from them. These are never forgotten:
    /// when every node that was learnt is gone, they are asked again, their names resolved anew.
    pub seeds: Vec<Server>,
    /// Whether every slot has to have a node. It has to by default.
    pub coverage: Coverage,
    /// How often the nodes are asked who has which slot although nothing went wrong. 30 s by default; `None` never
    /// does, and relies on what goes wrong.
    pub poll_interval: Option<Duration>,
    /// Addresses that the nodes announce, and where to reach them from here. Empty by default.
    ///
    /// For a cluster behind a network address translation. An announced address that is not here stays as it is.
    pub address_map: Vec<(Server, Server)>,
}

impl Cluster {
    /// A cluster with these nodes, with every other setting at its default.
    pub fn new(seeds: impl IntoIterator<Item = Server>) -> Self {
        Self {
            seeds: seeds.into_iter().collect(),
            coverage: Coverage::default(),
            poll_interval: Some(Duration::from_secs(30)),
            address_map: Vec::new(),
        }
    }

    /// Sets [`coverage`](Self::coverage).
    #[must_use]
    pub fn with_coverage(mut self, coverage: Coverage) -> Self {
        self.coverage = coverage;
        self
    }

    /// Sets [`poll_interval`](Self::poll_interval).
    #[must_use]
    pub fn with_poll_interval(mut self, interval: Option<Duration>) -> Self {
        self.poll_interval = interval;
        self
    }

    /// Adds to [`address_map`](Self::address_map).
    #[must_use]
    pub fn with_address(mut self, announced: Server, reachable: Server) -> Self {
        self.address_map.push((announced, reachable));
        self
    }
}

/// Whether a cluster is used while some of its slots have no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Coverage {
    /// No: connecting fails, and names how many slots are without a node.
    #[default]
    Full,
    /// Yes: only calls for keys in such a slot fail.
    Partial,
}

/// Which servers answer reads.
///
/// A replica lags behind its primary. It may not know a write that was acknowledged, and may still have what was
/// deleted; so the promises about reads that follow writes hold for [`Primary`](Self::Primary) alone.
/// `get` with renewal, `list`, `clear`, and everything that writes go to the primary always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ReadFrom {
    /// The primary.
    #[default]
    Primary,
    /// The replicas, one after another; where none can be reached, the call fails.
    Replica,
    /// The replicas, one after another; where none can be reached, the primary.
    PreferReplica,
}

/// How entries are spread over the slots of a cluster. It is a part of how keys are spelled, so all programs that share
/// data have to agree on it; on one server it changes nothing but that.
///
/// Programs that disagree do not see each other's entries, which are foreign keys to them: `clear` leaves them alone.
/// But namespaces of one segment are spelled alike by [`Root`](Self::Root) and [`PerNamespace`](Self::PerNamespace), and
/// entries without a namespace, `:key`, by all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SlotPolicy {
    /// A root namespace, with all that is nested in it, lies in one slot: `{root}/child:key`.
    ///
    /// Batches are atomic, and `list` and `clear` visit one node. A large application uses several roots.
    #[default]
    Root,
    /// Each namespace lies in a slot of its own: `{root/child}:key`.
    ///
    /// Batches are atomic; `list` and `clear` of a subtree visit every primary.
    PerNamespace,
    /// Each key lies in a slot of its own: `root/child:key`; braces in a key choose its slot.
    ///
    /// On a cluster, batches are atomic for each key alone; `list` and `clear` visit every primary. Without a brace to
    /// begin with, keys of other programs may look like entries: `app:7` is the key `7` of the namespace `app`.
    PerKey,
}

/// Where a server is reached from here that says it is at `announced`.
pub(crate) fn reachable(map: &[(Server, Server)], announced: Server) -> Server {
    let mapped = map.iter().find(|(from, _)| *from == announced);
    mapped.map_or(announced, |(_, to)| to.clone())
}
