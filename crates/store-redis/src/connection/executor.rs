//! The one retry loop.

use redis::Value;
use store_core::Result;

use crate::config::Config;
use crate::connection::identity::ServerId;
use crate::request::Request;

/// The replies to the commands of a pipeline or a transaction, in order; each command can fail by itself.
pub(crate) type Replies = Vec<Result<Value>>;

/// Executes requests within their deadline.
#[derive(Debug)]
pub(crate) struct Executor {}

impl Executor {
    /// Proves that the server can be reached, once.
    pub(crate) async fn connect(config: &Config) -> Result<Self> {
        unreachable!()
    }
    /// Executes one command or one script; what the server refuses is an error.
    pub(crate) async fn one(&self, request: Request) -> Result<Value> {
        unreachable!()
    }
    /// As [`one`](Self::one), and tells which server answered.
    pub(crate) async fn one_with_server(&self, request: Request) -> Result<(Value, ServerId)> {
        unreachable!()
    }
    /// Executes a pipeline or a transaction.
    pub(crate) async fn many(&self, request: Request) -> Result<Replies> {
        unreachable!()
    }
    /// Refuses further requests and waits for those under way, at most one deadline.
    pub(crate) async fn close(&self) {
        unreachable!()
    }
}
