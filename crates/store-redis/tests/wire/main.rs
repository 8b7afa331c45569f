//! What each operation sends, argument by argument, and that it waits for the server once.
//!
//! The other end is a tape, no server: it knows which replies come next, and answers none of them before as many
//! commands have arrived as it has replies for. So an operation that needed a reply halfway would never finish.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod records;

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{
    Config, Layout, Lifetime, LockOwner, Outcome, RedisCache, RedisStore, Result, Retry, SetOutcome, Timestamp,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CRLF: &[u8] = b"\r\n";
const OK: &str = "+OK\r\n";
const QUEUED: &str = "+QUEUED\r\n";
const NIL: &str = "$-1\r\n";
const ONE: &str = ":1\r\n";
/// Ends the connection instead of a reply.
const HANG_UP: &str = "hang up";
const V: &str = "$1\r\nv\r\n";

/// A script of collections of records, behind its short way and what all of them begin with.
macro_rules! of_records {
    ($name:literal $(behind $shared:literal)? $(shortened by $short:literal)?) => {
        (
            $name,
            concat!(
                $(
                    include_str!("../../src/script/records/short.lua"),
                    include_str!(concat!("../../src/script/records/", $short, ".lua")),
                )?
                include_str!("../../src/script/opened.lua"),
                include_str!("../../src/script/records/collection.lua"),
                $(include_str!(concat!("../../src/script/records/", $shared, ".lua")),)?
                include_str!(concat!("../../src/script/records/", $name, ".lua"))
            ),
        )
    };
}

const SCRIPTS: [(&str, &str); 19] = [
    ("get_and_renew", include_str!("../../src/script/get_and_renew.lua")),
    ("compare_and_set", include_str!("../../src/script/compare_and_set.lua")),
    ("compare_and_delete", include_str!("../../src/script/compare_and_delete.lua")),
    ("add_to_counter", include_str!("../../src/script/add_to_counter.lua")),
    ("acquire_lock", include_str!("../../src/script/acquire_lock.lua")),
    ("extend_lock", include_str!("../../src/script/extend_lock.lua")),
    ("release_lock", include_str!("../../src/script/release_lock.lua")),
    of_records!("open"),
    of_records!("mark"),
    of_records!("open_by_id"),
    of_records!("metadata"),
    of_records!("get" shortened by "get_short"),
    of_records!("has"),
    of_records!("set" shortened by "set_short"),
    of_records!("delete"),
    of_records!("list_keys" behind "page"),
    of_records!("list_records" behind "page"),
    of_records!("purge"),
    of_records!("drop"),
];

/// What is still to be answered and what has been taken down, for all connections of a test.
#[derive(Default)]
struct Tape {
    rounds: VecDeque<Vec<&'static str>>,
    taken: Vec<String>,
}

/// Whether the server says who it is.
#[derive(Clone, Copy)]
enum Info {
    /// Each connection leads to another process.
    Told,
    Refused,
}

#[derive(Clone)]
struct Recorder {
    tape: Arc<Mutex<Tape>>,
    port: u16,
    info: Info,
}

impl Recorder {
    async fn start() -> Self {
        Self::start_with(Info::Told).await
    }

    async fn start_with(info: Info) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let recorder = Self { tape: Arc::default(), port: listener.local_addr().unwrap().port(), info };
        let shared = recorder.clone();
        tokio::spawn(async move {
            for process in 0.. {
                let Ok((stream, _)) = listener.accept().await else { break };
                tokio::spawn(shared.clone().answer(stream, process));
            }
        });
        recorder
    }

    fn config(&self) -> Config {
        Config::tcp("127.0.0.1", self.port).with_default_lifetime(Lifetime::In(ttl(5000)))
    }

    async fn cache(&self) -> RedisCache {
        RedisCache::connect_with(self.config()).await.unwrap()
    }

    /// Answers the next commands with these replies, one list for each round trip; what was sent, and the result.
    async fn play<T>(
        &self,
        rounds: &[&[&'static str]],
        operation: impl Future<Output = Result<T>>,
    ) -> (Vec<String>, Result<T>) {
        self.tape.lock().unwrap().rounds = rounds.iter().map(|round| round.to_vec()).collect();
        let result = operation.await;
        let mut tape = self.tape.lock().unwrap();
        assert!(tape.rounds.is_empty(), "the operation sent less than was expected: {:?}", tape.taken);
        (std::mem::take(&mut tape.taken), result)
    }

    /// One round trip with these replies that succeeds.
    async fn sent<T>(
        &self,
        replies: &[&'static str],
        operation: impl IntoFuture<Output = Result<T>>,
    ) -> (Vec<String>, T) {
        let (sent, result) = self.play(&[replies], operation.into_future()).await;
        (sent, result.unwrap())
    }

    async fn answer(self, mut stream: TcpStream, process: usize) -> io::Result<()> {
        let (mut received, mut waiting) = (Vec::new(), Vec::new());
        while stream.read_buf(&mut received).await? > 0 {
            let mut replies = String::new();
            while let Some((command, length)) = parse(&received) {
                received.drain(..length);
                match self.reply_to_setup(&command, process) {
                    Some(reply) => replies += &reply,
                    None => waiting.push(command),
                }
            }
            replies += &self.replies_to(&mut waiting).concat();
            let (replies, hangs_up) = replies.strip_suffix(HANG_UP).map_or((&*replies, false), |rest| (rest, true));
            stream.write_all(replies.as_bytes()).await?;
            if hangs_up {
                break;
            }
        }
        Ok(())
    }

    /// The replies that a connection needs before it carries operations.
    fn reply_to_setup(&self, command: &[String], process: usize) -> Option<String> {
        match (command[0].as_str(), self.info) {
            ("HELLO", _) => Some(OK.to_owned()),
            ("INFO", Info::Told) => Some(format!("$49\r\nrun_id:{process:016}{:024}\r\n\r\n", 0)),
            ("INFO", Info::Refused) => Some("-NOPERM x\r\n".to_owned()),
            _ => None,
        }
    }

    fn replies_to(&self, waiting: &mut Vec<Vec<String>>) -> Vec<&'static str> {
        let mut tape = self.tape.lock().unwrap();
        match tape.rounds.front() {
            Some(round) if waiting.len() >= round.iter().filter(|reply| **reply != HANG_UP).count() => {
                tape.taken.extend(waiting.drain(..).map(|command| shown(&command)));
                tape.rounds.pop_front().unwrap()
            }
            _ => Vec::new(),
        }
    }
}

/// The first complete command in `bytes`, its arguments escaped, and its length.
fn parse(bytes: &[u8]) -> Option<(Vec<String>, usize)> {
    let (arguments, mut at) = header(bytes, 0, b'*')?;
    let mut command = Vec::new();
    for _ in 0..arguments {
        let (length, start) = header(bytes, at, b'$')?;
        command.push(bytes.get(start..start + length)?.escape_ascii().to_string());
        at = start + length + CRLF.len();
    }
    (at <= bytes.len()).then_some((command, at))
}

/// The number behind a marker, and where the line after it begins.
fn header(bytes: &[u8], at: usize, marker: u8) -> Option<(usize, usize)> {
    let line = bytes.get(at..)?;
    let end = line.windows(CRLF.len()).position(|window| window == CRLF)?;
    assert_eq!(line[0], marker);
    let number = std::str::from_utf8(&line[1..end]).unwrap().parse().unwrap();
    Some((number, at + end + CRLF.len()))
}

/// A command as text, with the names of scripts for their digests and texts.
fn shown(command: &[String]) -> String {
    let named = |argument: &String| {
        let is_it = |source: &str| {
            *argument == sha1_smol::Sha1::from(source).digest().to_string()
                || *argument == source.as_bytes().escape_ascii().to_string()
        };
        let script = SCRIPTS.iter().find(|(_, source)| is_it(source));
        script.map_or_else(|| argument.clone(), |(name, _)| format!("<{name}>"))
    };
    command.iter().map(named).collect::<Vec<_>>().join(" ")
}

fn ttl(millis: u64) -> Ttl {
    Ttl::from_millis(millis).unwrap()
}

fn at(millis: u64) -> Expiry {
    Expiry::At(Timestamp::from_unix_millis(millis).unwrap())
}

#[tokio::test]
async fn reads_are_one_round_trip() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await.namespace(["app", "é"]).unwrap();
    assert_eq!(tape.sent(&[V], cache.get("a b")).await, (vec!["GET {app}/%C3%A9:a b".to_owned()], Some("v".into())));
    assert_eq!(tape.sent(&[NIL], cache.get("k")).await.1, None);

    let cache = tape.cache().await;
    let (sent, entry) = tape.sent(&[OK, QUEUED, QUEUED, "*2\r\n$1\r\nv\r\n:5\r\n"], cache.get("k").with_expiry()).await;
    assert_eq!(sent, ["MULTI", "GET :k", "PEXPIRETIME :k", "EXEC"]);
    assert!(entry.unwrap().expires_at.is_some());

    let (sent, value) = tape.sent(&[V], cache.get("k").renew(Duration::from_micros(1001))).await;
    assert_eq!((sent, value), (vec!["EVALSHA <get_and_renew> 1 :k 2".to_owned()], Some("v".into())));
    let renewed = "*2\r\n$1\r\nv\r\n:5\r\n";
    let (sent, entry) = tape.sent(&[renewed], cache.get("k").renew(Duration::from_millis(2)).with_expiry()).await;
    assert_eq!(sent, ["EVALSHA <get_and_renew> 1 :k 2 expiry"]);
    assert!(entry.unwrap().expires_at.is_some());

    assert_eq!(tape.sent(&[ONE], cache.exists("k")).await, (vec!["EXISTS :k".to_owned()], true));
    let (sent, remaining) = tape.sent(&[":0\r\n"], cache.ttl("k")).await;
    assert_eq!((sent, remaining), (vec!["PTTL :k".to_owned()], Some(Remaining::In(Duration::ZERO))));
    assert_eq!(tape.sent(&["+PONG\r\n"], cache.ping()).await.0, ["PING"]);
}

#[tokio::test]
async fn a_set_is_one_command() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    for (expiry, sent) in [
        (Expiry::Default, "SET :k v PX 5000"),
        (Expiry::Never, "SET :k v"),
        (Expiry::In(Ttl::MAX), "SET :k v PX 3155760000000"),
        (at(1_700_000_000_000), "SET :k v PXAT 1700000000000"),
        (at(0), "SET :k v PXAT 1"),
    ] {
        assert_eq!(tape.sent(&[OK], cache.set("k", "v").expiry(expiry)).await.0, [sent]);
    }
    let store = RedisStore::connect_with(Config::tcp("127.0.0.1", tape.port)).await.unwrap();
    assert_eq!(tape.sent(&[OK], store.set("k", "v")).await.0, ["SET :k v"]);
    assert_eq!(tape.sent(&[OK], store.set("k", "v").keep_expiry()).await.0, ["SET :k v KEEPTTL"]);
}

#[tokio::test]
async fn keeping_the_expiry_sends_the_value_once() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let replies = [OK, QUEUED, QUEUED, "*2\r\n$-1\r\n+OK\r\n"];
    let (sent, ()) = tape.sent(&replies, cache.set("k", "v").keep_expiry()).await;
    assert_eq!(sent, ["MULTI", "SET :k  PX 5000 NX", "SET :k v KEEPTTL XX", "EXEC"]);
}

#[tokio::test]
async fn a_conditional_set_is_one_command_or_script() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let refused = tape.sent(&[NIL], cache.set("k", "v").if_absent()).await;
    assert_eq!(refused, (vec!["SET :k v PX 5000 NX".to_owned()], SetOutcome::Refused));
    for (sent, operation) in [
        ("SET :k v PX 5000 NX", cache.set("k", "v").keep_expiry().if_absent()),
        ("SET :k v PXAT 1 NX", cache.set("k", "v").expiry(at(0)).if_absent()),
        ("SET :k v XX", cache.set("k", "v").never_expires().if_present()),
        ("SET :k v KEEPTTL XX", cache.set("k", "v").keep_expiry().if_present()),
    ] {
        assert_eq!(tape.sent(&[OK], operation).await, (vec![sent.to_owned()], SetOutcome::Stored));
    }
    for (sent, operation) in [
        ("EVALSHA <compare_and_set> 1 :k o v PX 5000", cache.set("k", "v").if_value("o")),
        ("EVALSHA <compare_and_set> 1 :k o v PXAT 7", cache.set("k", "v").expiry(at(7)).if_value("o")),
        ("EVALSHA <compare_and_set> 1 :k o v KEEPTTL", cache.set("k", "v").keep_expiry().if_value("o")),
        ("EVALSHA <compare_and_set> 1 :k  v", cache.set("k", "v").never_expires().if_value("")),
    ] {
        assert_eq!(tape.sent(&[ONE], operation).await, (vec![sent.to_owned()], SetOutcome::Stored));
    }
}

#[tokio::test]
async fn removals_are_one_command_or_script() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    assert_eq!(tape.sent(&[ONE], cache.delete("k")).await, (vec!["UNLINK :k".to_owned()], true));
    let (sent, removed) = tape.sent(&[":0\r\n"], cache.delete("k").if_value("o")).await;
    assert_eq!((sent, removed), (vec!["EVALSHA <compare_and_delete> 1 :k o".to_owned()], false));
    assert_eq!(tape.sent(&[V], cache.take("k")).await, (vec!["GETDEL :k".to_owned()], Some("v".into())));
    let (sent, ()) = tape.sent(&[OK], cache.delete_whole_database()).await;
    assert_eq!(sent, ["FLUSHDB ASYNC"]);
}

#[tokio::test]
async fn a_change_of_the_expiry_is_one_step() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    assert_eq!(tape.sent(&[ONE], cache.expire("k", ttl(7))).await.0, ["PEXPIRE :k 7"]);
    assert_eq!(tape.sent(&[ONE], cache.expire("k", at(7))).await.0, ["PEXPIREAT :k 7"]);
    let (sent, existed) =
        tape.sent(&[OK, QUEUED, QUEUED, "*2\r\n:1\r\n:0\r\n"], cache.expire("k", Expiry::Never)).await;
    assert_eq!(sent, ["MULTI", "EXISTS :k", "PERSIST :k", "EXEC"]);
    assert!(existed);
}

#[tokio::test]
async fn a_batch_is_one_round_trip() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let keys = ["a", "b"];

    let (sent, values) = tape.sent(&["*2\r\n$1\r\nv\r\n$-1\r\n"], cache.get_many(&keys)).await;
    assert_eq!((sent, values), (vec!["MGET :a :b".to_owned()], vec![Some("v".into()), None]));

    let items = [("a", "1", Expiry::Never), ("b", "2", at(7)), ("c", "3", Expiry::Keep)];
    let replies = [OK, QUEUED, QUEUED, QUEUED, QUEUED, "*4\r\n+OK\r\n+OK\r\n$-1\r\n+OK\r\n"];
    let (sent, ()) = tape.sent(&replies, cache.set_many(items)).await;
    let sets = ["SET :a 1", "SET :b 2 PXAT 7", "SET :c  PX 5000 NX", "SET :c 3 KEEPTTL XX"];
    assert_eq!(sent, [&["MULTI"][..], &sets, &["EXEC"]].concat());

    let (sent, removed) = tape.sent(&[ONE, ":0\r\n"], cache.delete_many(&keys)).await;
    assert_eq!((sent, removed), (vec!["UNLINK :a".to_owned(), "UNLINK :b".to_owned()], vec![true, false]));

    let (sent, existed) = tape.sent(&[ONE, ":0\r\n"], cache.expire_many(&keys, ttl(7))).await;
    assert_eq!((sent, existed), (vec!["PEXPIRE :a 7".to_owned(), "PEXPIRE :b 7".to_owned()], vec![true, false]));
    let (sent, _) = tape.sent(&[ONE, ONE], cache.expire_many(&keys, at(7))).await;
    assert_eq!(sent, ["PEXPIREAT :a 7", "PEXPIREAT :b 7"]);
    let replies = [OK, QUEUED, QUEUED, QUEUED, QUEUED, "*4\r\n:1\r\n:0\r\n:0\r\n:0\r\n"];
    let (sent, existed) = tape.sent(&replies, cache.expire_many(&keys, Expiry::Never)).await;
    assert_eq!(sent, ["MULTI", "EXISTS :a", "PERSIST :a", "EXISTS :b", "PERSIST :b", "EXEC"]);
    assert_eq!(existed, [true, false]);
}

#[tokio::test]
async fn an_empty_batch_sends_nothing() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let (none, items): ([&str; 0], [(&str, &str); 0]) = ([], []);
    assert!(cache.get_many(&none).await.unwrap().is_empty());
    cache.set_many(items).await.unwrap();
    assert!(cache.delete_many(&none).await.unwrap().is_empty());
    assert!(cache.expire_many(&none, Expiry::Never).await.unwrap().is_empty());
    // The first thing on the tape is what comes after them.
    assert_eq!(tape.sent(&[NIL], cache.get("k")).await.0, ["GET :k"]);
}

#[tokio::test]
async fn a_counter_is_one_step() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let (sent, sum) = tape.sent(&[":-9\r\n"], cache.increment("k", i64::MIN).expiry_on_create(Expiry::Never)).await;
    assert_eq!((sent, sum), (vec!["INCRBY :k -9223372036854775808".to_owned()], -9));

    let (sent, sum) = tape.sent(&[OK, QUEUED, QUEUED, "*2\r\n$-1\r\n:15\r\n"], cache.increment("k", 5)).await;
    assert_eq!(sent, ["MULTI", "SET :k 0 PX 5000 NX", "INCRBY :k 5", "EXEC"]);
    assert_eq!(sum, 15);

    let (sent, sum) =
        tape.sent(&["$19\r\n9223372036854775807\r\n"], cache.decrement("k", 5).expiry_on_create(at(7))).await;
    assert_eq!((sent, sum), (vec!["EVALSHA <add_to_counter> 1 :k -5 7".to_owned()], i64::MAX));
}

#[tokio::test]
async fn a_lock_is_one_step_and_a_wait_asks_again() {
    const TOKEN: &str = "$16\r\n1763740000000000\r\n";
    let tape = Recorder::start().await;
    let app = tape.cache().await.namespace(["app", "jobs"]).unwrap();
    let owner = LockOwner::from_bytes(*b"0123456789abcdef");
    let asked = "EVALSHA <acquire_lock> 2 %l{app}/jobs:k %f{app} 30313233343536373839616263646566: 5000";

    let (sent, guard) = tape.sent(&[TOKEN], app.try_lock("k", ttl(5000)).with_owner(owner)).await;
    assert_eq!(sent, [asked]);
    let guard = guard.unwrap();
    assert_eq!(guard.fencing_token().get(), 1_763_740_000_000_000);

    let waiting = app.lock("k", ttl(5000)).wait(Duration::from_secs(60)).with_owner(owner).into_future();
    let (sent, waited) = tape.play(&[&[NIL], &[NIL], &[TOKEN]], waiting).await;
    assert_eq!(sent, [asked; 3]);
    assert!(waited.unwrap().is_some());
    let (sent, refused) = tape.sent(&[NIL], app.try_lock("k", ttl(5000)).with_owner(owner)).await;
    assert_eq!((sent.len(), refused.is_none()), (1, true));

    let (sent, extended) = tape.sent(&[ONE], guard.extend(ttl(7))).await;
    assert_eq!(sent, ["EVALSHA <extend_lock> 1 %l{app}/jobs:k 30313233343536373839616263646566: 7"]);
    assert!(extended);
    let held = "$49\r\n30313233343536373839616263646566:1763740000000000\r\n";
    let other = "$49\r\n40313233343536373839616263646566:1763740000000000\r\n";
    for (reply, expected) in [(held, true), (other, false), (NIL, false)] {
        let (sent, is_held) = tape.sent(&[reply], guard.is_held()).await;
        assert_eq!((sent, is_held), (vec!["GET %l{app}/jobs:k".to_owned()], expected));
    }
    let (sent, released) = tape.sent(&[":0\r\n"], guard.release()).await;
    assert_eq!(sent, ["EVALSHA <release_lock> 1 %l{app}/jobs:k 30313233343536373839616263646566:"]);
    assert!(!released);
}

#[tokio::test]
async fn a_walk_goes_in_bounded_steps() {
    let tape = Recorder::start().await;
    let app = tape.cache().await.namespace("app").unwrap();
    let (sent, page) = tape.sent(&["*2\r\n$1\r\n7\r\n*2\r\n$7\r\n{app}:k\r\n$9\r\n{apple}:k\r\n"], app.list()).await;
    assert_eq!(sent, ["SCAN 0 MATCH {app}:* COUNT 256"]);
    assert_eq!(page.keys.iter().map(|listed| listed.key.as_str()).collect::<Vec<_>>(), ["k"]);

    let end = "*2\r\n$1\r\n0\r\n*0\r\n";
    let (sent, page) = tape.sent(&[end], app.list().limit(5000).after(page.next.unwrap())).await;
    assert_eq!(sent, ["SCAN 7 MATCH {app}:* COUNT 1000"]);
    assert_eq!(page.next, None);
    let (sent, _) = tape.sent(&[end], app.list().subtree().limit(1)).await;
    assert_eq!(sent, ["SCAN 0 MATCH {app}[:/]* COUNT 100"]);

    let found = "*2\r\n$1\r\n7\r\n*3\r\n$7\r\n{app}:k\r\n$9\r\n{app}/x:k\r\n$8\r\n{apple}:\r\n";
    let (sent, removed) = tape.play(&[&[found], &[":2\r\n"], &[end]], app.clear().into_future()).await;
    assert_eq!(
        sent,
        ["SCAN 0 MATCH {app}[:/]* COUNT 1000", "UNLINK {app}:k {app}/x:k", "SCAN 7 MATCH {app}[:/]* COUNT 1000"]
    );
    assert_eq!(removed.unwrap(), 2);
}

#[tokio::test]
async fn a_clear_that_meets_another_server_begins_again() {
    let tape = Recorder::start().await;
    let app = tape.cache().await.namespace("app").unwrap();
    let (more, end) = ("*2\r\n$1\r\n7\r\n*0\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$7\r\n{app}:k\r\n");
    let rounds: [&[&str]; 5] = [&[more, HANG_UP], &[end], &[more], &[end], &[ONE]];
    let (sent, removed) = tape.play(&rounds, app.clear().into_future()).await;
    let scan = |cursor| format!("SCAN {cursor} MATCH {{app}}[:/]* COUNT 1000");
    assert_eq!(sent, [scan(0), scan(7), scan(0), scan(7), "UNLINK {app}:k".to_owned()]);
    assert_eq!(removed.unwrap(), 1);
}

#[tokio::test]
async fn a_clear_that_fails_after_a_removal_may_have_been_applied() {
    let tape = Recorder::start().await;
    let app = tape.cache().await.namespace("app").unwrap();
    let found = "*2\r\n$1\r\n7\r\n*2\r\n$7\r\n{app}:k\r\n$7\r\n{app}:l\r\n";
    for (removed, outcome) in [(":2\r\n", Outcome::Unknown), (":0\r\n", Outcome::NotApplied)] {
        let rounds: [&[&str]; 3] = [&[found], &[removed], &["-NOPERM x\r\n"]];
        let (_, result) = tape.play(&rounds, app.clear().into_future()).await;
        let error = result.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::PermissionDenied, outcome), "{removed}");
    }
}

#[tokio::test]
async fn a_clear_gives_up_where_no_server_lasts_for_a_walk() {
    let tape = Recorder::start().await;
    let app = tape.cache().await.namespace("app").unwrap();
    let (found, more) = ("*2\r\n$1\r\n7\r\n*1\r\n$7\r\n{app}:k\r\n", "*2\r\n$1\r\n7\r\n*0\r\n");
    let without_removal: &[&[&str]] = &[&[more, HANG_UP], &[more]];
    let with_removal: &[&[&str]] = &[&[found], &[ONE, HANG_UP], &[more]];
    for (walk, outcome) in [(without_removal, Outcome::NotApplied), (with_removal, Outcome::Unknown)] {
        let (_, result) = tape.play(&walk.repeat(17), app.clear().into_future()).await;
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.retry(), error.outcome()),
            (ErrorKind::Unavailable, Retry::AfterBackoff, outcome)
        );
    }
}

#[tokio::test]
async fn a_walk_stays_on_its_connection_where_servers_do_not_say_who_they_are() {
    let tape = Recorder::start_with(Info::Refused).await;
    let config = tape.config().with_connections(NonZeroUsize::new(2).unwrap());
    let app = RedisCache::connect_with(config).await.unwrap().namespace("app").unwrap();
    let (more, end) = ("*2\r\n$1\r\n7\r\n*0\r\n", "*2\r\n$1\r\n0\r\n*1\r\n$7\r\n{app}:k\r\n");
    for _ in 0..2 {
        let (_, page) = tape.sent(&[more], app.list()).await;
        let (sent, _) = tape.sent(&[end], app.list().after(page.next)).await;
        assert_eq!(sent, ["SCAN 7 MATCH {app}:* COUNT 256"]);

        let (sent, removed) = tape.play(&[&[more], &[end], &[ONE]], app.clear().into_future()).await;
        let scan = |cursor| format!("SCAN {cursor} MATCH {{app}}[:/]* COUNT 1000");
        assert_eq!(sent, [scan(0), scan(7), "UNLINK {app}:k".to_owned()]);
        assert_eq!(removed.unwrap(), 1);
        // Moves the turn on, so that both connections begin a walk.
        tape.sent(&["+PONG\r\n"], app.ping()).await;
    }
}

#[tokio::test]
async fn a_page_after_a_place_of_another_server_begins_again() {
    let tape = Recorder::start().await;
    let app = tape.cache().await.namespace("app").unwrap();
    let (more, end) = ("*2\r\n$1\r\n7\r\n*0\r\n", "*2\r\n$1\r\n0\r\n*0\r\n");
    let (_, page) = tape.sent(&[more, HANG_UP], app.list()).await;
    let after = app.list().after(page.next.unwrap());
    let (sent, page) = tape.play(&[&[end], &[more]], after.into_future()).await;
    assert_eq!(sent, ["SCAN 7 MATCH {app}:* COUNT 256", "SCAN 0 MATCH {app}:* COUNT 256"]);
    assert!(page.unwrap().next.is_some());
}

#[tokio::test]
async fn a_script_that_the_server_does_not_know_is_sent_as_text() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let rounds: [&[&str]; 2] = [&["-NOSCRIPT No matching script.\r\n"], &[ONE]];
    let (sent, outcome) = tape.play(&rounds, cache.set("k", "v").never_expires().if_value("o").into_future()).await;
    assert_eq!(sent, ["EVALSHA <compare_and_set> 1 :k o v", "EVAL <compare_and_set> 1 :k o v"]);
    assert_eq!(outcome.unwrap(), SetOutcome::Stored);
}

#[tokio::test]
async fn a_reply_of_another_shape_is_an_error_without_its_content() {
    let tape = Recorder::start().await;
    let cache = tape.cache().await;
    let (_, result) = tape.play(&[&["$6\r\ns3cret\r\n"]], cache.exists("k").into_future()).await;
    let error = result.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Other, Some("exists")));
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn keys_are_spelled_as_the_layout_says_and_nothing_else_changes() {
    let tape = Recorder::start().await;
    let connect = |layout| RedisCache::builder(tape.config()).layout(layout).connect();
    let litestar = connect(Layout::litestar()).await.unwrap().namespace(["LITESTAR", "SUB"]).unwrap();
    assert_eq!(tape.sent(&[OK], litestar.set("k", "v")).await.0, ["SET LITESTAR_SUB:k v PX 5000"]);
    assert_eq!(
        tape.sent(&[ONE], litestar.increment("k", 1).expiry_on_create(Expiry::Never)).await.0,
        ["INCRBY LITESTAR_SUB:k 1"]
    );
    assert_eq!(tape.sent(&["*1\r\n$-1\r\n"], litestar.get_many(&["k"])).await.0, ["MGET LITESTAR_SUB:k"]);
    let found = "*2\r\n$1\r\n0\r\n*2\r\n$14\r\nLITESTAR_SUB:k\r\n$13\r\nLITESTAR_SUBk\r\n";
    let (sent, removed) = tape.play(&[&[found], &[ONE]], litestar.clear().into_future()).await;
    assert_eq!(sent, ["SCAN 0 MATCH LITESTAR_SUB[:_]* COUNT 1000", "UNLINK LITESTAR_SUB:k"]);
    assert_eq!(removed.unwrap(), 1);

    for flat in [Layout::cachelib(), Layout::cachetory()] {
        let app = connect(flat).await.unwrap().namespace("app:").unwrap();
        assert_eq!(tape.sent(&[NIL], app.get("k")).await.0, ["GET app:k"]);
        let (sent, _) = tape.sent(&["*2\r\n$1\r\n0\r\n*0\r\n"], app.list()).await;
        assert_eq!(sent, ["SCAN 0 MATCH app:* COUNT 256"]);
    }
}

#[tokio::test]
async fn what_a_strict_layout_refuses_is_not_sent() {
    let tape = Recorder::start().await;
    let layout = Layout::litestar().strict();
    let cache = RedisCache::builder(tape.config()).layout(layout).connect().await.unwrap();
    let ambiguous = cache.namespace("a_b").unwrap();
    let refusals = [
        ambiguous.get("k").await.unwrap_err(),
        ambiguous.set("k", "v").await.unwrap_err(),
        ambiguous.delete("k").await.unwrap_err(),
        ambiguous.expire("k", ttl(7)).await.unwrap_err(),
        ambiguous.exists("k").await.unwrap_err(),
        ambiguous.ttl("k").await.unwrap_err(),
        ambiguous.take("k").await.unwrap_err(),
        ambiguous.increment("k", 1).await.unwrap_err(),
        ambiguous.get_many(&["k"]).await.unwrap_err(),
        ambiguous.set_many([("k", "v")]).await.unwrap_err(),
        ambiguous.delete_many(&["k"]).await.unwrap_err(),
        ambiguous.expire_many(&["k"], ttl(7)).await.unwrap_err(),
        ambiguous.list().await.unwrap_err(),
        ambiguous.clear().await.unwrap_err(),
        ambiguous.transaction(&["k"], |draft| draft.get("k")).await.unwrap_err(),
        cache.get_many(&["k", "a:b"]).await.unwrap_err(),
    ];
    for error in refusals {
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::InvalidKey, Outcome::NotApplied));
    }
    // The first thing on the tape is what comes after them.
    assert_eq!(tape.sent(&[NIL], cache.get("a_b")).await.0, ["GET a_b"]);
}
