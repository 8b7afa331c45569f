//! What the faults of a single server promise.

use std::thread;
use std::time::{Duration, Instant};

use store_testkit::{Connection, Error, Pause, RedisServer, Reply, Role, ServerOptions, wait_until};

fn start() -> RedisServer {
    RedisServer::start_process(ServerOptions::new()).expect("a server starts on this machine")
}

/// The code that the server refuses a command with.
fn refusal(answer: Result<Reply, Error>) -> String {
    match answer {
        Err(Error::Refused { message, .. }) => message.split(' ').next().unwrap_or_default().to_owned(),
        other => panic!("not refused: {other:?}"),
    }
}

fn log_in(connection: &mut Connection, user: &str, password: &str) -> Result<Reply, Error> {
    connection.command(&["AUTH", user, password])
}

#[test]
fn killed_clients_are_counted_and_their_connections_closed() {
    let server = start();
    let mut client = server.connect().unwrap();
    client.command(&["PING"]).unwrap();
    assert_eq!(server.kill_clients().unwrap(), 1);
    assert!(client.command(&["PING"]).is_err());
}

#[test]
fn a_pause_of_writes_lets_reads_pass_and_can_be_ended() {
    let server = start();
    server.pause(Pause::Writes, Duration::from_secs(3600)).unwrap();
    assert_eq!(server.command(&["GET", "a"]).unwrap(), Reply::Nil);
    thread::scope(|scope| {
        let write = scope.spawn(|| server.command(&["SET", "a", "b"]));
        let held = || server.info("clients", "blocked_clients").unwrap().as_deref() == Some("1");
        wait_until("a write that is held up", Duration::from_secs(4), || held().then_some(())).unwrap();
        server.unpause().unwrap();
        write.join().unwrap().unwrap();
    });
}

#[test]
fn a_pause_of_everything_lets_nothing_pass_until_it_ends() {
    let server = start();
    let pause = Duration::from_millis(300);
    let begin = Instant::now();
    server.pause(Pause::Everything, pause).unwrap();
    server.command(&["PING"]).unwrap();
    assert!(begin.elapsed() >= pause);
}

#[test]
fn a_primary_made_a_replica_by_hand_refuses_writes_on_the_connections_that_it_keeps() {
    let (former, next) = (start(), start());
    let mut client = former.connect().unwrap();
    client.command(&["SET", "a", "b"]).unwrap();
    former.replicate(&next).unwrap();
    assert_eq!(refusal(client.command(&["SET", "a", "c"])), "READONLY");
    former.await_link(&next).unwrap();
    former.promote().unwrap();
    assert_eq!(former.role().unwrap(), Role::Primary);
    client.command(&["SET", "a", "c"]).unwrap();
}

#[test]
fn replication_survives_a_change_of_the_default_users_password() {
    let (primary, replica) = (start(), start());
    primary.rotate_password("default", "changed").unwrap();
    replica.replicate(&primary).unwrap();
    replica.await_link(&primary).unwrap();
}

#[test]
fn exhausted_memory_refuses_writes_until_it_is_restored() {
    let server = start();
    server.exhaust_memory().unwrap();
    assert_eq!(refusal(server.command(&["SET", "a", "b"])), "OOM");
    server.restore_memory().unwrap();
    server.command(&["SET", "a", "b"]).unwrap();
}

#[test]
fn flushed_scripts_are_unknown() {
    let server = start();
    let reply = server.command(&["SCRIPT", "LOAD", "return 1"]).unwrap();
    let digest = reply.as_text().unwrap();
    server.command(&["EVALSHA", digest, "0"]).unwrap();
    server.flush_scripts().unwrap();
    assert_eq!(refusal(server.command(&["EVALSHA", digest, "0"])), "NOSCRIPT");
}

#[test]
fn a_server_that_requires_replicas_refuses_writes_without_them() {
    let server = start();
    server.require_replicas(1).unwrap();
    assert_eq!(refusal(server.command(&["SET", "a", "b"])), "NOREPLICAS");
    server.require_replicas(0).unwrap();
    server.command(&["SET", "a", "b"]).unwrap();
}

#[test]
fn a_users_rights_change_under_its_connections_and_its_end_closes_them() {
    let server = start();
    server.set_user("app", &["on", ">secret", "~*", "+@all"]).unwrap();
    let mut client = server.connect().unwrap();
    log_in(&mut client, "app", "secret").unwrap();
    client.command(&["SET", "a", "b"]).unwrap();
    server.set_user("app", &["-set"]).unwrap();
    assert_eq!(refusal(client.command(&["SET", "a", "b"])), "NOPERM");
    server.delete_user("app").unwrap();
    assert!(matches!(client.command(&["GET", "a"]), Err(Error::Io { .. } | Error::Protocol { .. })));
}

#[test]
fn a_rotated_password_is_the_only_one_and_leaves_connections_alone() {
    let server = RedisServer::start_process(ServerOptions::new().user("app", "before")).unwrap();
    let mut client = server.connect().unwrap();
    log_in(&mut client, "app", "before").unwrap();
    server.rotate_password("app", "after").unwrap();
    client.command(&["SET", "a", "b"]).unwrap();
    let mut newcomer = server.connect().unwrap();
    assert_eq!(refusal(log_in(&mut newcomer, "app", "before")), "WRONGPASS");
    log_in(&mut newcomer, "app", "after").unwrap();
}
