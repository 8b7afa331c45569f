//! How long a server process lives: as long as its owner, or until it is told to end.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::process::{Pid, getpid, setsid};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lifetime {
    /// Ended by the kernel when its owner is gone, however that came about.
    WithOwner,
    /// In a session of its own, so that neither its starter's end nor Ctrl-C in its terminal ends it.
    Detached,
}

impl Lifetime {
    /// Makes the child that `command` starts live that long. The calling process is the owner.
    pub(crate) fn apply(self, command: &mut Command) {
        let owner = getpid();
        let before_exec = move || match self {
            Self::WithOwner => end_with(owner),
            Self::Detached => setsid().map(drop).map_err(io::Error::from),
        };
        // SAFETY: the closure runs between fork and exec, where only async-signal-safe calls are sound. It makes three
        // system calls at most (setpgid, prctl and getppid, or setsid) through thin wrappers, and neither allocates nor
        // locks.
        unsafe { command.pre_exec(before_exec) };
    }
}

#[cfg(target_os = "linux")]
fn end_with(owner: Pid) -> io::Result<()> {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal, setpgid};

    // In a group of its own: stopped servers in the group of a shell's job are let run on when that shell ends.
    setpgid(None, None)?;
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // An owner that ended between the fork and the line above has no more death to announce.
    if getppid() == Some(owner) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
}

/// Other kernels offer nothing of the kind, so there a server outlives an owner that is killed.
#[cfg(not(target_os = "linux"))]
fn end_with(_owner: Pid) -> io::Result<()> {
    Ok(())
}
