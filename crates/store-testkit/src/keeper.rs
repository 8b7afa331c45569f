//! The thread that starts every server.
//!
//! The kernel's parent-death signal is sent when the *thread* that forked the child ends, not when its process does. A
//! server started from a test's thread would therefore die with the first test that used it. So all of them are
//! children of one thread, which lives exactly as long as the process.

use std::io;
use std::process::{Child, Command};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

struct Request {
    command: Command,
    reply: Sender<io::Result<Child>>,
}

/// The thread lives on because this sender is never dropped.
static KEEPER: LazyLock<Sender<Request>> = LazyLock::new(|| {
    let (sender, receiver) = channel();
    // Where no thread can be had, its closure, and with it the receiver, is dropped: every `spawn` then reports it.
    let _ = thread::Builder::new().name("server-keeper".to_owned()).spawn(move || serve(&receiver));
    sender
});

fn serve(requests: &Receiver<Request>) {
    while let Ok(Request { mut command, reply }) = requests.recv() {
        // The requester waits for the reply, so it is gone only if its thread was torn down with the whole process.
        let _ = reply.send(command.spawn());
    }
}

/// Starts `command` as a child of the keeper thread.
pub(crate) fn spawn(command: Command) -> io::Result<Child> {
    let (reply, child) = channel();
    let gone = || io::Error::other("the thread that keeps the servers could not be started");
    KEEPER.send(Request { command, reply }).map_err(|_| gone())?;
    child.recv().map_err(|_| gone())?
}
