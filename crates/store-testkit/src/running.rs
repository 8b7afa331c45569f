//! Nodes under our control, whatever runs them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::launch::{Launch, Launched, Program, Runner};
use crate::node::{Launcher, Node, Runtime, State};
use crate::scratch::Scratch;
use crate::{Error, ServerOptions};

/// Launches nodes that end with this process, each with a temporary directory of its own.
pub(crate) struct Owned<R>(pub(crate) R);

impl<R: Runner + Clone + 'static> Launcher for Owned<R> {
    fn launch(&self, options: &ServerOptions) -> Result<Node, Error> {
        let scratch = Scratch::new()?;
        let directory = scratch.path().to_owned();
        launch(self.0.clone(), options, &directory, Keeping::Until(scratch))
    }
}

/// Starts a node with its files in `directory`, which must exist.
pub(crate) fn launch<R: Runner + 'static>(
    runner: R,
    options: &ServerOptions,
    directory: &Path,
    keeping: Keeping,
) -> Result<Node, Error> {
    let Launched { launch, program, identity } = Launch::first(options, directory, &runner)?;
    let (endpoint, control) = (launch.endpoint(), launch.control());
    let runtime = Box::new(RunningNode { program: Some(program), stopped: false, runner, launch, keeping });
    Ok(Node { runtime, endpoint, control, identity })
}

/// What becomes of a node when its [`Runtime`] is dropped.
pub(crate) enum Keeping {
    /// It is ended, and then the directory is removed that it writes to.
    Until(#[expect(dead_code, reason = "held for its drop")] Scratch),
    /// It is ended unless it was kept.
    Unless(Arc<AtomicBool>),
}

struct RunningNode<R: Runner> {
    program: Option<R::Program>,
    stopped: bool,
    runner: R,
    launch: Launch,
    keeping: Keeping,
}

impl<R: Runner> RunningNode<R> {
    fn program(&mut self) -> Result<&mut R::Program, Error> {
        self.program.as_mut().ok_or(Error::Down)
    }
}

impl<R: Runner> Runtime for RunningNode<R> {
    fn state(&self) -> State {
        match (&self.program, self.stopped) {
            (None, _) => State::Down,
            (Some(_), true) => State::Stopped,
            (Some(_), false) => State::Running,
        }
    }

    fn pid(&self) -> Result<u32, Error> {
        self.program.as_ref().map(Program::id).ok_or(Error::Down)
    }

    fn kill(&mut self) -> Result<(), Error> {
        let Some(mut program) = self.program.take() else { return Ok(()) };
        self.stopped = false;
        program.kill()
    }

    fn stop(&mut self) -> Result<(), Error> {
        self.program()?.stop()?;
        self.stopped = true;
        Ok(())
    }

    fn cont(&mut self) -> Result<(), Error> {
        self.program()?.cont()?;
        self.stopped = false;
        Ok(())
    }

    fn start(&mut self) -> Result<(), Error> {
        if self.program.is_none() {
            self.program = Some(self.launch.run(&self.runner)?.0);
        }
        Ok(())
    }
}

impl<R: Runner> Drop for RunningNode<R> {
    fn drop(&mut self) {
        if !matches!(&self.keeping, Keeping::Unless(kept) if kept.load(Ordering::Relaxed)) {
            // What cannot be ended here is ended when this process is gone.
            let _ = self.kill();
        }
    }
}
