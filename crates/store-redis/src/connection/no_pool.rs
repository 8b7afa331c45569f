//! Stands in for a pool of the program's where the crate is built without `deadpool-redis`: there is none.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use store_core::Result;

use crate::connection::carrier::{Carrier, Commands};
use crate::connection::deadline::Deadline;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::environment::Environment;
use crate::request::Route;

#[derive(Debug)]
pub(crate) enum Pooled {}

pub(super) enum Lease {}

impl Pooled {
    pub(crate) fn connections(&self) -> u64 {
        match *self {}
    }

    #[allow(clippy::unused_async, reason = "as the one that it stands for")]
    pub(super) async fn lease(&self, _: Route, _: &Environment, _: &mut Deadline) -> Result<Lease> {
        match *self {}
    }

    #[allow(clippy::unused_async, reason = "as the one that it stands for")]
    pub(super) async fn server_id(&self, _: &Environment, _: &mut Deadline) -> Result<ServerId> {
        match *self {}
    }

    pub(super) fn close(&self) {
        match *self {}
    }

    #[allow(clippy::unused_async, reason = "as the one that it stands for")]
    pub(super) async fn drain(&self) {
        match *self {}
    }
}

impl Carrier for Lease {
    async fn exchange(&self, _: Commands<'_>, _: Duration, _: &mut Deadline) -> Result<Value> {
        match *self {}
    }

    fn server_id(&self) -> ServerId {
        match *self {}
    }

    fn node(&self) -> Option<&Arc<NodeConnection>> {
        match *self {}
    }

    fn give_back(self) {
        match self {}
    }
}
