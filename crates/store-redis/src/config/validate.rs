//! What makes no sense in a [`Config`], refused before anything is dialled.
//!
//! Each error names the option as a URL calls it; what a URL cannot say is named by its field.

use std::time::Duration;

use store_core::Result;

use crate::config::{
    Cluster, Config, Deployment, Keepalive, OTHERS_CONNECT, Pem, ReadFrom, Roots, Sentinel, Server, Tls, config_error,
};

/// The longest value that a server takes in its default configuration; it answers a longer one by closing the line.
const SERVER_MAX_VALUE_BYTES: usize = 512 * 1024 * 1024;

/// Far beyond any use, and far below what semaphores and memory can count.
const MOST_CONNECTIONS: usize = 1000;
const MOST_IN_FLIGHT: u32 = 1_000_000;

/// Beyond it no setting makes sense, and arithmetic on points in time stays far from its limits.
const LONGEST_DURATION: Duration = Duration::from_secs(24 * 60 * 60);

/// What Linux takes; it answers more with an error that names no option.
const LONGEST_KEEPALIVE: Duration = Duration::from_secs(32_767);
const MOST_KEEPALIVE_RETRIES: u32 = 127;

impl Config {
    /// Refuses what makes no sense, alone or with the rest.
    ///
    /// # Errors
    /// [`ErrorKind::Config`](store_core::ErrorKind::Config), naming the option.
    pub(crate) fn validate(&self) -> Result<()> {
        self.validate_deployment()?;
        if self.username.is_some() && self.password.is_none() {
            return Err(config_error(
                "username",
                "a user name needs a password; of a user without one it is empty, user:@host",
            ));
        }
        self.tls.as_ref().map_or(Ok(()), validate_tls)?;
        if self.client_name.as_deref().is_some_and(|name| !is_client_name(name)) {
            return Err(config_error("client_name", "a client name is 1 or more printable ASCII characters, no space"));
        }
        self.validate_counts()?;
        self.validate_durations()
    }

    fn validate_deployment(&self) -> Result<()> {
        match &self.deployment {
            Deployment::Standalone(server) => self.validate_standalone(server),
            Deployment::Sentinel(sentinel) => validate_sentinel(sentinel),
            Deployment::Cluster(_) if self.db != 0 => Err(config_error("db", "a cluster has no database but 0")),
            Deployment::Cluster(cluster) => validate_cluster(cluster),
        }
    }

    fn validate_standalone(&self, server: &Server) -> Result<()> {
        validate_server(server)?;
        if self.read_from == ReadFrom::Replica {
            return Err(config_error(
                "read_from",
                "of one server no replica is known; there are primary, prefer_replica",
            ));
        }
        if *server == Server::Pooled {
            return self.validate_pooled();
        }
        if self.tls.is_some() && matches!(server, Server::Unix { .. }) {
            return Err(config_error("tls", "there is no TLS on a unix socket"));
        }
        Ok(())
    }

    fn validate_pooled(&self) -> Result<()> {
        let set = [
            ("tls", self.tls.is_some()),
            ("username", self.username.is_some()),
            ("password", self.password.is_some()),
            ("client_name", self.client_name.is_some()),
            ("db", self.db != 0),
        ];
        match set.into_iter().find(|(_, is_set)| *is_set) {
            Some((option, _)) => Err(config_error(option, OTHERS_CONNECT)),
            None => Ok(()),
        }
    }

    fn validate_counts(&self) -> Result<()> {
        if self.connections.get() > MOST_CONNECTIONS {
            return Err(config_error("connections", "at most 1000 connections are shared"));
        }
        if self.exclusive_connections.get() > MOST_CONNECTIONS {
            return Err(config_error("exclusive_connections", "at most 1000 connections are exclusive"));
        }
        if self.max_in_flight.get() > MOST_IN_FLIGHT {
            return Err(config_error("max_in_flight", "at most 1000000 calls wait on one connection"));
        }
        if !(1..=SERVER_MAX_VALUE_BYTES).contains(&self.max_value_bytes) {
            return Err(config_error("max_value_bytes", "a value has a limit of 1 byte to 512 MiB"));
        }
        self.keepalive.map_or(Ok(()), validate_keepalive)
    }

    fn validate_durations(&self) -> Result<()> {
        let (sentinel_poll, cluster_poll) = match &self.deployment {
            Deployment::Standalone(_) => (None, None),
            Deployment::Sentinel(sentinel) => (Some(sentinel.poll_interval), None),
            Deployment::Cluster(cluster) => (None, cluster.poll_interval),
        };
        let durations = [
            ("connect_timeout", Some(self.connect_timeout)),
            ("deadline", Some(self.deadline)),
            ("exclusive_wait", Some(self.exclusive_wait)),
            ("retry_first_pause", Some(self.retry.first_pause)),
            ("retry_longest_pause", Some(self.retry.longest_pause)),
            ("response_timeout", self.response_timeout),
            ("user_timeout", self.user_timeout),
            ("health_check_interval", self.health_check_interval),
            ("sentinel_poll_interval", sentinel_poll),
            ("cluster_poll_interval", cluster_poll),
        ];
        for (option, duration) in durations.into_iter().filter_map(|(option, duration)| Some((option, duration?))) {
            if duration.is_zero() {
                return Err(config_error(option, "a duration is longer than zero"));
            }
            if duration > LONGEST_DURATION {
                return Err(config_error(option, "a duration is at most one day"));
            }
        }
        Ok(())
    }
}

fn validate_sentinel(sentinel: &Sentinel) -> Result<()> {
    if sentinel.sentinels.is_empty() {
        return Err(config_error("sentinels", "at least one sentinel is named"));
    }
    sentinel.sentinels.iter().try_for_each(|server| validate_tcp("sentinels", server))?;
    if sentinel.service.is_empty() {
        return Err(config_error("service", "sentinels are asked for a service by its name: …/service"));
    }
    if sentinel.username.is_some() && sentinel.password.is_none() {
        return Err(config_error("sentinel_username", "a user name needs a password, sentinel_password, be it empty"));
    }
    validate_address_map(&sentinel.address_map)?;
    sentinel.tls.as_ref().map_or(Ok(()), validate_tls)
}

fn validate_cluster(cluster: &Cluster) -> Result<()> {
    if cluster.seeds.is_empty() {
        return Err(config_error("seeds", "at least one node of the cluster is named"));
    }
    cluster.seeds.iter().try_for_each(|server| validate_tcp("seeds", server))?;
    validate_address_map(&cluster.address_map)
}

fn validate_address_map(map: &[(Server, Server)]) -> Result<()> {
    let mapped = map.iter().flat_map(|(announced, reachable)| [announced, reachable]);
    mapped.into_iter().try_for_each(|server| validate_tcp("address_map", server))
}

fn validate_tcp(option: &str, server: &Server) -> Result<()> {
    match server {
        Server::Tcp { .. } => validate_server(server),
        Server::Unix { .. } | Server::Pooled => {
            Err(config_error(option, "sentinels and cluster nodes are on TCP, not on unix sockets or behind a pool"))
        }
    }
}

fn validate_server(server: &Server) -> Result<()> {
    match server {
        Server::Tcp { host, .. } if host.is_empty() => Err(config_error("host", "a host has a name")),
        Server::Tcp { port: 0, .. } => Err(config_error("port", "a port is 1 to 65535")),
        Server::Unix { path } if path.as_os_str().is_empty() => Err(config_error("path", "a socket has a path")),
        Server::Unix { path } if path.as_os_str().as_encoded_bytes().contains(&0) => {
            Err(config_error("path", "a path contains no NUL"))
        }
        Server::Tcp { .. } | Server::Unix { .. } | Server::Pooled => Ok(()),
    }
}

fn validate_tls(tls: &Tls) -> Result<()> {
    if tls.server_name.as_deref().is_some_and(|name| name.is_empty() || name.contains(char::is_whitespace)) {
        return Err(config_error("tls_server_name", "a server has a name or an address"));
    }
    let roots = match &tls.roots {
        Roots::System => None,
        Roots::Pem(pem) => Some(("tls_ca_file", pem)),
    };
    let identity = tls.identity.iter();
    let identity = identity.flat_map(|id| [("tls_cert_file", &id.certificate), ("tls_key_file", &id.key)]);
    for (option, pem) in roots.into_iter().chain(identity) {
        let is_empty = match pem {
            Pem::Text(text) => text.is_empty(),
            Pem::File(path) => path.as_os_str().is_empty(),
        };
        if is_empty {
            return Err(config_error(option, "PEM is a text, or the path of a file"));
        }
    }
    Ok(())
}

fn validate_keepalive(keepalive: Keepalive) -> Result<()> {
    let durations = [keepalive.idle, keepalive.interval];
    if durations.iter().any(|duration| duration.is_zero() || *duration > LONGEST_KEEPALIVE) {
        return Err(config_error("keepalive", "a duration of keepalive is longer than zero, and at most 32767 s"));
    }
    if keepalive.retries.get() > MOST_KEEPALIVE_RETRIES {
        return Err(config_error("keepalive", "at most 127 questions stay unanswered"));
    }
    Ok(())
}

fn is_client_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use std::num::{NonZeroU32, NonZeroUsize};

    use store_core::ErrorKind;

    use super::*;
    use crate::config::RetryPolicy;

    const LONG: Duration = Duration::from_secs(24 * 60 * 60 + 1);

    fn tcp() -> Server {
        Server::tcp("h", 6379)
    }

    fn sentinel(change: impl FnOnce(Sentinel) -> Sentinel) -> Config {
        Config::sentinel(change(Sentinel::new([tcp()], "orders")))
    }

    fn cluster(change: impl FnOnce(Cluster) -> Cluster) -> Config {
        Config::cluster(change(Cluster::new([tcp()])))
    }

    fn tls(tls: Tls) -> Config {
        Config::tcp("h", 6379).with_tls(tls)
    }

    fn refused(config: &Config, option: &str) {
        let error = config.validate().expect_err(option);
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().ends_with(&format!("option={option}")), "{option}: {error}");
    }

    #[test]
    fn what_has_only_defaults_is_fine_everywhere() {
        let same = |it| it;
        for config in [Config::at(Deployment::Standalone(tcp())), Config::unix("/s"), sentinel(same), cluster(|it| it)]
        {
            config.validate().unwrap();
        }
        sentinel(|it| Sentinel { sentinels: vec![tcp(), tcp()], ..it }).validate().unwrap();
    }

    #[test]
    fn a_deployment_that_makes_no_sense_is_refused() {
        let socket = || Server::unix("/s");
        refused(&Config::tcp("", 6379), "host");
        refused(&Config::tcp("h", 0), "port");
        refused(&Config::unix(""), "path");
        refused(&sentinel(|_| Sentinel::new([], "orders")), "sentinels");
        refused(&sentinel(|_| Sentinel::new([tcp(), socket()], "orders")), "sentinels");
        refused(&sentinel(|_| Sentinel::new([tcp(), Server::tcp("", 1)], "orders")), "host");
        refused(&sentinel(|_| Sentinel::new([tcp()], "")), "service");
        refused(&sentinel(|it| Sentinel { username: Some(crate::Secret::new("ann")), ..it }), "sentinel_username");
        refused(&cluster(|_| Cluster::new([])), "seeds");
        refused(&cluster(|_| Cluster::new([socket()])), "seeds");
        refused(&cluster(|_| Cluster::new([Server::tcp("h", 0)])), "port");
        refused(&cluster(|it| it.with_address(socket(), tcp())), "address_map");
        refused(&cluster(|it| it.with_address(tcp(), socket())), "address_map");
        refused(&cluster(|it| it.with_address(tcp(), Server::tcp("", 1))), "host");
    }

    #[test]
    fn settings_that_contradict_each_other_are_refused() {
        refused(&cluster(|it| it).with_db(1), "db");
        refused(&Config::unix("/s").with_tls(Tls::new()), "tls");
        refused(&Config::tcp("h", 6379).with_read_from(ReadFrom::Replica), "read_from");
        refused(&Config::unix("/s").with_read_from(ReadFrom::Replica), "read_from");
        refused(&Config { username: Some(crate::Secret::new("ann")), ..Config::tcp("h", 6379) }, "username");
    }

    #[test]
    fn tls_with_nothing_in_it_is_refused() {
        let (text, nothing) = (|| Pem::Text(b"PEM".to_vec()), || Pem::Text(Vec::new()));
        refused(&tls(Tls::new().with_roots(nothing())), "tls_ca_file");
        refused(&tls(Tls::new().with_roots(Pem::File("".into()))), "tls_ca_file");
        refused(&tls(Tls::new().with_identity(nothing(), text())), "tls_cert_file");
        refused(&tls(Tls::new().with_identity(text(), nothing())), "tls_key_file");
        refused(&tls(Tls::new().with_server_name("")), "tls_server_name");
        refused(&sentinel(|it| it.with_tls(Tls::new().with_server_name("a b"))), "tls_server_name");
    }

    #[test]
    fn durations_of_zero_and_of_more_than_a_day_are_refused() {
        let plain = || Config::tcp("h", 6379);
        let pauses = |first, longest| plain().with_retry(RetryPolicy::default().with_pauses(first, longest));
        for wrong in [Duration::ZERO, LONG] {
            let some = Some(wrong);
            refused(&plain().with_connect_timeout(wrong), "connect_timeout");
            refused(&plain().with_deadline(wrong), "deadline");
            refused(&plain().with_exclusive_wait(wrong), "exclusive_wait");
            refused(&plain().with_response_timeout(some), "response_timeout");
            refused(&plain().with_user_timeout(some), "user_timeout");
            refused(&plain().with_health_check_interval(some), "health_check_interval");
            refused(&plain().with_keepalive(Some(Keepalive::after(wrong))), "keepalive");
            let keepalive = Keepalive { interval: wrong, ..Keepalive::default() };
            refused(&plain().with_keepalive(Some(keepalive)), "keepalive");
            refused(&pauses(wrong, Duration::from_secs(1)), "retry_first_pause");
            refused(&pauses(Duration::from_secs(1), wrong), "retry_longest_pause");
            refused(&sentinel(|it| it.with_poll_interval(wrong)), "sentinel_poll_interval");
            refused(&cluster(|it| it.with_poll_interval(some)), "cluster_poll_interval");
        }
    }

    #[test]
    fn counts_beyond_their_limits_are_refused() {
        let plain = || Config::tcp("h", 6379);
        let many = NonZeroUsize::new(MOST_CONNECTIONS + 1).unwrap();
        refused(&plain().with_connections(many), "connections");
        refused(&plain().with_exclusive_connections(many), "exclusive_connections");
        refused(&plain().with_max_in_flight(NonZeroU32::MAX), "max_in_flight");
        refused(&plain().with_max_value_bytes(0), "max_value_bytes");
        let keepalive = Keepalive { retries: NonZeroU32::new(128).unwrap(), ..Keepalive::default() };
        refused(&plain().with_keepalive(Some(keepalive)), "keepalive");
    }
}
