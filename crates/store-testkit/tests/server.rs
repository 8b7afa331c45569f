//! What a server promises to the tests that start it.

mod support;

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::thread;

#[cfg(target_os = "linux")]
use rustix::process::{Pid, getpgid};
use store_testkit::{DetachedServer, Error, Listen, RedisServer, Reply, ServerOptions, shared};
use support::{await_end, is_alive, state};

fn start(options: ServerOptions) -> RedisServer {
    RedisServer::start_process(options).expect("a server starts on this machine")
}

fn ok() -> Reply {
    Reply::Status("OK".to_owned())
}

#[test]
fn a_tcp_server_answers_at_its_url() {
    let server = start(ServerOptions::new());
    assert_eq!(server.url(), format!("redis://127.0.0.1:{}", server.port().unwrap()));
    assert_eq!(server.socket(), None);
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}

#[test]
fn a_unix_server_answers_on_its_socket_and_has_no_port() {
    let server = start(ServerOptions::new().listen(Listen::Unix));
    let socket = server.socket().unwrap();
    assert_eq!(server.url(), format!("unix://{}", socket.display()));
    assert_eq!(server.port(), None);
    let Reply::Array(setting) = server.command(&["CONFIG", "GET", "port"]).unwrap() else { panic!("not a setting") };
    assert_eq!(setting[1].as_text(), Some("0"));
}

#[test]
fn name_and_version_are_the_servers_own() {
    let server = start(ServerOptions::new());
    let info = server.command(&["INFO", "server"]).unwrap();
    let field = format!("{}_version:{}\r\n", server.server_name(), server.version());
    assert!(info.as_text().unwrap().contains(&field));
}

#[test]
fn eight_servers_started_at_once_are_eight_processes_on_eight_ports() {
    let starts: Vec<_> = (0..8).map(|_| thread::spawn(|| start(ServerOptions::new()))).collect();
    let servers: Vec<_> = starts.into_iter().map(|start| start.join().unwrap()).collect();
    assert_eq!(servers.iter().map(|server| server.pid().unwrap()).collect::<BTreeSet<_>>().len(), 8);
    assert_eq!(servers.iter().map(|server| server.port().unwrap()).collect::<BTreeSet<_>>().len(), 8);
}

#[test]
fn the_server_outlives_the_thread_that_started_it() {
    let server = thread::spawn(|| start(ServerOptions::new())).join().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}

#[test]
fn directives_reach_the_server() {
    let server = start(ServerOptions::new().directive("maxmemory", "4mb").directive("maxclients", "77"));
    let Reply::Array(setting) = server.command(&["CONFIG", "GET", "maxmemory"]).unwrap() else { panic!("no setting") };
    assert_eq!(setting[1].as_text(), Some("4194304"));
}

#[test]
fn a_bad_directive_is_an_error_with_the_servers_own_words() {
    let error =
        RedisServer::start_process(ServerOptions::new().directive("no-such-directive", "1")).unwrap_err().to_string();
    assert!(error.contains("no-such-directive"), "{error}");
}

#[test]
fn a_password_of_any_characters_guards_the_default_user_and_not_the_controls() {
    let password = "p@ss \"word\"\\:/?#%é";
    let server = start(ServerOptions::new().password(password));
    assert!(!server.url().contains("word\""), "the password is percent-encoded in the URL");
    let mut connection = server.connect().unwrap();
    assert_eq!(connection.command(&["AUTH", password]).unwrap(), ok());
    assert_eq!(connection.command(&["ACL", "WHOAMI"]).unwrap().as_text(), Some("default"));
    assert!(matches!(connection.command(&["AUTH", "wrong"]), Err(Error::Refused { .. })));
}

#[test]
fn controls_work_while_the_default_user_is_off() {
    let server = start(ServerOptions::new());
    server.command(&["ACL", "SETUSER", "default", "off"]).unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}

#[test]
fn users_can_be_given_as_directives() {
    let server = start(ServerOptions::new().directive("user", "reader on >secret ~* +@read"));
    let mut connection = server.connect().unwrap();
    connection.command(&["AUTH", "reader", "secret"]).unwrap();
    let Err(Error::Refused { command, message }) = connection.command(&["SET", "a", "b"]) else { panic!("allowed") };
    assert_eq!(command, "SET");
    assert!(message.starts_with("NOPERM"), "{message}");
}

#[test]
fn binary_arguments_and_replies_pass_unchanged() {
    let server = start(ServerOptions::new());
    let value: Vec<u8> = (0..=255).collect();
    server.command(&[b"SET".as_slice(), b"\r\n\0", &value]).unwrap();
    assert_eq!(server.command(&[b"GET".as_slice(), b"\r\n\0"]).unwrap(), Reply::Bulk(value));
}

#[test]
fn drop_ends_the_process_and_removes_its_directory() {
    let server = start(ServerOptions::new().listen(Listen::Unix));
    let pid = server.pid().unwrap();
    let directory = server.socket().unwrap().parent().unwrap().to_owned();
    assert!(is_alive(pid) && directory.exists());
    drop(server);
    assert!(!is_alive(pid));
    assert!(!directory.exists());
}

#[test]
fn a_killed_server_refuses_commands_until_it_is_restarted() {
    let server = start(ServerOptions::new());
    let pid = server.pid().unwrap();
    server.kill().unwrap();
    assert!(!is_alive(pid));
    assert!(matches!(server.command(&["PING"]), Err(Error::Io { .. })));
    assert!(matches!(server.pid(), Err(Error::Down)));
    server.kill().unwrap();
    server.restart().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}

#[test]
fn restart_keeps_the_place_and_changes_the_process() {
    for listen in [Listen::Tcp, Listen::Unix] {
        let server = start(ServerOptions::new().listen(listen).password("kept"));
        let (url, pid) = (server.url().to_owned(), server.pid().unwrap());
        server.command(&["SET", "a", "b"]).unwrap();
        server.restart().unwrap();
        assert_eq!(server.url(), url);
        assert_ne!(server.pid().unwrap(), pid);
        assert!(!is_alive(pid));
        assert_eq!(server.command(&["GET", "a"]).unwrap(), Reply::Nil);
    }
}

#[test]
fn restart_keeps_the_data_of_a_server_that_appends_to_a_file() {
    let server = start(ServerOptions::new().directive("appendonly", "yes"));
    server.command(&["SET", "a", "b"]).unwrap();
    server.restart().unwrap();
    assert_eq!(server.command(&["GET", "a"]).unwrap().as_text(), Some("b"));
}

#[test]
fn a_stopped_server_stands_still_until_it_is_continued() {
    let server = start(ServerOptions::new());
    let pid = server.pid().unwrap();
    server.stop().unwrap();
    server.stop().unwrap();
    assert_eq!(state(pid), Some('T'));
    server.cont().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}

/// Shells and the kernel stop and continue groups, and mean the program under test.
#[cfg(target_os = "linux")]
#[test]
fn a_server_is_in_a_process_group_of_its_own() {
    let server = start(ServerOptions::new());
    let pid = Pid::from_raw(i32::try_from(server.pid().unwrap()).unwrap());
    assert_eq!(getpgid(pid).ok(), pid);
}

#[test]
fn a_stopped_server_can_be_killed_and_restarted() {
    let server = start(ServerOptions::new());
    server.stop().unwrap();
    server.restart().unwrap();
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}

#[test]
fn restart_on_a_port_that_somebody_took_is_an_error_and_no_stranger() {
    let server = start(ServerOptions::new());
    let port = server.port().unwrap();
    server.kill().unwrap();
    let _stranger = TcpListener::bind(("127.0.0.1", port)).unwrap();
    assert!(matches!(server.restart(), Err(Error::Start { .. })));
}

#[test]
fn shared_is_one_server_for_all_threads() {
    let ask = || shared().unwrap().url().to_owned();
    let asked: Vec<_> = (0..4).map(|_| thread::spawn(ask)).collect();
    let urls: BTreeSet<_> = asked.into_iter().map(|asked| asked.join().unwrap()).collect();
    assert_eq!(urls.len(), 1);
}

#[test]
fn a_server_given_by_url_answers_and_refuses_to_be_controlled() {
    for listen in [Listen::Tcp, Listen::Unix] {
        let owned = start(ServerOptions::new().listen(listen).password("let me in"));
        let given = RedisServer::at_url(owned.url()).unwrap();
        assert_eq!((given.url(), given.version()), (owned.url(), owned.version()));
        assert_eq!(given.command(&["PING"]).unwrap().as_text(), Some("PONG"));
        for refused in [given.pid().map(drop), given.kill(), given.stop(), given.cont(), given.restart()] {
            assert!(matches!(refused, Err(Error::OnlyOnProcess { .. })));
        }
        drop(given);
        assert_eq!(owned.command(&["PING"]).unwrap().as_text(), Some("PONG"));
    }
}

#[test]
fn a_database_in_the_url_is_the_one_that_commands_see() {
    let owned = start(ServerOptions::new());
    let given = RedisServer::at_url(format!("{}/3", owned.url())).unwrap();
    given.command(&["SET", "a", "b"]).unwrap();
    assert_eq!(owned.command(&["GET", "a"]).unwrap(), Reply::Nil);
}

#[test]
fn a_detached_server_runs_until_it_is_shut_down() {
    let directory = tempfile::tempdir().unwrap();
    for listen in [Listen::Tcp, Listen::Unix] {
        let started = DetachedServer::start(&ServerOptions::new().listen(listen), directory.path()).unwrap();
        let named = DetachedServer::from_parts(started.pid(), started.run_id().to_owned(), started.url().to_owned());
        assert!(named.is_running().unwrap());
        named.shut_down().unwrap();
        await_end(named.pid());
        assert!(!named.is_running().unwrap());
        named.shut_down().unwrap();
    }
}

#[test]
fn a_detached_server_is_shut_down_also_when_it_lets_nobody_in() {
    let directory = tempfile::tempdir().unwrap();
    let server = DetachedServer::start(&ServerOptions::new(), directory.path()).unwrap();
    RedisServer::at_url(server.url()).unwrap().command(&["ACL", "SETUSER", "default", "off"]).unwrap();
    assert!(server.is_running().unwrap());
    server.shut_down().unwrap();
    await_end(server.pid());
}

#[test]
fn shut_down_leaves_another_server_at_the_same_url_alone() {
    let other = start(ServerOptions::new());
    let pid = other.pid().unwrap();
    let gone = DetachedServer::from_parts(pid, "0".repeat(40), other.url().to_owned());
    assert!(!gone.is_running().unwrap());
    gone.shut_down().unwrap();
    assert_eq!(other.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}
