//! Where a server is and who asks: the parsed form of a URL, and the URL of a server started here.

use std::fmt::{self, Write};
use std::path::PathBuf;

use crate::Error;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    Tcp { host: String, port: u16 },
    Unix(PathBuf),
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    /// `None` means the default user.
    pub(crate) user: Option<String>,
    pub(crate) password: String,
}

/// Without what they are for.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").finish_non_exhaustive()
    }
}

impl Credentials {
    /// As the part of a URL before the host, with its `@`.
    pub(crate) fn user_info(&self) -> String {
        let user = percent_encode(self.user.as_deref().unwrap_or_default());
        format!("{user}:{}@", percent_encode(&self.password))
    }
}

/// Whether what is sent to the endpoint is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Security {
    Plain,
    Tls,
}

impl Security {
    /// The letter that a URL's scheme ends with.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Tls => "s",
        }
    }
}

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) address: Address,
    pub(crate) security: Security,
    pub(crate) credentials: Option<Credentials>,
    pub(crate) database: u32,
}

impl Endpoint {
    /// Splits `redis://[user[:password]@]host[:port][/database]` or `unix://[user[:password]@]/path[?db=N]`. Options
    /// after `?` are the client's and not looked at, except for `db`.
    pub(crate) fn parse(url: &str) -> Result<Self, Error> {
        let wrong = |reason| Error::Backend { reason };
        let (scheme, rest) = url.split_once("://").ok_or(wrong("a URL without a scheme"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (credentials, place) = match rest.rsplit_once('@') {
            Some((info, place)) => (Some(parse_credentials(info)?), place),
            None => (None, rest),
        };
        let (address, path_database) = match scheme {
            "redis" | "valkey" => parse_host(place)?,
            "unix" | "redis+unix" | "valkey+unix" => (Address::Unix(PathBuf::from(percent_decode(place)?)), ""),
            _ => return Err(wrong("only redis:// and unix:// URLs name a server of this version's tests")),
        };
        let database = query.split('&').find_map(|option| option.strip_prefix("db=")).unwrap_or(path_database);
        let database = match database {
            "" => 0,
            number => number.parse().map_err(|_| wrong("the URL's database is not a number"))?,
        };
        Ok(Self { address, security: Security::Plain, credentials, database })
    }

    /// The URL that a client is given.
    pub(crate) fn url(&self) -> String {
        let credentials = self.credentials.as_ref().map_or_else(String::new, Credentials::user_info);
        match &self.address {
            Address::Tcp { host, port } => format!("redis{}://{credentials}{host}:{port}", self.security.suffix()),
            Address::Unix(path) => format!("unix://{credentials}{}", path.display()),
        }
    }
}

fn parse_credentials(info: &str) -> Result<Credentials, Error> {
    let (user, password) = info.split_once(':').unwrap_or((info, ""));
    let user = percent_decode(user)?;
    Ok(Credentials { user: (!user.is_empty()).then_some(user), password: percent_decode(password)? })
}

fn parse_host(place: &str) -> Result<(Address, &str), Error> {
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    // The colons of an IPv6 address stand inside brackets, so the port's colon is the one after them.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => {
            (host, port.parse().map_err(|_| Error::Backend { reason: "the URL's port is not a number" })?)
        }
        _ => (authority, 6379),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((Address::Tcp { host, port }, database))
}

pub(crate) fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn percent_decode(text: &str) -> Result<String, Error> {
    let wrong = Error::Backend { reason: "the URL has a percent sign without two hexadecimal digits" };
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let Some((digits, after)) = rest.split_at_checked(2) else { return Err(wrong) };
        let Some(value) = std::str::from_utf8(digits).ok().and_then(|digits| u8::from_str_radix(digits, 16).ok())
        else {
            return Err(wrong);
        };
        decoded.push(value);
        rest = after;
    }
    String::from_utf8(decoded).map_err(|_| Error::Backend { reason: "the URL's percent-encoded text is not UTF-8" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn a_tcp_url_gives_host_port_database_and_credentials() {
        let endpoint = Endpoint::parse("redis://app:p%40ss@cache.example:6380/3?protocol=3").unwrap();
        assert_eq!(endpoint.address, tcp("cache.example", 6380));
        assert_eq!(endpoint.database, 3);
        let credentials = endpoint.credentials.unwrap();
        assert_eq!((credentials.user.as_deref(), credentials.password.as_str()), (Some("app"), "p@ss"));
    }

    #[test]
    fn a_bare_host_gets_the_standard_port() {
        assert_eq!(Endpoint::parse("redis://cache.example").unwrap().address, tcp("cache.example", 6379));
        assert_eq!(Endpoint::parse("valkey://[::1]").unwrap().address, tcp("::1", 6379));
        assert_eq!(Endpoint::parse("redis://[::1]:7000").unwrap().address, tcp("::1", 7000));
    }

    #[test]
    fn a_unix_url_gives_the_path_and_the_database_option() {
        let endpoint = Endpoint::parse("unix://:secret@/run/redis.sock?db=2").unwrap();
        assert_eq!(endpoint.address, Address::Unix(PathBuf::from("/run/redis.sock")));
        assert_eq!(endpoint.database, 2);
        assert_eq!(endpoint.credentials.unwrap().user, None);
    }

    #[test]
    fn a_written_url_is_read_back_as_the_same_endpoint() {
        let credentials = Some(Credentials { user: None, password: "a:b@c/d%e?f".to_owned() });
        for address in [tcp("127.0.0.1", 7001), Address::Unix(PathBuf::from("/run/redis.sock"))] {
            let endpoint =
                Endpoint { address, security: Security::Plain, credentials: credentials.clone(), database: 0 };
            assert!(Endpoint::parse(&endpoint.url()).unwrap() == endpoint);
        }
    }

    #[test]
    fn other_schemes_and_bad_numbers_are_refused() {
        for url in ["rediss://h", "h:1", "redis://h:port", "redis://h/abc", "redis://:%zz@h"] {
            assert!(Endpoint::parse(url).is_err(), "{url}");
        }
    }
}
