//! The container engine, spoken to from a runtime of our own.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, Hasher};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::mpsc::channel;

use testcontainers::bollard::Docker;
use testcontainers::bollard::errors::Error as DockerError;
use testcontainers::bollard::query_parameters::{ListContainersOptionsBuilder, RemoveContainerOptionsBuilder};
use testcontainers::core::client::docker_client_instance;
use tokio::runtime::{Builder, Runtime};

use super::reaper::Reaper;
use super::{DIRECTORY, OWNER};
use crate::{Error, Release, scratch};

const CONNECTING: &str = "connecting to the container engine";

/// What a step can fail with.
pub(super) type Cause = dyn std::error::Error + Send + Sync;

pub(super) struct Engine {
    runtime: Runtime,
    docker: Docker,
    owner: String,
    _reaper: Option<Reaper>,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("owner", &self.owner).finish_non_exhaustive()
    }
}

impl Engine {
    /// The one engine of this process. The first call removes what earlier owners left behind.
    pub(super) fn get() -> Result<&'static Self, Error> {
        static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
        let engine = ENGINE.get_or_init(|| Self::connect().map_err(|error| error.to_string()));
        engine.as_ref().map_err(|reason| Error::Container { step: "STORE_TEST_BACKEND=docker", reason: reason.clone() })
    }

    fn connect() -> Result<Self, Error> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("containers").enable_all().build();
        let runtime = runtime.map_err(Error::io("starting a runtime for the container engine"))?;
        let docker = wait_for(&runtime, CONNECTING, async {
            let docker = docker_client_instance().await?;
            docker.ping().await.map(|_| docker).map_err(Box::<Cause>::from)
        })?;
        // Any number will do that no other process has.
        let owner = format!("{}-{:016x}", std::process::id(), RandomState::new().build_hasher().finish());
        let reaper = Reaper::start(&format!("{OWNER}={owner}")).ok();
        let engine = Self { runtime, docker, owner, _reaper: reaper };
        engine.sweep()?;
        Ok(engine)
    }

    pub(super) fn docker(&self) -> Docker {
        self.docker.clone()
    }

    pub(super) fn owner(&self) -> &str {
        &self.owner
    }

    /// Runs a step to its end. Callers may themselves be on any runtime, which this one has nothing to do with.
    ///
    /// # Errors
    /// [`Error::Container`] with the step and what the engine said.
    pub(super) fn run<T, E>(
        &self,
        step: &'static str,
        future: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, Error>
    where
        T: Send + 'static,
        E: Into<Box<Cause>>,
    {
        wait_for(&self.runtime, step, async move { future.await.map_err(Into::into) })
    }

    /// Checked before anything is started, because a missing image would turn into an attempt to pull it.
    pub(super) fn ensure_image(&self, release: Release) -> Result<(), Error> {
        let (name, tag) = release.image();
        let docker = self.docker();
        let found = self.run("looking for an image", async move {
            match docker.inspect_image(&format!("{name}:{tag}")).await {
                Ok(_) => Ok(true),
                Err(DockerError::DockerResponseServerError { status_code: 404, .. }) => Ok(false),
                Err(error) => Err(error),
            }
        })?;
        if found { Ok(()) } else { Err(Error::ReleaseMissing { release }) }
    }

    /// Removes the containers whose owners are gone. Those of the living have a directory whose lock is held.
    fn sweep(&self) -> Result<(), Error> {
        let docker = self.docker();
        self.run("removing what others left behind", async move {
            let ours = HashMap::from([("label", vec![DIRECTORY])]);
            let options = ListContainersOptionsBuilder::new().all(true).filters(&ours).build();
            for container in docker.list_containers(Some(options)).await? {
                let directory = container.labels.and_then(|labels| labels.get(DIRECTORY).cloned());
                let abandoned = directory.is_some_and(|directory| scratch::is_abandoned(Path::new(&directory)));
                if let Some(id) = container.id.filter(|_| abandoned) {
                    let force = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
                    // One that is gone meanwhile was removed by another sweep.
                    let _ = docker.remove_container(&id, Some(force)).await;
                }
            }
            Ok::<_, DockerError>(())
        })
    }
}

fn wait_for<T: Send + 'static>(
    runtime: &Runtime,
    step: &'static str,
    future: impl Future<Output = Result<T, Box<Cause>>> + Send + 'static,
) -> Result<T, Error> {
    let (sender, receiver) = channel();
    runtime.spawn(async move {
        // Whoever waits for the result waits until it is there.
        let _ = sender.send(future.await);
    });
    let result = receiver.recv().unwrap_or_else(|_| Err("the step was given up half-way".into()));
    result.map_err(|error| Error::Container { step, reason: in_full(&*error) })
}

/// The error and its causes, in a line.
fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// An engine that refuses a step because it is done already has done what was asked.
pub(super) fn unless_so_already(error: DockerError) -> Result<(), DockerError> {
    let done = ["is already paused", "is not paused"];
    match &error {
        DockerError::DockerResponseServerError { message, .. } if done.iter().any(|done| message.contains(done)) => {
            Ok(())
        }
        _ => Err(error),
    }
}
