//! The seam between how a node is launched and what is done with it.
//!
//! A topology is assembled by commands over RESP connections to nodes that a [`Launcher`] gave it; it never knows
//! whether they are processes or something else. Whoever can launch a node on 127.0.0.1, and control it, can supply
//! every deployment.

use crate::endpoint::Endpoint;
use crate::identity::Identity;
use crate::{Error, ServerOptions};

/// Where nodes come from.
pub(crate) trait Launcher {
    /// Starts one node at a free place and returns when it answers.
    fn launch(&self, options: &ServerOptions) -> Result<Node, Error>;
}

/// A node that was launched: how to control it, how to reach it, and what it said about itself.
pub(crate) struct Node {
    pub(crate) runtime: Box<dyn Runtime>,
    /// What a client under test is given.
    pub(crate) endpoint: Endpoint,
    /// What the testkit's own commands use.
    pub(crate) control: Endpoint,
    pub(crate) identity: Identity,
}

/// The controls over what a node runs in. Dropping them ends the node.
pub(crate) trait Runtime: Send {
    /// What it is doing now.
    fn state(&self) -> State;

    /// The id of the node's process.
    fn pid(&self) -> Result<u32, Error>;

    /// Ends the node at once, and returns when it is gone. Nothing happens when it is down already.
    fn kill(&mut self) -> Result<(), Error>;

    /// Makes the node stand still, and returns when it does.
    fn stop(&mut self) -> Result<(), Error>;

    /// Lets a node run on.
    fn cont(&mut self) -> Result<(), Error>;

    /// Starts a node that is down at the same place with the same files, and returns when it answers.
    fn start(&mut self) -> Result<(), Error>;
}

/// What a node is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It runs.
    Running,
    /// It was stopped and not continued: connections to it stay open and are not answered.
    Stopped,
    /// It was killed and not restarted.
    Down,
}
