//! A server ends with its owner, however the owner ends.
//!
//! The owner is this very binary, started again with a role in its environment, so that it can be made to panic, abort
//! and be killed. The server that it started is then watched from outside.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "all of it is test code, which clippy cannot see without the test harness"
)]

mod support;

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use libtest_mimic::{Arguments, Failed, Trial};
use store_testkit::{BACKEND_VARIABLE, Listen, RedisServer, ServerOptions, shared};
use support::{await_end, is_alive};

const ROLE: &str = "STORE_TESTKIT_OWNER";

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

fn main() {
    if let Ok(role) = env::var(ROLE) {
        own_a_server(&role);
        return;
    }
    let trials = vec![
        trial("server_is_gone_after_its_owner_returned_from_main", || {
            outlived_by_nothing("return", |status| status.success());
        }),
        trial("server_is_gone_after_its_owner_panicked", || {
            outlived_by_nothing("panic", |status| status.code() == Some(101));
        }),
        trial("shared_server_is_gone_after_its_owner_panicked", || {
            outlived_by_nothing("panic shared", |status| status.code() == Some(101));
        }),
        trial("server_is_gone_after_its_owner_aborted", || {
            outlived_by_nothing("abort", |status| status.signal() == Some(SIGABRT));
        }),
        trial("server_is_gone_after_its_owner_was_killed", server_is_gone_after_its_owner_was_killed),
        trial("next_start_sweeps_what_a_killed_owner_left", next_start_sweeps_what_a_killed_owner_left),
        trial("server_stays_while_a_thread_of_its_owner_ends", server_stays_while_a_thread_of_its_owner_ends),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial(name: &str, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}

/// The other side: owns one server, says which, and ends as its role says once its standard input is closed.
fn own_a_server(role: &str) {
    let own = RedisServer::start_process(ServerOptions::new().listen(Listen::Unix)).unwrap();
    let watched = if role == "panic shared" { shared().unwrap() } else { &own };
    let directory = own.socket().and_then(Path::parent).unwrap();
    println!("{} {}", watched.pid().unwrap(), directory.display());
    std::io::stdin().lines().for_each(drop);
    match role {
        "return" => {}
        "abort" => std::process::abort(),
        other => panic!("the end of the owner in the role {other:?}"),
    }
}

struct Owner {
    process: Child,
    server: u32,
    directory: PathBuf,
}

impl Owner {
    fn start(role: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .env(ROLE, role)
            .env_remove(BACKEND_VARIABLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (server, directory) = line.trim_end().split_once(' ').expect("the owner names its server");
        let owner = Self { server: server.parse().unwrap(), directory: PathBuf::from(directory), process };
        assert!(is_alive(owner.server));
        owner
    }

    fn end(&mut self) -> ExitStatus {
        drop(self.process.stdin.take());
        self.process.wait().unwrap()
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        assert_eq!(self.process.wait().unwrap().signal(), Some(SIGKILL));
    }
}

fn outlived_by_nothing(role: &str, expected: impl FnOnce(ExitStatus) -> bool) {
    let mut owner = Owner::start(role);
    let status = owner.end();
    assert!(expected(status), "the owner ended with {status}");
    await_end(owner.server);
}

fn server_is_gone_after_its_owner_was_killed() {
    let mut owner = Owner::start("wait");
    owner.kill();
    await_end(owner.server);
}

fn next_start_sweeps_what_a_killed_owner_left() {
    let mut owner = Owner::start("wait");
    assert!(owner.directory.exists());
    owner.kill();
    await_end(owner.server);
    let _next = RedisServer::start_process(ServerOptions::new()).unwrap();
    assert!(!owner.directory.exists());
}

fn server_stays_while_a_thread_of_its_owner_ends() {
    let server = thread::spawn(|| RedisServer::start_process(ServerOptions::new()).unwrap()).join().unwrap();
    assert!(is_alive(server.pid().unwrap()));
    server.command(&["PING"]).unwrap();
}
