//! The version of the protocol that clients under test speak, where a test leaves the choice to its environment.

use std::env;
use std::str::FromStr;

use crate::Error;

/// The environment variable that chooses the protocol.
pub const PROTOCOL_VARIABLE: &str = "STORE_TEST_PROTOCOL";

/// A version of the Redis protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// RESP2.
    Resp2,
    /// RESP3.
    Resp3,
}

impl Protocol {
    /// All of them, oldest first.
    pub const ALL: [Self; 2] = [Self::Resp2, Self::Resp3];

    /// Reads [`PROTOCOL_VARIABLE`]; unset or empty means `None`, and a test speaks what it speaks by itself.
    ///
    /// # Errors
    /// [`Error::UnknownProtocol`] for a value that names none.
    pub fn from_environment() -> Result<Option<Self>, Error> {
        match env::var_os(PROTOCOL_VARIABLE) {
            Some(name) if !name.is_empty() => name.to_str().unwrap_or_default().parse().map(Some),
            _ => Ok(None),
        }
    }

    /// The name by which it is asked for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Resp2 => "resp2",
            Self::Resp3 => "resp3",
        }
    }
}

impl FromStr for Protocol {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL.into_iter().find(|protocol| protocol.name() == name).ok_or(Error::UnknownProtocol)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_its_protocol_and_an_unknown_one_is_refused() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.name().parse::<Protocol>().unwrap(), protocol);
        }
        assert!(matches!("3".parse::<Protocol>(), Err(Error::UnknownProtocol)));
    }
}
