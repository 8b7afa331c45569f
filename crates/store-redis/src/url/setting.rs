//! The value of an option, and what it can stand for.

use std::str::FromStr;
use std::time::Duration;

use store_core::{Error, Lifetime, Result, Ttl};

use crate::config::{Coalescing, Coverage, Keepalive, Secret, Server, config_error};
use crate::url::{address, text};

/// The value of an option, decoded.
pub(super) struct Setting<'a> {
    pub(super) option: &'static str,
    pub(super) text: &'a str,
}

impl Setting<'_> {
    pub(super) fn secret(&self) -> Secret {
        Secret::new(self.text)
    }

    pub(super) fn number<T: FromStr>(&self) -> Result<T> {
        text::number(self.option, self.text)
    }

    pub(super) fn seconds(&self) -> Result<Duration> {
        let digits = self.text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        let seconds = self.text.parse().ok().filter(|_| digits);
        seconds
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            .ok_or_else(|| self.refused("a duration is a number of seconds"))
    }

    /// What can be switched off is, by the words that switch off anything else.
    pub(super) fn seconds_unless_off(&self) -> Result<Option<Duration>> {
        match self.yes() {
            Ok(false) => Ok(None),
            _ => self.seconds().map(Some),
        }
    }

    pub(super) fn keepalive(&self) -> Result<Option<Keepalive>> {
        // `1` is a number of seconds here, though elsewhere it switches on.
        match self.yes() {
            Ok(true) if self.text != "1" => Ok(Some(Keepalive::default())),
            _ => Ok(self.seconds_unless_off()?.map(Keepalive::after)),
        }
    }

    pub(super) fn coalescing(&self) -> Result<Coalescing> {
        Ok(if self.yes()? { Coalescing::Off } else { Coalescing::On })
    }

    pub(super) fn coverage(&self) -> Result<Coverage> {
        match (self.text, self.yes()) {
            ("full", _) | (_, Ok(true)) => Ok(Coverage::Full),
            ("partial", _) | (_, Ok(false)) => Ok(Coverage::Partial),
            _ => Err(self.refused("a coverage is full or partial")),
        }
    }

    pub(super) fn lifetime(&self) -> Result<Lifetime> {
        match self.text {
            "never" => Ok(Lifetime::Never),
            _ => match Ttl::new(self.seconds()?) {
                Ok(ttl) => Ok(Lifetime::In(ttl)),
                Err(_) => Err(self.refused("a time to live is never, or more than zero and at most 100 years")),
            },
        }
    }

    pub(super) fn address_map(&self) -> Result<Vec<(Server, Server)>> {
        let shape = "an address map is announced-host:port=reachable-host:port, with commas between such pairs";
        address::map(self.text).map_err(|_| self.refused(shape))
    }

    /// The one that goes by this name.
    pub(super) fn one_of<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T> {
        let chosen = choices.iter().find(|(name, _)| *name == self.text).map(|(_, choice)| *choice);
        chosen.ok_or_else(|| {
            let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
            self.refused(&format!("it is one of {}", names.join(", ")))
        })
    }

    fn yes(&self) -> Result<bool> {
        match self.text.to_ascii_lowercase().as_str() {
            "yes" | "true" | "on" | "y" | "t" | "1" => Ok(true),
            "no" | "false" | "off" | "n" | "f" | "0" => Ok(false),
            _ => Err(self.refused("a switch is yes or no")),
        }
    }

    fn refused(&self, reason: &str) -> Error {
        config_error(self.option, reason)
    }
}
