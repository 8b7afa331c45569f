//! Servers in containers of a chosen release.
//!
//! A container shares the host's network, its process ids and the server's directory, at the same path. So a server in
//! it has the address, the files and the log that a local process would have, and whatever assembles servers to a
//! topology need not know the difference. Only what ends with this process is another matter: see `reaper.rs`.

mod engine;
mod reaper;

use std::convert::Infallible;
use std::fs;

use testcontainers::bollard::Docker;
use testcontainers::core::Mount;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, ContainerRequest, GenericImage, ImageExt};

use crate::launch::{Launch, Program, Runner};
use crate::{Error, Release};
use engine::Engine;

/// The label that names the directory of a container's server, by whose lock others see whether its owner lives.
const DIRECTORY: &str = "store-testkit.directory";

/// The label that names the process that owns the container.
const OWNER: &str = "store-testkit.owner";

/// Containers of one release.
#[derive(Debug, Clone)]
pub(crate) struct Containers {
    engine: &'static Engine,
    release: Release,
}

impl Containers {
    /// Of the release that the environment asks for.
    pub(crate) fn new() -> Result<Self, Error> {
        let release = Release::from_environment()?.unwrap_or(Release::Redis70);
        let engine = Engine::get()?;
        engine.ensure_image(release)?;
        Ok(Self { engine, release })
    }

    fn request(&self, launch: &Launch) -> ContainerRequest<GenericImage> {
        let (name, tag) = self.release.image();
        let directory = launch.directory().to_string_lossy();
        let arguments = launch.arguments().map(|argument| argument.to_string_lossy().into_owned());
        GenericImage::new(name.as_str(), tag)
            .with_cmd(arguments)
            .with_mount(Mount::bind_mount(directory.clone(), directory.clone()))
            // Files of another user could not be removed with the directory.
            .with_user(format!("{}:{}", rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw()))
            .with_label(DIRECTORY, directory)
            .with_label(OWNER, self.engine.owner())
            .with_host_config_modifier(|host| {
                host.network_mode = Some("host".to_owned());
                host.pid_mode = Some("host".to_owned());
                host.publish_all_ports = None;
            })
    }
}

impl Runner for Containers {
    type Program = Container;

    fn start(&self, launch: &Launch) -> Result<Container, Error> {
        let request = self.request(launch);
        let running = self.engine.run("starting a container", async move { request.start().await })?;
        // Whatever fails from here on, the container is removed with this value.
        let mut container = Container { engine: self.engine, running: Some(running), pid: 0, launch: launch.clone() };
        container.pid = container.state()?.pid;
        Ok(container)
    }
}

/// One container. Removing it is how its server is killed, with SIGKILL, so a restarted server has a new one.
pub(crate) struct Container {
    engine: &'static Engine,
    running: Option<ContainerAsync<GenericImage>>,
    pid: u32,
    launch: Launch,
}

/// What the engine says about a container.
struct Inspected {
    pid: u32,
    exit_code: Option<i64>,
}

impl Container {
    /// What the engine is asked with.
    fn named(&self) -> Result<(Docker, String), Error> {
        let running = self.running.as_ref().ok_or(Error::Down)?;
        Ok((self.engine.docker(), running.id().to_owned()))
    }

    fn state(&self) -> Result<Inspected, Error> {
        let (docker, id) = self.named()?;
        let inspected =
            self.engine.run("inspecting a container", async move { docker.inspect_container(&id, None).await });
        let state = inspected?.state.unwrap_or_default();
        let pid = state.pid.and_then(|pid| u32::try_from(pid).ok()).unwrap_or_default();
        Ok(Inspected { pid, exit_code: state.exit_code.filter(|_| state.running != Some(true)) })
    }

    /// The output of a program that has ended, put where that of a process goes by itself.
    fn keep_log(&mut self) -> Result<(), Error> {
        let Some(running) = self.running.take() else { return Ok(()) };
        let (running, output) = self.engine.run("reading a container's output", async move {
            let output = [running.stdout_to_vec().await, running.stderr_to_vec().await];
            Ok::<_, Infallible>((running, output))
        })?;
        self.running = Some(running);
        let output: Vec<u8> = output.into_iter().flatten().flatten().collect();
        fs::write(self.launch.log_path(), output).map_err(Error::io("writing the server's log"))
    }
}

impl Program for Container {
    fn id(&self) -> u32 {
        self.pid
    }

    fn ended(&mut self) -> Option<String> {
        let code = match self.state() {
            Ok(state) => state.exit_code?,
            Err(error) => return Some(format!("its state cannot be read: {error}")),
        };
        let log = self.keep_log().err().map_or_else(String::new, |error| format!(", and its log is lost: {error}"));
        Some(format!("it ended with exit code {code}{log}"))
    }

    fn kill(&mut self) -> Result<(), Error> {
        let Some(running) = self.running.take() else { return Ok(()) };
        self.engine.run("removing a container", async move { running.rm().await })
    }

    fn stop(&mut self) -> Result<(), Error> {
        let (docker, id) = self.named()?;
        self.engine.run("pausing a container", async move {
            docker.pause_container(&id).await.or_else(engine::unless_so_already)
        })
    }

    fn cont(&mut self) -> Result<(), Error> {
        let (docker, id) = self.named()?;
        self.engine.run("letting a container run on", async move {
            docker.unpause_container(&id).await.or_else(engine::unless_so_already)
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // What cannot be removed here is removed when this process is gone.
        let _ = self.kill();
    }
}
