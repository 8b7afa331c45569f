//! Removing the containers of this process when it is gone, however it went.
//!
//! The kernel ends the processes of a dead owner, and nobody ends its containers: the engine does not know that they
//! belonged to anyone. So a shell waits at a pipe whose other end only this process holds. Where there is no `sh` or no
//! `docker` for it, the containers stay until the next process that uses containers sweeps them away.

use std::io;
use std::process::{ChildStdin, Command, Stdio};

use crate::keeper;
use crate::lifetime::Lifetime;

const SCRIPT: &str =
    "cat >/dev/null; docker ps --all --quiet --filter label=\"$0\" | xargs -r docker rm --force --volumes";

/// The end of the pipe, which the kernel closes with the process.
pub(super) struct Reaper {
    _pipe: Option<ChildStdin>,
}

impl Reaper {
    /// Removes all containers with this label at the end of the process.
    pub(super) fn start(label: &str) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, label]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // It must outlive us, Ctrl-C included.
        Lifetime::Detached.apply(&mut command);
        Ok(Self { _pipe: keeper::spawn(command)?.stdin.take() })
    }
}
