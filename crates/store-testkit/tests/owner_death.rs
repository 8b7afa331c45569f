//! Servers end with their owner, however the owner ends.
//!
//! The owner is this very binary, started again with a role in its environment, so that it can be made to panic, abort
//! and be killed. The servers that it started are then watched from outside.
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
#[cfg(feature = "containers")]
use store_testkit::Release;
use store_testkit::{
    BACKEND_VARIABLE, Listen, RedisServer, SentinelDeployment, SentinelOptions, ServerOptions, shared,
};
use support::{await_end, is_alive};

const ROLE: &str = "STORE_TESTKIT_OWNER";

const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;

fn main() {
    if let Ok(role) = env::var(ROLE) {
        own_servers(&role);
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
        trial("deployment_is_gone_after_its_owner_panicked", || {
            outlived_by_nothing("panic deployment", |status| status.code() == Some(101));
        }),
        trial("deployment_is_gone_after_its_owner_was_killed", || {
            let mut owner = Owner::start("wait deployment");
            owner.kill();
            owner.await_end_of_servers();
        }),
        trial("next_start_sweeps_what_a_killed_owner_left", next_start_sweeps_what_a_killed_owner_left),
        trial("server_stays_while_a_thread_of_its_owner_ends", server_stays_while_a_thread_of_its_owner_ends),
    ];
    #[cfg(feature = "containers")]
    let trials = trials.into_iter().chain([
        trial("containers_are_gone_after_their_owner_was_killed", containers_are_gone_after_their_owner_was_killed)
            .with_ignored_flag(true),
        trial("shared_container_is_gone_after_its_owner_returned", shared_container_is_gone_after_its_owner_returned)
            .with_ignored_flag(true),
        trial(
            "next_owner_of_containers_sweeps_what_nobody_removed",
            next_owner_of_containers_sweeps_what_nobody_removed,
        )
        .with_ignored_flag(true),
    ]);
    libtest_mimic::run(&Arguments::from_args(), trials.into_iter().collect()).exit();
}

fn trial(name: &str, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}

/// The other side: owns servers, says which, and ends as its role says once its standard input is closed.
fn own_servers(role: &str) {
    let own = RedisServer::start(ServerOptions::new().listen(Listen::Unix)).unwrap();
    let deployment = role.ends_with("deployment").then(|| SentinelDeployment::start(SentinelOptions::new()).unwrap());
    let watched: Vec<_> = match &deployment {
        Some(deployment) => deployment.servers().iter().chain(deployment.sentinels()).collect(),
        None if role.ends_with("shared") => vec![shared().unwrap()],
        None => vec![&own],
    };
    let ids: Vec<_> = watched.into_iter().map(|server| server.pid().unwrap().to_string()).collect();
    let directory = own.socket().and_then(Path::parent).unwrap();
    println!("{} {}", ids.join(","), directory.display());
    std::io::stdin().lines().for_each(drop);
    match role {
        "return" | "return shared" => {}
        "abort" => std::process::abort(),
        other => panic!("the end of the owner in the role {other:?}"),
    }
}

struct Owner {
    process: Child,
    servers: Vec<u32>,
    directory: PathBuf,
}

impl Owner {
    fn start(role: &str) -> Self {
        Self::start_on("process", role)
    }

    fn start_on(backend: &str, role: &str) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .env(ROLE, role)
            .env(BACKEND_VARIABLE, backend)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let (servers, directory) = line.trim_end().split_once(' ').expect("the owner names its servers");
        let servers = servers.split(',').map(|server| server.parse().unwrap()).collect();
        let owner = Self { servers, directory: PathBuf::from(directory), process };
        assert!(owner.servers.iter().all(|server| is_alive(*server)));
        owner
    }

    fn end(&mut self) -> ExitStatus {
        drop(self.process.stdin.take());
        self.process.wait().unwrap()
    }

    fn await_end_of_servers(&self) {
        self.servers.iter().for_each(|server| await_end(*server));
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
    owner.await_end_of_servers();
}

fn server_is_gone_after_its_owner_was_killed() {
    let mut owner = Owner::start("wait");
    owner.kill();
    owner.await_end_of_servers();
}

fn next_start_sweeps_what_a_killed_owner_left() {
    let mut owner = Owner::start("wait");
    assert!(owner.directory.exists());
    owner.kill();
    owner.await_end_of_servers();
    let _next = RedisServer::start_process(ServerOptions::new()).unwrap();
    assert!(!owner.directory.exists());
}

fn server_stays_while_a_thread_of_its_owner_ends() {
    let server = thread::spawn(|| RedisServer::start_process(ServerOptions::new()).unwrap()).join().unwrap();
    assert!(is_alive(server.pid().unwrap()));
    server.command(&["PING"]).unwrap();
}

/// The kernel ends no container. What does, has to be quick enough to be awaited, and to find what statics hold.
#[cfg(feature = "containers")]
fn containers_are_gone_after_their_owner_was_killed() {
    let mut owner = Owner::start_on("docker", "wait deployment");
    owner.kill();
    owner.await_end_of_servers();
}

#[cfg(feature = "containers")]
fn shared_container_is_gone_after_its_owner_returned() {
    let mut owner = Owner::start_on("docker", "return shared");
    assert!(owner.end().success());
    owner.await_end_of_servers();
}

#[cfg(feature = "containers")]
fn next_owner_of_containers_sweeps_what_nobody_removed() {
    let docker = |arguments: &[&str]| Command::new("docker").args(arguments).output().unwrap();
    let (name, tag) = Release::from_environment().unwrap().unwrap_or(Release::Redis70).image();
    let abandoned = "store-testkit.directory=/nonexistent/server-of-an-owner-that-is-gone";
    let created = docker(&["create", "--label", abandoned, &format!("{name}:{tag}")]);
    assert!(created.status.success(), "{created:?}");
    let id = String::from_utf8(created.stdout).unwrap();
    let mut next = Owner::start_on("docker", "return");
    assert!(!docker(&["inspect", id.trim()]).status.success());
    assert!(next.end().success());
}
