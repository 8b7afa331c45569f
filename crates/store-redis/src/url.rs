//! Reads connection URLs: redis-py's rules, with its silent cases turned into errors.
//!
//! We split by hand because the usual parsers refuse `unix://user@/path` and lists of hosts. No error shows any part of
//! the URL but the names of options: wherever a URL is malformed, a password may be in the wrong place.

use store_core::{Error, ErrorKind, Result};

use crate::config::{Cluster, Config, DEFAULT_PORT, DEFAULT_SENTINEL_PORT, Secret, Sentinel, Tls, config_error};

mod address;
mod draft;
mod options;
mod setting;
mod text;

use draft::Draft;
use text::{decode, number};

/// Reads a URL; what it does not say is at its default.
pub(crate) fn parse(url: &str) -> Result<Config> {
    let (scheme, rest) = url.split_once("://").ok_or_else(unknown_scheme)?;
    let (form, tls) = read_scheme(scheme)?;
    let parts = Parts::split(rest, form)?;
    let mut config = match form {
        Form::Tcp => Config::at(address::single(parts.hosts)?).with_db(read_db(parts.path)?),
        Form::Unix => read_socket(&parts)?,
        Form::Sentinel => {
            let sentinels = address::list(parts.hosts, DEFAULT_SENTINEL_PORT)?;
            Config::sentinel(Sentinel::new(sentinels, read_service(parts.path)?))
        }
        Form::Cluster => {
            Config::cluster(Cluster::new(address::list(parts.hosts, DEFAULT_PORT)?)).with_db(read_db(parts.path)?)
        }
    };
    config.tls = tls;
    read_user_info(&mut config, parts.user_info)?;
    let mut draft = Draft::new(config);
    options::read(&mut draft, parts.query)?;
    let config = draft.finish()?;
    config.validate()?;
    Ok(config)
}

/// What a scheme says about the rest of the URL.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Tcp,
    Unix,
    Sentinel,
    Cluster,
}

fn read_scheme(scheme: &str) -> Result<(Form, Option<Tls>)> {
    let scheme = scheme.to_ascii_lowercase();
    let form = match scheme.as_str() {
        "unix" => "+unix",
        other => other.strip_prefix("redis").or_else(|| other.strip_prefix("valkey")).ok_or_else(unknown_scheme)?,
    };
    match form {
        "" => Ok((Form::Tcp, None)),
        "s" => Ok((Form::Tcp, Some(Tls::new()))),
        "+unix" => Ok((Form::Unix, None)),
        "+sentinel" => Ok((Form::Sentinel, None)),
        "+sentinels" => Ok((Form::Sentinel, Some(Tls::new()))),
        "+cluster" => Ok((Form::Cluster, None)),
        "+clusters" => Ok((Form::Cluster, Some(Tls::new()))),
        _ => Err(unknown_scheme()),
    }
}

/// What follows the scheme, not yet decoded.
struct Parts<'a> {
    user_info: &'a str,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn split(rest: &'a str, form: Form) -> Result<Self> {
        if rest.contains('#') {
            return Err(malformed("a URL has no fragment; # is written %23"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // Behind the host an @ is likely the end of a password that is not encoded; only a path of a socket may have one.
        if query.contains('@') || form != Form::Unix && path.contains('@') {
            return Err(malformed("in a password / ? # and @ are percent-encoded, and so is @ in an option"));
        }
        let (user_info, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        Ok(Self { user_info, hosts, path, query })
    }
}

fn read_db(path: &str) -> Result<u32> {
    match path.strip_prefix('/').unwrap_or_default() {
        "" => Ok(0),
        db => number("db", db),
    }
}

fn read_socket(parts: &Parts<'_>) -> Result<Config> {
    if !parts.hosts.is_empty() || parts.path.is_empty() {
        return Err(config_error("path", "the path of a socket is absolute: unix:///path"));
    }
    Ok(Config::unix(decode("path", parts.path)?))
}

fn read_service(path: &str) -> Result<String> {
    let service = path.strip_prefix('/').unwrap_or_default();
    if service.contains('/') {
        return Err(config_error("service", "behind the sentinels stands a service alone; a database is ?db=1"));
    }
    decode("service", service)
}

fn read_user_info(config: &mut Config, user_info: &str) -> Result<()> {
    let (username, password) = match user_info.split_once(':') {
        Some((username, password)) => (username, Some(password)),
        None => (user_info, None),
    };
    if !username.is_empty() {
        config.username = Some(Secret::new(decode("username", username)?));
    }
    // Without a user nothing before the host says nothing; with one, an empty password is one.
    if let Some(password) = password.filter(|password| !username.is_empty() || !password.is_empty()) {
        config.password = Some(Secret::new(decode("password", password)?));
    }
    Ok(())
}

fn unknown_scheme() -> Error {
    malformed(
        "a URL begins with redis://, rediss://, unix://, redis+sentinel://, redis+sentinels://, redis+cluster:// or \
         redis+clusters://, or with valkey in the place of redis",
    )
}

fn malformed(reason: &'static str) -> Error {
    Error::new(ErrorKind::Config, reason)
}
