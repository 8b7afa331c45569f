//! What a Sentinel deployment promises to the tests that start it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use store_testkit::{
    Certificates, Error, RedisServer, Role, SentinelDeployment, SentinelOptions, ServerOptions, State, Tls,
};

fn start(options: SentinelOptions) -> SentinelDeployment {
    SentinelDeployment::start(options).expect("a Sentinel deployment starts on this machine")
}

fn hosts(servers: &[RedisServer]) -> String {
    servers.iter().map(|server| format!("127.0.0.1:{}", server.port().unwrap())).collect::<Vec<_>>().join(",")
}

#[test]
fn the_sentinels_name_a_primary_that_two_replicas_follow() {
    let deployment = start(SentinelOptions::new());
    assert_eq!((deployment.servers().len(), deployment.sentinels().len()), (3, 3));
    let url = format!("redis+sentinel://{}/{}", hosts(deployment.sentinels()), deployment.service());
    assert_eq!(deployment.url(), url);
    assert_eq!(deployment.primary().unwrap().role().unwrap(), Role::Primary);
    assert_eq!(deployment.replicas().unwrap().len(), 2);
}

#[test]
fn servers_and_sentinels_have_credentials_of_their_own() {
    let options = SentinelOptions::new()
        .replica_count(1)
        .sentinel_count(1)
        .servers(ServerOptions::new().user("app", "of servers"))
        .sentinels(ServerOptions::new().user("watcher", "of sentinels"));
    let deployment = start(options);
    let sentinel = hosts(deployment.sentinels());
    let query = "sentinel_username=watcher&sentinel_password=of%20sentinels";
    assert_eq!(deployment.url(), format!("redis+sentinel://app:of%20servers@{sentinel}/mymaster?{query}"));
    let log_in = |server: &RedisServer, user, password| server.connect()?.command(&["AUTH", user, password]);
    log_in(&deployment.sentinels()[0], "watcher", "of sentinels").unwrap();
    log_in(&deployment.servers()[0], "app", "of servers").unwrap();
    assert!(log_in(&deployment.sentinels()[0], "app", "of servers").is_err());
}

#[test]
fn sentinels_watch_over_a_primary_that_was_there_before_and_stays_after() {
    let primary = RedisServer::start_process(ServerOptions::new().password("before")).unwrap();
    let known = RedisServer::at_url(primary.url()).unwrap();
    let deployment = SentinelDeployment::start_over(known, SentinelOptions::new().replica_count(1)).unwrap();
    assert_eq!(deployment.await_settled().unwrap().port(), primary.port());
    let url = format!("redis+sentinel://:before@{}/{}", hosts(deployment.sentinels()), deployment.service());
    assert_eq!(deployment.url(), url);
    drop(deployment);
    assert_eq!(primary.role().unwrap(), Role::Primary);
}

#[test]
fn a_killed_primary_is_replaced_and_follows_when_it_is_restarted() {
    let deployment = start(SentinelOptions::new());
    let former = deployment.primary().unwrap();
    former.kill().unwrap();
    assert_eq!(former.state(), State::Down);
    let primary = deployment.await_failover(former).unwrap();
    assert_ne!(primary.url(), former.url());
    former.restart().unwrap();
    deployment.await_settled().unwrap();
    assert_eq!(deployment.replicas().unwrap().len(), 2);
}

#[test]
fn a_stopped_primary_is_replaced_while_it_stands_still() {
    let deployment = start(SentinelOptions::new());
    let former = deployment.primary().unwrap();
    former.stop().unwrap();
    let primary = deployment.await_new_primary(former).unwrap();
    assert_eq!((former.state(), primary.state()), (State::Stopped, State::Running));
    former.cont().unwrap();
    assert_eq!(former.state(), State::Running);
}

#[test]
fn a_planned_failover_leaves_the_former_primary_a_replica_with_all_data() {
    let deployment = start(SentinelOptions::new());
    let mut client = deployment.primary().unwrap().connect().unwrap();
    client.command(&["SET", "a", "b"]).unwrap();
    // Sentinels promote a replica whether or not it has the last write.
    assert_eq!(client.command(&["WAIT", "2", "4000"]).unwrap().as_integer(), Some(2));
    let former = deployment.fail_over().unwrap();
    let primary = deployment.await_failover(former).unwrap();
    assert!(matches!(former.role().unwrap(), Role::Replica { .. }));
    assert_eq!(primary.command(&["GET", "a"]).unwrap().as_text(), Some("b"));
}

#[test]
fn nodes_find_each_other_after_every_password_has_changed() {
    let deployment = start(SentinelOptions::new().servers(ServerOptions::new().password("before")));
    deployment.rotate_password("default", "after").unwrap();
    let former = deployment.fail_over().unwrap();
    deployment.await_new_primary(former).unwrap();
}

#[test]
fn a_primary_demoted_by_hand_keeps_its_connections_and_refuses_writes() {
    let deployment = start(SentinelOptions::new());
    let mut client = deployment.primary().unwrap().connect().unwrap();
    client.command(&["SET", "a", "b"]).unwrap();
    deployment.demote_by_hand().unwrap();
    let refused = client.command(&["SET", "a", "c"]).unwrap_err().to_string();
    assert!(refused.contains("READONLY"), "{refused}");
}

#[test]
fn tls_on_one_side_only_is_refused() {
    let tls = Tls::new(&Certificates::generate().unwrap());
    let options = SentinelOptions::new().servers(ServerOptions::new().tls(tls));
    assert!(matches!(SentinelDeployment::start(options), Err(Error::Options { .. })));
}
