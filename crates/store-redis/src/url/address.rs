//! `host:port`, alone and in lists. A missing host is `localhost`, a missing port the default one.

use std::net::Ipv6Addr;

use store_core::Result;

use crate::config::{DEFAULT_PORT, Deployment, Server, config_error};
use crate::url::malformed;
use crate::url::text::{decode, number};

/// The one server of an authority.
pub(super) fn single(hosts: &str) -> Result<Deployment> {
    if hosts.contains(',') {
        return Err(malformed("several hosts are for redis+sentinel:// and redis+cluster://"));
    }
    server(&decode("host", hosts)?, DEFAULT_PORT).map(Deployment::Standalone)
}

/// The servers of an authority; none, if it is empty.
pub(super) fn list(hosts: &str, default_port: u16) -> Result<Vec<Server>> {
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let each = hosts.split(',').map(|host| listed(&decode("host", host)?, default_port));
    each.collect()
}

/// The pairs of an address map, `announced=reachable,…`, decoded.
pub(super) fn map(text: &str) -> Result<Vec<(Server, Server)>> {
    let pair = |pair: &str| {
        let (announced, reachable) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((listed(announced, DEFAULT_PORT)?, listed(reachable, DEFAULT_PORT)?))
    };
    text.split(',').map(pair).collect()
}

/// In a list, nothing at all is a slip rather than a default.
fn listed(text: &str, default_port: u16) -> Result<Server> {
    if text.is_empty() {
        return Err(config_error("host", "an address in a list is a host, a port, or both"));
    }
    server(text, default_port)
}

fn server(text: &str, default_port: u16) -> Result<Server> {
    let (host, port) = match text.strip_prefix('[') {
        Some(bracketed) => split_bracketed(bracketed)?,
        None => split_name(text)?,
    };
    let port = match port {
        "" => default_port,
        port => number("port", port)?,
    };
    Ok(Server::tcp(host, port))
}

fn split_bracketed(text: &str) -> Result<(&str, &str)> {
    let (address, rest) =
        text.split_once(']').ok_or_else(|| config_error("host", "an IPv6 address ends with a bracket"))?;
    // A zone (`fe80::1%eth0`) is for the system to judge.
    if address.split('%').next().is_none_or(|address| address.parse::<Ipv6Addr>().is_err()) {
        return Err(config_error("host", "what is in brackets is an IPv6 address"));
    }
    let port = rest.strip_prefix(':').or(rest.is_empty().then_some(""));
    Ok((address, port.ok_or_else(|| config_error("port", "a port follows a colon"))?))
}

fn split_name(text: &str) -> Result<(&str, &str)> {
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || "/@[],=".contains(c)) {
        return Err(config_error("host", "a host is a name or an address"));
    }
    Ok((if host.is_empty() { "localhost" } else { host }, port))
}
