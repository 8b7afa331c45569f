//! Servers as local processes.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use crate::backend::server_binary;
use crate::launch::{Launch, Program, Runner};
use crate::lifetime::Lifetime;
use crate::node::{Launcher, Node};
use crate::running::{self, Keeping};
use crate::{Error, ServerOptions, keeper};

/// Processes of one program that live equally long.
#[derive(Debug, Clone)]
pub(crate) struct Processes {
    binary: PathBuf,
    lifetime: Lifetime,
}

impl Processes {
    /// Of the program that the environment asks for.
    pub(crate) fn new(lifetime: Lifetime) -> Result<Self, Error> {
        Ok(Self::of(server_binary()?, lifetime))
    }

    /// Of this program.
    pub(crate) fn of(binary: PathBuf, lifetime: Lifetime) -> Self {
        Self { binary, lifetime }
    }

    fn spawn(&self, launch: &Launch) -> io::Result<Child> {
        let log = File::create(launch.log_path())?;
        let mut command = Command::new(&self.binary);
        command.args(launch.arguments()).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        self.lifetime.apply(&mut command);
        keeper::spawn(command)
    }
}

impl Runner for Processes {
    type Program = Child;

    fn start(&self, launch: &Launch) -> Result<Child, Error> {
        self.spawn(launch).map_err(Error::io("starting the server"))
    }
}

/// Launches processes that stay once they are [kept](Self::keep), each in a subdirectory of one directory. Until then
/// they end with the deployment that is being made of them, should that fail.
pub(crate) struct DetachedProcesses {
    directory: PathBuf,
    launched: AtomicUsize,
    kept: Arc<AtomicBool>,
}

impl DetachedProcesses {
    /// `directory` must exist and be absolute: a server changes to its own.
    pub(crate) fn in_directory(directory: PathBuf) -> Self {
        Self { directory, launched: AtomicUsize::new(0), kept: Arc::default() }
    }

    /// Lets all processes outlive whatever they were started for.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Launcher for DetachedProcesses {
    fn launch(&self, options: &ServerOptions) -> Result<Node, Error> {
        let number = self.launched.fetch_add(1, Ordering::Relaxed) + 1;
        let directory = self.directory.join(format!("node-{number}"));
        fs::create_dir_all(&directory).map_err(Error::io("making a directory for the server"))?;
        let processes = Processes::new(Lifetime::Detached)?;
        running::launch(processes, options, &directory, Keeping::Unless(Arc::clone(&self.kept)))
    }
}

impl Program for Child {
    fn id(&self) -> u32 {
        Self::id(self)
    }

    fn ended(&mut self) -> Option<String> {
        match self.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("it ended with {status}")),
            Err(error) => Some(format!("its state cannot be read: {error}")),
        }
    }

    fn kill(&mut self) -> Result<(), Error> {
        Self::kill(self).and_then(|()| self.wait()).map(drop).map_err(Error::io("killing the server"))
    }

    fn stop(&mut self) -> Result<(), Error> {
        let pid = Pid::from_child(self);
        kill_process(pid, Signal::STOP).map_err(|error| Error::io("stopping the server")(error.into()))?;
        // The signal is only sent so far. NOWAIT leaves the state to be seen again by a second stop, and an exit to
        // whoever reaps the child.
        let states = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        waitid(WaitId::Pid(pid), states).map_err(|error| Error::io("waiting for the server to stop")(error.into()))?;
        Ok(())
    }

    fn cont(&mut self) -> Result<(), Error> {
        kill_process(Pid::from_child(self), Signal::CONT)
            .map_err(|error| Error::io("letting the server run on")(error.into()))
    }
}
