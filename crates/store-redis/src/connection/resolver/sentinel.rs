//! A primary and its replicas behind sentinels, which know who the primary is.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use store_core::{Error, ErrorKind, Result};

use crate::command;
use crate::config::{self, Sentinel, Server};
use crate::connection::endpoint::Endpoint;
use crate::connection::node::NodeConnection;
use crate::connection::peer::{Part, Peer};
use crate::connection::resolver::inquiry::{self, inquire, refused};
use crate::connection::resolver::reads::{no_replica, pick, read_from};
use crate::connection::resolver::watch::{Changed, Wanted, Watch, Watchable};
use crate::connection::resolver::{Cause, Fault, Next, announcements, dismiss};
use crate::environment::Environment;
use crate::reply::{self, Watched};
use crate::request::Source;
use crate::topology::Member;

/// How long the answers of further sentinels are waited for, once one has named a primary.
const LATECOMERS: Duration = Duration::from_millis(100);

/// What is known from the sentinels of one service.
#[derive(Debug)]
pub(crate) struct Sentinels {
    service: String,
    min_others: u32,
    address_map: Vec<(Server, Server)>,
    sentinels: Vec<Arc<Endpoint>>,
    view: RwLock<View>,
    next_replica: AtomicUsize,
    watch: Watch,
    environment: Arc<Environment>,
}

/// Who is who.
#[derive(Debug)]
enum View {
    Known {
        /// Grows with every failover.
        epoch: u64,
        primary: Arc<Endpoint>,
        replicas: Vec<Arc<Endpoint>>,
    },
    /// Not yet asked, or without an answer.
    Unknown(Error),
    Closed,
}

/// What one sentinel says.
struct Testimony {
    epoch: u64,
    primary: Server,
    replicas: Vec<Server>,
    agreement: Agreement,
}

/// How many say so.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreement {
    /// Some of the sentinels. They may have been cut off from the others.
    Some,
    /// Every one.
    All,
}

impl Sentinels {
    /// Asks the sentinels, and then watches them.
    pub(super) async fn start(settings: &Sentinel, environment: &Arc<Environment>) -> Result<Arc<Self>> {
        let endpoint =
            |server: &Server| Arc::new(Endpoint::new(Peer::new(server.clone(), Part::Sentinel), environment));
        let sentinels = Arc::new(Self {
            service: settings.service.clone(),
            min_others: settings.min_other_sentinels,
            address_map: settings.address_map.clone(),
            sentinels: settings.sentinels.iter().map(endpoint).collect(),
            view: RwLock::new(View::Unknown(unanswered(&settings.service, &[]))),
            next_replica: AtomicUsize::new(0),
            watch: Watch::new(Some(settings.poll_interval), environment),
            environment: Arc::clone(environment),
        });
        sentinels.look().await;
        sentinels.endpoint(Source::Primary)?;
        sentinels.want();
        Ok(sentinels)
    }

    pub(super) fn endpoint(&self, source: Source) -> Result<Arc<Endpoint>> {
        let read_from = read_from(source, &self.environment.config);
        match &*self.view.read().unwrap_or_else(PoisonError::into_inner) {
            View::Known { primary, replicas, .. } => {
                pick(read_from, primary, replicas, &self.next_replica).ok_or_else(|| no_replica(&self.service))
            }
            View::Unknown(error) => Err(error.clone()),
            View::Closed => Err(Error::closed()),
        }
    }

    pub(super) fn members(&self) -> Result<Vec<Member>> {
        let server = |endpoint: &Arc<Endpoint>| endpoint.peer().server.clone();
        match &*self.view.read().unwrap_or_else(PoisonError::into_inner) {
            View::Known { primary, replicas, .. } => {
                let primary = Member::primary(server(primary), Vec::new());
                let replicas = replicas.iter().map(|replica| Member::replica(server(replica), Vec::new()));
                Ok(std::iter::once(primary).chain(replicas).collect())
            }
            View::Unknown(error) => Err(error.clone()),
            View::Closed => Err(Error::closed()),
        }
    }

    pub(super) fn report(self: &Arc<Self>, endpoint: Option<&Arc<Endpoint>>, fault: &Fault) -> Next {
        if matches!(*self.view.read().unwrap_or_else(PoisonError::into_inner), View::Closed) {
            return Next::Never;
        }
        match &fault.cause {
            // The sentinels would have said otherwise: it is no node of a cluster that was asked for.
            Cause::Redirected(_) => return Next::Never,
            Cause::WrongServer(connection) => connection.retire(),
            Cause::Unreachable | Cause::Lost | Cause::Refused => {}
        }
        self.want();
        match endpoint {
            Some(endpoint) if !self.is_current(endpoint) => Next::AtOnce,
            _ => Next::AwaitTopology,
        }
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    pub(super) fn close(&self) -> Vec<Arc<NodeConnection>> {
        self.watch.stop();
        let before = std::mem::replace(&mut *self.view.write().unwrap_or_else(PoisonError::into_inner), View::Closed);
        for sentinel in &self.sentinels {
            sentinel.close(&Error::closed()).iter().for_each(|connection| connection.abort());
        }
        match before {
            View::Known { primary, replicas, .. } => {
                std::iter::once(primary).chain(replicas).flat_map(|endpoint| endpoint.close(&Error::closed())).collect()
            }
            View::Unknown(_) | View::Closed => Vec::new(),
        }
    }

    fn want(self: &Arc<Self>) {
        self.watch.want(self, |sentinels| &sentinels.watch);
    }

    fn is_current(&self, endpoint: &Arc<Endpoint>) -> bool {
        match &*self.view.read().unwrap_or_else(PoisonError::into_inner) {
            View::Known { primary, replicas, .. } => {
                std::iter::once(primary).chain(replicas).any(|current| Arc::ptr_eq(current, endpoint))
            }
            View::Unknown(_) | View::Closed => false,
        }
    }

    /// Asks all sentinels at once. One that was cut off from the others still names the primary of old, so of several
    /// answers the one after the latest failover counts; those that come late are waited for only a little.
    async fn ask_all(&self) -> std::result::Result<Testimony, Error> {
        let mut answers: FuturesUnordered<_> = self.sentinels.iter().map(|sentinel| self.ask(sentinel)).collect();
        let mut heard: Vec<Testimony> = Vec::new();
        let mut failures = Vec::new();
        loop {
            let next = answers.next();
            let answer = if heard.is_empty() {
                next.await
            } else {
                tokio::time::timeout(LATECOMERS, next).await.unwrap_or(None)
            };
            match answer {
                Some(Ok(testimony)) => heard.push(testimony),
                Some(Err(failure)) => failures.push(failure),
                None => break,
            }
        }
        let all_answered = heard.len() == self.sentinels.len();
        let agree = heard.iter().all(|said| heard.iter().all(|other| said.primary == other.primary));
        let latest = heard.into_iter().reduce(|one, other| if other.epoch > one.epoch { other } else { one });
        let agreement = if all_answered && agree { Agreement::All } else { Agreement::Some };
        latest.map(|said| Testimony { agreement, ..said }).ok_or_else(|| unanswered(&self.service, &failures))
    }

    async fn ask(&self, sentinel: &Arc<Endpoint>) -> Result<Testimony> {
        let service = &self.service;
        let commands = [
            command::sentinel_primary(service),
            command::sentinel_address(service),
            command::sentinel_replicas(service),
        ];
        let [primary, address, replicas] = inquire(sentinel, commands, &self.environment).await?;
        let refuse = |reason: String| refused(sentinel.peer(), ErrorKind::Unavailable, &reason);
        let primary = crate::error::checked(primary).and_then(reply::watched_primary).map_err(|refusal| {
            match refusal.kind() {
                // The one error that this command has for itself: the service is not watched here.
                ErrorKind::Other => {
                    refused(sentinel.peer(), ErrorKind::Config, "does not watch the service; option=service")
                }
                kind => refused(sentinel.peer(), kind, &refusal.to_string()),
            }
        })?;
        // As soon as a replica is promoted clients are sent to it, while the sentinel still describes the former primary:
        // that one takes writes to the end of the failover, and they are lost.
        let address = crate::error::checked(address).and_then(reply::watched_address)?;
        let promoted = address.filter(|(host, port)| (host, *port) != (&primary.host, primary.port));
        if promoted.is_none() && !primary.healthy {
            return Err(refuse("takes the primary to be down".to_owned()));
        }
        if primary.other_sentinels < self.min_others {
            let (knows, needs) = (primary.other_sentinels, self.min_others);
            return Err(refuse(format!("knows too few other sentinels; knows={knows} min_other_sentinels={needs}")));
        }
        let replicas = crate::error::checked(replicas).and_then(reply::watched_replicas)?;
        let (host, port) = promoted.unwrap_or((primary.host, primary.port));
        let is_primary = |replica: &Watched| (&replica.host, replica.port) == (&host, port);
        let mut healthy: Vec<_> =
            replicas.into_iter().filter(|replica| replica.healthy && !is_primary(replica)).collect();
        // Each sentinel has an order of its own.
        healthy.sort_unstable_by(|one, other| (&one.host, one.port).cmp(&(&other.host, other.port)));
        let reach = |(host, port)| config::reachable(&self.address_map, Server::Tcp { host, port });
        Ok(Testimony {
            epoch: primary.epoch,
            primary: reach((host, port)),
            replicas: healthy.into_iter().map(|replica| reach((replica.host, replica.port))).collect(),
            agreement: Agreement::Some,
        })
    }

    /// Takes over what was said, with the connections to those who keep their part.
    fn believe(&self, said: Testimony) -> Changed {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let before = match &mut *view {
            View::Closed => return Changed::No,
            View::Unknown(_) => Vec::new(),
            View::Known { epoch, primary, replicas } => {
                // An earlier state is that of sentinels which were cut off; unless all of them begin anew.
                if said.epoch < *epoch && said.agreement != Agreement::All {
                    return Changed::No;
                }
                *epoch = said.epoch;
                let same_replicas = replicas.iter().map(|replica| &replica.peer().server).eq(&said.replicas);
                if primary.peer().server == said.primary && same_replicas {
                    return Changed::No;
                }
                std::iter::once(Arc::clone(primary)).chain(replicas.iter().cloned()).collect()
            }
        };
        let keep_or_make = |server: Server, part| {
            let peer = Peer::new(server, part);
            let kept = before.iter().find(|endpoint| *endpoint.peer() == peer).cloned();
            kept.unwrap_or_else(|| Arc::new(Endpoint::new(peer, &self.environment)))
        };
        let primary = keep_or_make(said.primary, Part::Primary);
        let replicas: Vec<_> = said.replicas.into_iter().map(|server| keep_or_make(server, Part::Replica)).collect();
        let kept = |endpoint: &Arc<Endpoint>| {
            std::iter::once(&primary).chain(&replicas).any(|current| Arc::ptr_eq(current, endpoint))
        };
        before.iter().filter(|endpoint| !kept(endpoint)).for_each(dismiss);
        *view = View::Known { epoch: said.epoch, primary, replicas };
        Changed::Yes
    }
}

impl Watchable for Sentinels {
    async fn look(&self) -> Changed {
        match self.ask_all().await {
            Ok(testimony) => self.believe(testimony),
            Err(error) => {
                let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
                // Who was the primary may still be: sentinels that do not answer have not said otherwise.
                if matches!(&*view, View::Unknown(_)) {
                    *view = View::Unknown(error);
                }
                Changed::No
            }
        }
    }

    fn listen(&self, wanted: Wanted) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let peers = self.sentinels.iter().map(|sentinel| sentinel.peer().clone()).collect();
        Box::pin(announcements::listen(peers, Arc::clone(&self.environment), wanted))
    }
}

/// No sentinel has named a primary.
fn unanswered(service: &str, failures: &[Error]) -> Error {
    inquiry::unanswered(&format!("no sentinel names a primary; service={service}"), failures)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn server(port: u16) -> Server {
        Server::Tcp { host: "h".to_owned(), port }
    }

    fn sentinels() -> Sentinels {
        let settings = Sentinel::new([server(1)], "service");
        let environment = Arc::new(Environment::new(Config::sentinel(settings)));
        Sentinels {
            service: "service".to_owned(),
            min_others: 0,
            address_map: Vec::new(),
            sentinels: Vec::new(),
            view: RwLock::new(View::Unknown(unanswered("service", &[]))),
            next_replica: AtomicUsize::new(0),
            watch: Watch::new(None, &environment),
            environment,
        }
    }

    fn said(epoch: u64, primary: u16, replicas: &[u16]) -> Testimony {
        let replicas = replicas.iter().map(|port| server(*port)).collect();
        Testimony { epoch, primary: server(primary), replicas, agreement: Agreement::Some }
    }

    fn primary(sentinels: &Sentinels) -> Server {
        sentinels.endpoint(Source::Primary).unwrap().peer().server.clone()
    }

    #[test]
    fn nobody_is_believed_who_speaks_of_an_earlier_epoch_unless_all_do() {
        let sentinels = sentinels();
        assert_eq!(sentinels.endpoint(Source::Primary).unwrap_err().kind(), ErrorKind::Unavailable);
        assert_eq!(sentinels.believe(said(2, 10, &[11])), Changed::Yes);
        assert_eq!(sentinels.believe(said(2, 10, &[11])), Changed::No);
        assert_eq!(sentinels.believe(said(1, 11, &[10])), Changed::No);
        assert_eq!(primary(&sentinels), server(10));
        assert_eq!(sentinels.believe(said(3, 11, &[10])), Changed::Yes);
        assert_eq!(primary(&sentinels), server(11));
        let all = Testimony { agreement: Agreement::All, ..said(0, 12, &[]) };
        assert_eq!(sentinels.believe(all), Changed::Yes);
        assert_eq!(primary(&sentinels), server(12));
    }

    #[test]
    fn connections_to_servers_that_keep_their_part_are_kept() {
        let sentinels = sentinels();
        sentinels.believe(said(1, 10, &[11]));
        let before = sentinels.endpoint(Source::Primary).unwrap();
        sentinels.believe(said(1, 10, &[11, 12]));
        assert!(Arc::ptr_eq(&before, &sentinels.endpoint(Source::Primary).unwrap()));
        sentinels.believe(said(2, 11, &[10]));
        assert!(!sentinels.is_current(&before));
    }

    #[test]
    fn what_was_closed_learns_nothing_more() {
        let sentinels = sentinels();
        sentinels.believe(said(1, 10, &[]));
        sentinels.close();
        assert_eq!(sentinels.believe(said(2, 11, &[])), Changed::No);
        assert_eq!(sentinels.endpoint(Source::Primary).unwrap_err().kind(), ErrorKind::Closed);
    }
}
