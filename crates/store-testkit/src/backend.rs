//! Where servers come from: processes or containers started here, or a URL that the user gave.

use std::env;
use std::path::PathBuf;

#[cfg(feature = "containers")]
use crate::container::Containers;
use crate::lifetime::Lifetime;
use crate::node::Launcher;
use crate::process::Processes;
use crate::running::Owned;
use crate::{Error, Release};

/// The environment variable that chooses the backend.
pub const BACKEND_VARIABLE: &str = "STORE_TEST_BACKEND";

const SERVER_PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];

/// The backend that the environment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Local processes of a server found on `PATH`, or of the [`Release`] that is asked for.
    Process,
    /// Containers of the [`Release`] that is asked for, Redis 7.0 unless one is; with the feature `containers` only.
    Docker,
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

    /// What launches nodes of our own. `asked` is what is needed that a server given by URL cannot be.
    pub(crate) fn launcher(&self, asked: &'static str) -> Result<Box<dyn Launcher>, Error> {
        match self {
            Self::Process => Ok(Box::new(Owned(Processes::new(Lifetime::WithOwner)?))),
            #[cfg(feature = "containers")]
            Self::Docker => Ok(Box::new(Owned(Containers::new()?))),
            #[cfg(not(feature = "containers"))]
            Self::Docker => Err(Error::Backend { reason: "`docker` needs the feature `containers` of store-testkit" }),
            Self::Url(_) => Err(Error::OnlyOnProcess { asked }),
        }
    }

    fn parse(value: &str) -> Result<Self, Error> {
        match value {
            "" | "process" => Ok(Self::Process),
            "docker" => Ok(Self::Docker),
            url if url.contains("://") => Ok(Self::Url(url.to_owned())),
            _ => Err(Error::Backend { reason: "neither `process` nor `docker` nor a URL" }),
        }
    }
}

/// What starts a server process: the release that the environment names, else what is on `PATH`, Redis where both are.
pub(crate) fn server_binary() -> Result<PathBuf, Error> {
    if let Some(release) = Release::from_environment()? {
        return release.program();
    }
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
    fn docker_means_containers() {
        assert_eq!(Backend::parse("docker").unwrap(), Backend::Docker);
    }

    #[test]
    #[cfg(not(feature = "containers"))]
    fn containers_are_refused_where_they_are_not_built_in() {
        let error = Backend::Docker.launcher("a server").err().map(|error| error.to_string());
        assert!(error.is_some_and(|error| error.contains("feature `containers`")));
    }

    #[test]
    fn an_unknown_backend_is_refused() {
        assert!(matches!(Backend::parse("podman"), Err(Error::Backend { .. })));
    }
}
