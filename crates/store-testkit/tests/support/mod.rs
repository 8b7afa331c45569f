//! Looking at processes from outside, through `/proc`.

use std::fs;
use std::time::Duration;

use store_testkit::wait_until;

const LIMIT: Duration = Duration::from_secs(10);

/// Waits until the process has ended. One that nobody has reaped yet (`Z`) has.
pub(crate) fn await_end(pid: u32) {
    wait_until(&format!("the end of process {pid}"), LIMIT, || (!is_alive(pid)).then_some(()))
        .expect("a process that was told to end does");
}

pub(crate) fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// The state letter of `/proc/<pid>/stat`, which follows the command name and its closing parenthesis.
pub(crate) fn state(pid: u32) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}
