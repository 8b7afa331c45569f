//! The server releases that can be asked for by name, whatever the machine has installed.

use std::env;
use std::path::PathBuf;
use std::str::FromStr;

use crate::Error;

/// The environment variable that chooses the release.
pub const SERVER_VARIABLE: &str = "STORE_TEST_SERVER";

/// A release of a server: as a container image, or unpacked into a directory from which it can be run as a process.
/// `cargo xtask images` makes both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Release {
    /// Redis 7.0.
    Redis70,
    /// Redis 8.0.
    Redis80,
    /// Valkey 8.1.
    Valkey81,
    /// Valkey 9, whichever is newest.
    Valkey9,
}

impl Release {
    /// All of them, oldest first.
    pub const ALL: [Self; 4] = [Self::Redis70, Self::Redis80, Self::Valkey81, Self::Valkey9];

    /// Reads [`SERVER_VARIABLE`]; unset or empty means `None`.
    ///
    /// # Errors
    /// [`Error::Release`] for a value that names none.
    pub fn from_environment() -> Result<Option<Self>, Error> {
        match env::var_os(SERVER_VARIABLE) {
            Some(name) if !name.is_empty() => name.to_str().unwrap_or_default().parse().map(Some),
            _ => Ok(None),
        }
    }

    /// The name by which it is asked for, as in `redis:7.0`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis70 => "redis:7.0",
            Self::Redis80 => "redis:8.0",
            Self::Valkey81 => "valkey:8.1",
            Self::Valkey9 => "valkey:9",
        }
    }

    /// The server's own name and the beginning of its version.
    #[must_use]
    pub fn server_and_version(self) -> (&'static str, &'static str) {
        self.name().split_once(':').unwrap_or((self.name(), ""))
    }

    /// The name and the tag of its container image. Nobody publishes one under this name, so it is ours or missing.
    #[must_use]
    pub fn image(self) -> (String, &'static str) {
        let (server, version) = self.server_and_version();
        (format!("store-testkit/{server}"), version)
    }

    /// Where it is unpacked: below the user's cache directory, so that all checkouts and target directories share it.
    ///
    /// # Errors
    /// [`Error::Release`] for a user without a home directory.
    pub fn directory(self) -> Result<PathBuf, Error> {
        let set = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let cache = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
        let cache =
            cache.ok_or(Error::Release { reason: "no cache directory: neither XDG_CACHE_HOME nor HOME is set" })?;
        Ok(cache.join("store-testkit").join(self.name().replace(':', "-")))
    }

    /// The program that runs it from where it is unpacked.
    ///
    /// # Errors
    /// [`Error::ReleaseMissing`] where it is not.
    pub fn program(self) -> Result<PathBuf, Error> {
        let program = self.directory()?.join(PROGRAM);
        if program.is_file() { Ok(program) } else { Err(Error::ReleaseMissing { release: self }) }
    }
}

/// Within the directory of a release, what starts its server with the arguments given.
pub const PROGRAM: &str = "start-server";

impl FromStr for Release {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let named = |release: &Self| release.name() == name;
        let known = "not one of redis:7.0, redis:8.0, valkey:8.1 and valkey:9";
        Self::ALL.into_iter().find(named).ok_or(Error::Release { reason: known })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_as_its_release() {
        for release in Release::ALL {
            assert_eq!(release.name().parse::<Release>().unwrap(), release);
        }
    }

    #[test]
    fn an_unknown_name_is_refused_with_all_that_are_known() {
        let error = "redis:6.2".parse::<Release>().unwrap_err().to_string();
        for release in Release::ALL {
            assert!(error.contains(release.name()), "{error}");
        }
    }

    #[test]
    fn image_and_directory_follow_from_the_name() {
        assert_eq!(Release::Valkey81.image(), ("store-testkit/valkey".to_owned(), "8.1"));
        assert!(Release::Redis80.directory().unwrap().ends_with("store-testkit/redis-8.0"));
    }
}
