//! What the executor tries, again where that makes sense, and what can go wrong with it.

use std::future::Future;
use std::sync::Arc;

use redis::Value;
use store_core::{Error, Retry};

use crate::connection::answer::{self, Refusal};
use crate::connection::carrier::{self, Admission, Carrier, Framing};
use crate::connection::deadline::Deadline;
use crate::connection::identity::ServerId;
use crate::connection::node::NodeConnection;
use crate::request::Request;

/// Something that can be tried on one connection after another.
pub(super) trait Attempt: Send {
    type Output: Send;

    /// Where it goes, over which connection, and whether it may be repeated.
    fn request(&self) -> &Request;

    /// Tries it once.
    fn on<C: Carrier>(
        &mut self,
        carrier: C,
        admission: Admission,
        deadline: &mut Deadline,
    ) -> impl Future<Output = Result<Self::Output, Trouble>> + Send;
}

/// Why an attempt came to nothing.
pub(super) enum Trouble {
    /// No connection could be had.
    Unreachable(Error),
    /// Nothing, or not all, was heard over the connection.
    Lost(Error),
    /// The server at the other end, of a connection of ours or of another, has refused the request as a whole.
    Refused(Refusal, Option<Arc<NodeConnection>>),
    /// It has taken effect, but not as it should have, and another attempt would not change that.
    Final(Error),
}

impl Trouble {
    /// A refusal, after which nothing is left on the connection that another call would notice.
    pub(super) fn refused<C: Carrier>(refusal: Refusal, carrier: C) -> Self {
        let connection = carrier.node().cloned();
        if may_serve_others(&refusal, &carrier) {
            carrier.give_back();
        }
        Self::Refused(refusal, connection)
    }
}

/// One of our connections that leads to the wrong server is kept from others by whoever hears of it. Of another nobody
/// else would hear.
pub(super) fn may_serve_others<C: Carrier>(refusal: &Refusal, carrier: &C) -> bool {
    carrier.node().is_some() || refusal.error.retry() != Retry::AfterRefresh
}

/// One request.
pub(super) struct Once<'a> {
    pub(super) request: &'a Request,
}

impl Attempt for Once<'_> {
    type Output = (Value, ServerId);

    fn request(&self) -> &Request {
        self.request
    }

    async fn on<C: Carrier>(
        &mut self,
        carrier: C,
        admission: Admission,
        deadline: &mut Deadline,
    ) -> Result<Self::Output, Trouble> {
        let Request { payload, durability, telling, .. } = self.request;
        let framing = Framing::new(admission, *durability, deadline);
        let replied = carrier::send(&carrier, payload, framing, deadline).await.map_err(Trouble::Lost)?;
        let answer = match answer::settle(payload, replied.reply) {
            Ok(answer) => answer,
            Err(refusal) => return Err(Trouble::refused(refusal, carrier)),
        };
        let server_id = carrier.server_id();
        carrier.give_back();
        if let Some(acknowledged) = replied.acknowledged {
            answer::spread(acknowledged, &answer, *telling).map_err(Trouble::Final)?;
        }
        Ok((answer, server_id))
    }
}
