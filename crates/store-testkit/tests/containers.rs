//! What holds for servers in containers, as it does for processes.
//!
//! These need a container engine, an image (`cargo xtask images`) and `STORE_TEST_BACKEND=docker`, so they run where they
//! are asked for: `cargo xtask ci` does where an engine answers, and says so where none does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use store_testkit::{
    Backend, ClusterDeployment, ClusterOptions, Error, Listen, RedisServer, Release, Reply, SentinelDeployment,
    SentinelOptions, ServerOptions, State,
};
use support::{await_end, is_alive};

fn on_containers() {
    let backend = Backend::from_environment().unwrap();
    assert_eq!(backend, Backend::Docker, "these tests are about containers: set STORE_TEST_BACKEND=docker");
}

fn start(options: ServerOptions) -> RedisServer {
    on_containers();
    RedisServer::start(options).expect("a container starts on this machine")
}

fn keeps_what_it_is_given(server: &RedisServer) {
    let mut connection = server.connect().unwrap();
    connection.command(&["SET", "a", "b"]).unwrap();
    assert_eq!(connection.command(&["GET", "a"]).unwrap().as_text(), Some("b"));
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_container_has_the_release_that_was_asked_for() {
    let server = start(ServerOptions::new());
    let (name, version) = Release::from_environment().unwrap().unwrap_or(Release::Redis70).server_and_version();
    assert_eq!(server.server_name(), name);
    assert!(server.version().starts_with(&format!("{version}.")), "{}", server.version());
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port().unwrap()));
    keeps_what_it_is_given(&server);
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_unix_socket_of_a_container_is_one_of_this_machine() {
    keeps_what_it_is_given(&start(ServerOptions::new().listen(Listen::Unix)));
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_container_is_killed_and_restarted_in_its_place() {
    let server = start(ServerOptions::new().directive("appendonly", "yes").directive("appendfsync", "always"));
    let pid = server.pid().unwrap();
    server.command(&["SET", "a", "b"]).unwrap();
    server.kill().unwrap();
    assert_eq!((server.state(), is_alive(pid)), (State::Down, false));
    assert!(server.command(&["PING"]).is_err());
    server.restart().unwrap();
    assert_ne!(server.pid().unwrap(), pid);
    assert_eq!(server.command(&["GET", "a"]).unwrap(), Reply::Bulk(b"b".to_vec()));
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_stopped_container_keeps_its_connections_and_answers_when_continued() {
    let server = start(ServerOptions::new());
    let mut stream = TcpStream::connect(("127.0.0.1", server.port().unwrap())).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    server.stop().unwrap();
    server.stop().unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    server.cont().unwrap();
    server.cont().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).unwrap();
    assert_eq!(&reply, b"+PONG\r\n");
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_stopped_container_can_be_killed_and_restarted() {
    let server = start(ServerOptions::new());
    server.stop().unwrap();
    server.restart().unwrap();
    keeps_what_it_is_given(&server);
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_bad_directive_is_an_error_with_the_words_of_the_server_in_the_container() {
    on_containers();
    let Err(error) = RedisServer::start(ServerOptions::new().directive("no-such-directive", "1")) else {
        panic!("started")
    };
    assert!(matches!(error, Error::Start { .. }) && error.to_string().contains("no-such-directive"), "{error}");
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn drop_ends_the_container_and_removes_its_directory() {
    let server = start(ServerOptions::new().listen(Listen::Unix).directive("appendonly", "yes"));
    let pid = server.pid().unwrap();
    let directory = server.socket().unwrap().parent().unwrap().to_owned();
    assert!(is_alive(pid) && directory.exists());
    drop(server);
    await_end(pid);
    assert!(!directory.exists());
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_cluster_of_containers_takes_writes_and_fails_over() {
    on_containers();
    let cluster = ClusterDeployment::start(ClusterOptions::new()).unwrap();
    assert_eq!((cluster.primaries().len(), cluster.nodes().len()), (3, 6));
    let former = cluster.primary_of_slot(cluster.slot_of("a").unwrap()).unwrap();
    keeps_what_it_is_given(former);
    former.kill().unwrap();
    cluster.await_failover(former).unwrap();
    keeps_what_it_is_given(cluster.primary_of_slot(cluster.slot_of("a").unwrap()).unwrap());
}

#[test]
#[ignore = "needs a container engine; `cargo xtask ci` runs it"]
fn a_sentinel_deployment_of_containers_replaces_its_primary() {
    on_containers();
    let deployment = SentinelDeployment::start(SentinelOptions::new()).unwrap();
    let former = deployment.primary().unwrap();
    keeps_what_it_is_given(former);
    former.stop().unwrap();
    keeps_what_it_is_given(deployment.await_new_primary(former).unwrap());
}
