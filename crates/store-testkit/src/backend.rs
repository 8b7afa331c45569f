//! Where servers come from: processes started here, or a URL that the user gave.

use std::env;
use std::path::PathBuf;

use crate::Error;

/// The environment variable that chooses the backend.
pub const BACKEND_VARIABLE: &str = "STORE_TEST_BACKEND";

const SERVER_PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

/// The backend that the environment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Local processes of a server found on `PATH`.
    Process,
    /// A server that is already there.
    Url(String),
}

impl Backend {
    /// Reads [`BACKEND_VARIABLE`]; unset or empty means [`Backend::Process`].
    ///
    /// # Errors
    /// [`Error::Backend`] for a value that names no backend.
    pub fn from_environment() -> Result<Self, Error> {
        match env::var(BACKEND_VARIABLE) {
            Ok(value) => Self::parse(&value),
            Err(env::VarError::NotPresent) => Ok(Self::Process),
            Err(env::VarError::NotUnicode(_)) => Err(Error::Backend { reason: "not UTF-8" }),
        }
    }

    fn parse(value: &str) -> Result<Self, Error> {
        match value {
            "" | "process" => Ok(Self::Process),
            "docker" => Err(Error::Backend {
                reason: "containers come with a later version; use `process` or the URL of a server",
            }),
            url if url.contains("://") => Ok(Self::Url(url.to_owned())),
            _ => Err(Error::Backend { reason: "neither `process` nor a URL" }),
        }
    }
}

/// The server binary on `PATH`: Redis where both are there.
pub(crate) fn server_binary() -> Result<PathBuf, Error> {
    SERVER_PROGRAMS.iter().find_map(|program| find_program(program)).ok_or(Error::NoServerBinary)
}

/// The first file called `name` in the directories of `PATH`.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_and_process_mean_local_processes() {
        assert_eq!(Backend::parse("").unwrap(), Backend::Process);
        assert_eq!(Backend::parse("process").unwrap(), Backend::Process);
    }

    #[test]
    fn a_url_is_taken_as_it_stands() {
        let url = "redis://:secret@cache.example:6380/3";
        assert_eq!(Backend::parse(url).unwrap(), Backend::Url(url.to_owned()));
    }

    #[test]
    fn docker_is_refused_with_what_to_use_instead() {
        let error = Backend::parse("docker").unwrap_err().to_string();
        assert!(error.contains("later version"), "{error}");
    }

    #[test]
    fn an_unknown_backend_is_refused() {
        assert!(matches!(Backend::parse("podman"), Err(Error::Backend { .. })));
    }
}
