//! Reads connection URLs: redis-py's rules, with its silent cases turned into errors.
//!
//! We split by hand because the usual parsers refuse `unix://user@/path` and lists of hosts. No error shows any part of
//! the URL but the names of options: wherever a URL is malformed, a password may be in the wrong place.

use std::net::Ipv6Addr;
use std::str::FromStr;
use std::time::Duration;

use store_core::{Error, ErrorKind, Lifetime, Result, Ttl};

use crate::config::{AtLeastOnce, Coalescing, Config, DEFAULT_PORT, Keepalive, Protocol, Secret, config_error};

/// Reads a URL; what it does not say is as in [`Config::tcp`].
pub(crate) fn parse(url: &str) -> Result<Config> {
    let Some((scheme, rest)) = url.split_once("://") else { return Err(unknown_scheme()) };
    let transport = transport(scheme)?;
    if rest.contains('#') {
        return Err(malformed("a URL has no fragment; # is written %23"));
    }
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let (user_info, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    if query.contains('@') {
        return Err(malformed("in a password / ? # and @ are percent-encoded, and so is @ in an option"));
    }
    let mut config = match transport {
        Transport::Tcp => tcp(host, path)?,
        Transport::Unix => unix(host, path)?,
    };
    read_user_info(&mut config, user_info)?;
    read_options(&mut config, query)?;
    config.validate()?;
    Ok(config)
}

enum Transport {
    Tcp,
    Unix,
}

fn transport(scheme: &str) -> Result<Transport> {
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "redis" | "valkey" => Ok(Transport::Tcp),
        "unix" | "redis+unix" | "valkey+unix" => Ok(Transport::Unix),
        "rediss" | "valkeys" => Err(malformed("this version does not support TLS (rediss)")),
        "redis+sentinel" | "redis+sentinels" | "valkey+sentinel" | "valkey+sentinels" => {
            Err(malformed("this version does not support Sentinel"))
        }
        "redis+cluster" | "redis+clusters" | "valkey+cluster" | "valkey+clusters" => {
            Err(malformed("this version does not support Cluster"))
        }
        _ => Err(unknown_scheme()),
    }
}

fn tcp(host: &str, path: &str) -> Result<Config> {
    if host.contains(',') {
        return Err(malformed("several hosts are for Sentinel and Cluster, which this version does not support"));
    }
    let (host, port) = split_port(host)?;
    let port = match port {
        "" => DEFAULT_PORT,
        port => number("port", port)?,
    };
    let mut config = Config::tcp(host, port);
    config.db = match path.strip_prefix('/').unwrap_or_default() {
        "" => 0,
        db => number("db", db)?,
    };
    Ok(config)
}

fn split_port(host: &str) -> Result<(String, &str)> {
    if let Some(bracketed) = host.strip_prefix('[') {
        let (address, rest) =
            bracketed.split_once(']').ok_or_else(|| config_error("host", "an IPv6 address ends with a bracket"))?;
        let address = decode("host", address)?;
        // A zone (`fe80::1%eth0`) is for the system to judge.
        if address.split('%').next().is_none_or(|address| address.parse::<Ipv6Addr>().is_err()) {
            return Err(config_error("host", "what is in brackets is an IPv6 address"));
        }
        let port = rest.strip_prefix(':').or(rest.is_empty().then_some(""));
        return Ok((address, port.ok_or_else(|| config_error("port", "a port follows a colon"))?));
    }
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let host = if host.is_empty() { "localhost".to_owned() } else { decode("host", host)? };
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || "/:@[]".contains(c)) {
        return Err(config_error("host", "a host is a name or an address"));
    }
    Ok((host, port))
}

fn unix(host: &str, path: &str) -> Result<Config> {
    if !host.is_empty() || path.is_empty() {
        return Err(config_error("path", "the path of a socket is absolute: unix:///path"));
    }
    Ok(Config::unix(decode("path", path)?))
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

fn read_options(config: &mut Config, query: &str) -> Result<()> {
    let mut seen = Vec::new();
    for option in query.split('&').filter(|option| !option.is_empty()) {
        let (name, value) = option.split_once('=').ok_or_else(|| malformed("an option is name=value"))?;
        let (option, apply) = find_option(name)?;
        if seen.contains(&option) {
            return Err(config_error(option, "an option comes once"));
        }
        seen.push(option);
        let value = decode(option, value)?;
        if value.is_empty() && option != "password" {
            return Err(config_error(option, "an option has a value"));
        }
        apply(config, Setting { option, text: &value })?;
    }
    Ok(())
}

type Apply = fn(&mut Config, Setting<'_>) -> Result<()>;

fn find_option(name: &str) -> Result<(&'static str, Apply)> {
    let canonical = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, option)| option);
    if let Some((option, apply)) = OPTIONS.iter().find(|(option, _)| *option == canonical) {
        return Ok((option, *apply));
    }
    let is_called = |word| name.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'));
    if let Some((_, advice)) = ELSEWHERE.iter().find(|(word, _)| is_called(word)) {
        return Err(malformed(advice));
    }
    // A name that looks like one is shown, because it is likely misspelt; anything else may be a piece of a secret.
    let is_name = name.len() <= 32 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    Err(if is_name { config_error(name, "unknown option") } else { malformed("unknown option") })
}

/// What redis-py calls the same.
const ALIASES: [(&str, &str); 3] = [
    ("socket_connect_timeout", "connect_timeout"),
    ("socket_timeout", "response_timeout"),
    ("socket_keepalive", "keepalive"),
];

/// What other clients take under these names, or under ones that go on with an underscore, and what it is here.
const ELSEWHERE: [(&str, &str); 4] = [
    ("max_connections", "unknown option max_connections: all callers share a few, connections=1"),
    ("retry_on", "unknown option retry_on_…: what is safe to repeat is repeated; for writes see at_least_once"),
    ("timeout", "unknown option timeout: deadline limits a whole call, response_timeout one attempt"),
    ("ssl", "unknown option ssl…: this version does not support TLS"),
];

const OPTIONS: [(&str, Apply); 22] = [
    ("db", |config, value| value.number().map(|db| config.db = db)),
    ("username", |config, value| {
        config.username = Some(Secret::new(value.text));
        Ok(())
    }),
    ("password", |config, value| {
        config.password = Some(Secret::new(value.text));
        Ok(())
    }),
    ("client_name", |config, value| {
        config.client_name = Some(value.text.to_owned());
        Ok(())
    }),
    ("protocol", |config, value| value.protocol().map(|protocol| config.protocol = protocol)),
    ("connections", |config, value| value.number().map(|count| config.connections = count)),
    ("connect_timeout", |config, value| value.seconds().map(|timeout| config.connect_timeout = timeout)),
    ("deadline", |config, value| value.seconds().map(|deadline| config.deadline = deadline)),
    ("response_timeout", |config, value| value.seconds_unless_off().map(|timeout| config.response_timeout = timeout)),
    ("keepalive", |config, value| value.keepalive().map(|keepalive| config.keepalive = keepalive)),
    ("user_timeout", |config, value| value.seconds_unless_off().map(|timeout| config.user_timeout = timeout)),
    ("nodelay", |config, value| {
        config.coalescing = if value.yes()? { Coalescing::Off } else { Coalescing::On };
        Ok(())
    }),
    ("health_check_interval", |config, value| {
        value.seconds_unless_off().map(|interval| config.health_check_interval = interval)
    }),
    ("timeouts_before_probe", |config, value| value.number().map(|count| config.timeouts_before_probe = count)),
    ("max_in_flight", |config, value| value.number().map(|count| config.max_in_flight = count)),
    ("max_value_bytes", |config, value| value.number().map(|bytes| config.max_value_bytes = bytes)),
    ("retries", |config, value| value.number().map(|retries| config.retry.retries = retries)),
    ("retry_first_pause", |config, value| value.seconds().map(|pause| config.retry.first_pause = pause)),
    ("retry_longest_pause", |config, value| value.seconds().map(|pause| config.retry.longest_pause = pause)),
    ("retry_budget_percent", |config, value| value.number().map(|percent| config.retry.budget_percent = percent)),
    ("default_ttl", |config, value| value.lifetime().map(|lifetime| config.default_lifetime = Some(lifetime))),
    ("at_least_once", |config, value| value.at_least_once().map(|which| config.retry.at_least_once = which)),
];

/// The value of an option, decoded.
struct Setting<'a> {
    option: &'static str,
    text: &'a str,
}

impl Setting<'_> {
    fn number<T: FromStr>(&self) -> Result<T> {
        number(self.option, self.text)
    }

    fn seconds(&self) -> Result<Duration> {
        let digits = self.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let seconds = self.text.parse().ok().filter(|_| digits);
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| self.refused("a duration is a number of seconds"))
    }

    fn yes(&self) -> Result<bool> {
        match self.text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "y" | "t" | "1" => Ok(true),
            "no" | "false" | "off" | "n" | "f" | "0" => Ok(false),
            _ => Err(self.refused("a switch is yes or no")),
        }
    }

    /// What can be switched off is, by the words that switch off anything else.
    fn seconds_unless_off(&self) -> Result<Option<Duration>> {
        match self.yes() {
            Ok(false) => Ok(None),
            _ => self.seconds().map(Some),
        }
    }

    fn keepalive(&self) -> Result<Option<Keepalive>> {
        // `1` is a number of seconds here, though elsewhere it switches on.
        match self.yes() {
            Ok(true) if self.text != "1" => Ok(Some(Keepalive::default())),
            _ => Ok(self.seconds_unless_off()?.map(Keepalive::after)),
        }
    }

    fn lifetime(&self) -> Result<Lifetime> {
        match self.text {
            "never" => Ok(Lifetime::Never),
            _ => match Ttl::new(self.seconds()?) {
                Ok(ttl) => Ok(Lifetime::In(ttl)),
                Err(_) => Err(self.refused("a time to live is never, or more than zero and at most 100 years")),
            },
        }
    }

    fn protocol(&self) -> Result<Protocol> {
        match self.text {
            "2" | "resp2" => Ok(Protocol::Resp2),
            "3" | "resp3" => Ok(Protocol::Resp3),
            _ => Err(self.refused("a protocol is 2 or 3")),
        }
    }

    fn at_least_once(&self) -> Result<AtLeastOnce> {
        match self.text {
            "never" => Ok(AtLeastOnce::Never),
            "same_answer" => Ok(AtLeastOnce::SameAnswer),
            "same_effect" => Ok(AtLeastOnce::SameEffect),
            _ => Err(self.refused("it is never, same_answer or same_effect")),
        }
    }

    fn refused(&self, reason: &str) -> Error {
        config_error(self.option, reason)
    }
}

/// A whole number without sign, in its range.
fn number<T: FromStr>(option: &str, text: &str) -> Result<T> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| config_error(option, "not a whole number in its range"))
}

/// Percent-decodes once.
fn decode(part: &str, text: &str) -> Result<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let (high, low) = (bytes.next().and_then(hex), bytes.next().and_then(hex));
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or_else(|| bad_escape(part))?
            }
            byte => byte,
        });
    }
    String::from_utf8(decoded).map_err(|_| config_error(part, "what is percent-encoded is UTF-8 text"))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn bad_escape(part: &str) -> Error {
    config_error(part, "a percent sign begins an escape of two hexadecimal digits, and is itself written %25")
}

fn unknown_scheme() -> Error {
    malformed("a URL begins with redis://, valkey:// or unix://")
}

fn malformed(reason: &'static str) -> Error {
    Error::new(ErrorKind::Config, reason)
}
