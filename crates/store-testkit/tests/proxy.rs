//! What the fault proxy does to what passes it, seen by a plain client and by the server.
#![expect(clippy::unwrap_used, reason = "helpers of tests are test code, which clippy cannot see")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use store_testkit::proxy::{Counts, Cut, Ending, FaultProxy, Faults, When};
use store_testkit::{Connection, Error, RedisServer, Reply, ServerOptions, wait_until};

const LIMIT: Duration = Duration::from_secs(10);

/// Long enough to see that nothing comes.
const SILENCE: Duration = Duration::from_millis(100);

struct Proxied {
    proxy: FaultProxy,
    server: RedisServer,
}

impl Proxied {
    fn start() -> Self {
        Self::with(ServerOptions::new())
    }

    fn with(options: ServerOptions) -> Self {
        let server = RedisServer::start_process(options).expect("a server starts on this machine");
        let proxy = FaultProxy::start(server.url()).expect("a proxy starts on this machine");
        Self { proxy, server }
    }

    fn connect(&self) -> Connection {
        self.through().connect().unwrap()
    }

    fn through(&self) -> RedisServer {
        RedisServer::at_url(self.proxy.url()).unwrap()
    }

    /// A connection on which bytes are seen as they come.
    fn dial(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.proxy.port())).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream
    }

    fn stored(&self, key: &str) -> Reply {
        self.server.command(&["GET", key]).unwrap()
    }

    fn await_counts(&self, awaited: &str, reached: impl Fn(Counts) -> bool) {
        wait_until(awaited, LIMIT, || reached(self.proxy.counts()).then_some(())).unwrap();
    }
}

fn ask(stream: &mut TcpStream, request: &str, reply: &str) {
    stream.write_all(request.as_bytes()).unwrap();
    assert_eq!(read(stream, reply.len()), reply);
}

fn read(stream: &mut TcpStream, length: usize) -> String {
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// What is read before the connection ends, and how it ends.
fn read_to_end(stream: &mut TcpStream) -> (String, io::Result<()>) {
    let mut text = String::new();
    let end = stream.read_to_string(&mut text);
    (text, end.map(drop))
}

fn says_nothing(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let read = stream.read(&mut [0]);
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

fn text(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}

#[test]
fn without_faults_everything_passes_unchanged_and_is_counted() {
    let set_up = Proxied::start();
    let mut connection = set_up.connect();
    let before = set_up.proxy.counts();
    let value: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    connection.command(&[b"SET".as_slice(), b"a", &value]).unwrap();
    assert_eq!(connection.command(&["GET", "a"]).unwrap(), Reply::Bulk(value));
    assert!(matches!(connection.command(&["NOSUCH"]), Err(Error::Refused { .. })));
    let after = set_up.proxy.counts();
    assert_eq!((after.requests - before.requests, after.replies - before.replies), (3, 3));
    assert_eq!((after.held, after.cuts, after.flips), (0, 0, 0));
}

#[test]
fn credentials_and_database_of_the_url_are_kept() {
    let set_up = Proxied::with(ServerOptions::new().password("p@ss"));
    let through = RedisServer::at_url(format!("{}/3", set_up.proxy.url())).unwrap();
    through.command(&["SET", "a", "b"]).unwrap();
    set_up.server.command(&["GET", "a"]).unwrap();
    assert_eq!(set_up.stored("a"), Reply::Nil);
}

#[test]
fn resp3_and_its_pushes_pass() {
    let set_up = Proxied::start();
    let mut stream = set_up.dial();
    stream.write_all(b"HELLO 3\r\nCLIENT TRACKING on\r\nGET k\r\n").unwrap();
    let mut seen = String::new();
    while !seen.ends_with("+OK\r\n_\r\n") {
        seen.push_str(&read(&mut stream, 1));
    }
    assert!(seen.starts_with('%'), "{seen}");
    let replies = set_up.proxy.counts().replies;
    set_up.server.command(&["SET", "k", "v"]).unwrap();
    let push = ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n";
    assert_eq!(read(&mut stream, push.len()), push);
    ask(&mut stream, "PING\r\n", "+PONG\r\n");
    assert_eq!((set_up.proxy.counts().replies, set_up.proxy.counts().held), (replies + 1, 0));
}

#[test]
fn delayed_replies_come_later_and_not_one_after_the_other() {
    let delay = Duration::from_millis(200);
    let set_up = Proxied::start();
    let mut stream = set_up.dial();
    set_up.proxy.inject(Faults::new().delay(delay));
    let begin = Instant::now();
    ask(&mut stream, &"PING\r\n".repeat(20), &"+PONG\r\n".repeat(20));
    assert!(begin.elapsed() >= delay);
    assert!(begin.elapsed() < delay * 20);
}

#[test]
fn held_replies_are_counted_and_come_in_order_when_healed() {
    let set_up = Proxied::start();
    let mut stream = set_up.dial();
    set_up.proxy.inject(Faults::new().hold());
    stream.write_all(b"INCR a\r\nINCR a\r\nINCR a\r\n").unwrap();
    set_up.await_counts("three held replies", |counts| counts.held == 3);
    assert_eq!(set_up.stored("a"), text("3"));
    assert!(says_nothing(&mut stream));
    set_up.proxy.heal();
    assert_eq!(read(&mut stream, 12), ":1\r\n:2\r\n:3\r\n");
    assert_eq!(set_up.proxy.counts().held, 0);
}

#[test]
fn only_the_named_command_is_touched() {
    let set_up = Proxied::start();
    set_up.proxy.inject(Faults::new().only("incr").hold());
    let mut connection = set_up.connect();
    assert_eq!(connection.command(&["PING"]).unwrap().as_text(), Some("PONG"));
    let asked = thread::spawn(move || connection.command(&["INCR", "a"]).unwrap());
    set_up.await_counts("a held reply", |counts| counts.held == 1);
    set_up.proxy.heal();
    assert_eq!(asked.join().unwrap(), Reply::Integer(1));
}

/// Three requests at once, and the second is hit.
fn cut_the_second(set_up: &Proxied, cut: Cut, ending: Ending) -> (String, io::Result<()>) {
    let mut stream = set_up.dial();
    ask(&mut stream, "PING\r\n", "+PONG\r\n");
    set_up.proxy.inject(Faults::new().only("INCRBY").cut(cut, When::After(1)).ending(ending));
    stream.write_all(b"INCRBY a 1000\r\nINCRBY a 1000\r\nINCRBY a 1000\r\n").unwrap();
    let seen = read_to_end(&mut stream);
    assert_eq!(set_up.proxy.counts().cuts, 1);
    seen
}

#[test]
fn cut_before_a_request_the_command_does_not_run() {
    let set_up = Proxied::start();
    let _ = cut_the_second(&set_up, Cut::BeforeRequest, Ending::Close);
    // The ping, and the first of the three.
    assert_eq!(set_up.proxy.counts().requests, 2);
    wait_until("the first command", LIMIT, || (set_up.stored("a") == text("1000")).then_some(())).unwrap();
}

#[test]
fn cut_after_a_request_the_command_runs() {
    let set_up = Proxied::start();
    let _ = cut_the_second(&set_up, Cut::AfterRequest, Ending::Close);
    assert_eq!(set_up.proxy.counts().requests, 3);
    wait_until("both commands", LIMIT, || (set_up.stored("a") == text("2000")).then_some(())).unwrap();
}

#[test]
fn cut_before_a_reply_the_command_ran_and_the_answer_is_gone() {
    let set_up = Proxied::start();
    let (seen, end) = cut_the_second(&set_up, Cut::BeforeReply, Ending::Close);
    assert_eq!(seen, ":1000\r\n");
    assert!(end.is_ok(), "{end:?}");
    assert!(matches!(set_up.stored("a"), Reply::Bulk(value) if value >= b"2000".to_vec()));
}

#[test]
fn cut_inside_a_reply_half_of_it_is_seen() {
    let (seen, end) = cut_the_second(&Proxied::start(), Cut::InsideReply, Ending::Close);
    assert_eq!(seen, ":1000\r\n:20");
    assert!(end.is_ok(), "{end:?}");
}

#[test]
fn cut_after_a_reply_it_is_seen_whole() {
    let (seen, end) = cut_the_second(&Proxied::start(), Cut::AfterReply, Ending::Close);
    assert_eq!(seen, ":1000\r\n:2000\r\n");
    assert!(end.is_ok(), "{end:?}");
}

#[test]
fn a_reset_is_an_error_and_no_end_of_the_stream() {
    for cut in [Cut::BeforeRequest, Cut::AfterRequest, Cut::BeforeReply, Cut::InsideReply, Cut::AfterReply] {
        let (_, end) = cut_the_second(&Proxied::start(), cut, Ending::Reset);
        assert_eq!(end.map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset), "{cut:?}");
    }
}

#[test]
fn a_connection_that_falls_silent_stays_open_and_others_go_on() {
    for (cut, stored) in [(Cut::BeforeRequest, Reply::Nil), (Cut::BeforeReply, text("1000"))] {
        let set_up = Proxied::start();
        let mut stream = set_up.dial();
        ask(&mut stream, "PING\r\n", "+PONG\r\n");
        set_up.proxy.inject(Faults::new().only("INCRBY").cut(cut, When::NEXT).ending(Ending::Silence));
        stream.write_all(b"INCRBY a 1000\r\n").unwrap();
        set_up.await_counts("the silence", |counts| counts.cuts == 1);
        stream.write_all(b"INCRBY a 1000\r\n").unwrap();
        assert!(says_nothing(&mut stream), "{cut:?}");
        assert_eq!(set_up.connect().command(&["GET", "a"]).unwrap(), stored, "{cut:?}");
    }
}

#[test]
fn a_countdown_hits_once() {
    let set_up = Proxied::start();
    set_up.proxy.inject(Faults::new().only("PING").cut(Cut::BeforeReply, When::NEXT));
    assert!(set_up.connect().command(&["PING"]).is_err());
    assert!(set_up.connect().command(&["PING"]).is_ok());
}

#[test]
fn all_open_connections_can_be_cut_at_once() {
    let set_up = Proxied::start();
    let mut streams = [set_up.dial(), set_up.dial()];
    streams.iter_mut().for_each(|stream| ask(stream, "PING\r\n", "+PONG\r\n"));
    assert_eq!(set_up.proxy.counts().open, 2);
    set_up.proxy.cut_all(Ending::Reset);
    for stream in &mut streams {
        assert_eq!(stream.read(&mut [0]).map_err(|error| error.kind()), Err(ErrorKind::ConnectionReset));
    }
    assert_eq!((set_up.proxy.counts().open, set_up.proxy.counts().cuts), (0, 2));
}

/// Which of 200 commands had no reply.
fn unanswered(set_up: &Proxied, faults: Faults) -> Vec<bool> {
    set_up.proxy.inject(faults);
    let lost = |_| set_up.connect().command(&["INCR", "shared"]).is_err();
    (0..200).map(lost).collect()
}

#[test]
fn a_share_of_the_replies_is_cut_and_the_seed_repeats_which() {
    let set_up = Proxied::start();
    let cut = |seed| Faults::seeded(seed).only("INCR").cut(Cut::BeforeReply, When::Share(0.1));
    let first = unanswered(&set_up, cut(1));
    let lost = first.iter().filter(|lost| **lost).count();
    assert!((5..=40).contains(&lost), "{lost} of 200");
    assert_eq!(unanswered(&set_up, cut(1)), first);
    assert_ne!(unanswered(&set_up, cut(2)), first);
    assert_eq!(set_up.stored("shared"), text("600"));
}

#[test]
fn a_trickle_takes_its_time_and_loses_nothing() {
    let set_up = Proxied::start();
    set_up.server.command(&["SET", "a", "0123456789"]).unwrap();
    let mut stream = set_up.dial();
    set_up.proxy.inject(Faults::new().trickle(2, Duration::from_millis(20)));
    let begin = Instant::now();
    ask(&mut stream, "GET a\r\n", "$10\r\n0123456789\r\n");
    // 17 bytes are nine pieces with eight pauses between.
    assert!(begin.elapsed() >= Duration::from_millis(160));
}

#[test]
fn a_flipped_byte_is_one_bit_of_one_reply() {
    let set_up = Proxied::start();
    let value = "x".repeat(10_000);
    set_up.server.command(&["SET", "a", &value]).unwrap();
    let mut stream = set_up.dial();
    set_up.proxy.inject(Faults::seeded(5).flip(When::After(1)));
    let whole = format!("$10000\r\n{value}\r\n");
    ask(&mut stream, "GET a\r\n", &whole);
    stream.write_all(b"GET a\r\n").unwrap();
    let changed = read(&mut stream, whole.len());
    let differing: Vec<_> = whole.bytes().zip(changed.bytes()).filter(|(before, after)| before != after).collect();
    assert!(matches!(differing[..], [(before, after)] if (before ^ after).count_ones() == 1), "{differing:?}");
    ask(&mut stream, "GET a\r\n", &whole);
    assert_eq!(set_up.proxy.counts().flips, 1);
}

#[test]
fn a_black_hole_swallows_both_directions_and_keeps_connections_open() {
    let set_up = Proxied::start();
    let (mut old, mut idle) = (set_up.dial(), set_up.dial());
    ask(&mut old, "PING\r\n", "+PONG\r\n");
    ask(&mut idle, "PING\r\n", "+PONG\r\n");
    set_up.proxy.inject(Faults::new().black_hole());
    let mut new = set_up.dial();
    for stream in [&mut old, &mut new] {
        stream.write_all(b"INCR a\r\n").unwrap();
        assert!(says_nothing(stream));
    }
    set_up.proxy.heal();
    assert_eq!(set_up.stored("a"), Reply::Nil);
    ask(&mut idle, "PING\r\n", "+PONG\r\n");
    ask(&mut set_up.dial(), "INCR a\r\n", ":1\r\n");
    old.write_all(b"INCR a\r\n").unwrap();
    assert!(says_nothing(&mut old));
    assert_eq!(set_up.stored("a"), text("1"));
}

#[test]
fn a_server_that_dies_in_a_black_hole_is_not_missed() {
    let set_up = Proxied::start();
    let mut stream = set_up.dial();
    ask(&mut stream, "PING\r\n", "+PONG\r\n");
    set_up.proxy.inject(Faults::new().black_hole());
    set_up.server.kill().unwrap();
    assert!(says_nothing(&mut stream));
}

#[test]
fn refused_connections_are_refused_by_the_kernel_until_accepted_again() {
    let set_up = Proxied::start();
    let mut open = set_up.dial();
    ask(&mut open, "PING\r\n", "+PONG\r\n");
    for _ in 0..3 {
        set_up.proxy.refuse_connections();
        let refused = TcpStream::connect(("127.0.0.1", set_up.proxy.port()));
        assert_eq!(refused.map(drop).map_err(|error| error.kind()), Err(ErrorKind::ConnectionRefused));
        set_up.proxy.accept_connections().unwrap();
        ask(&mut set_up.dial(), "PING\r\n", "+PONG\r\n");
    }
    ask(&mut open, "PING\r\n", "+PONG\r\n");
}

#[test]
fn processes_that_start_meanwhile_accept_nothing_in_our_place() {
    let set_up = Proxied::start();
    let accepted = thread::scope(|scope| {
        let refusing = scope.spawn(|| {
            let accepted = (0..200).filter(|_| {
                set_up.proxy.refuse_connections();
                let accepted = TcpStream::connect(("127.0.0.1", set_up.proxy.port())).is_ok();
                set_up.proxy.accept_connections().unwrap();
                accepted
            });
            accepted.count()
        });
        while !refusing.is_finished() {
            Command::new("true").status().unwrap();
        }
        refusing.join().unwrap()
    });
    assert_eq!(accepted, 0);
}

#[test]
fn a_restarted_server_is_found_again_and_a_dead_one_closes_connections() {
    let set_up = Proxied::start();
    let mut stream = set_up.dial();
    ask(&mut stream, "PING\r\n", "+PONG\r\n");
    set_up.server.kill().unwrap();
    assert_eq!(read_to_end(&mut stream).0, "");
    assert_eq!(read_to_end(&mut set_up.dial()).0, "");
    set_up.server.restart().unwrap();
    ask(&mut set_up.dial(), "PING\r\n", "+PONG\r\n");
    assert_eq!(set_up.proxy.counts().cuts, 0);
}

#[test]
fn a_client_that_leaves_leaves_nothing_open() {
    let set_up = Proxied::start();
    let mut stream = set_up.dial();
    ask(&mut stream, "PING\r\n", "+PONG\r\n");
    set_up.proxy.inject(Faults::new().hold());
    stream.write_all(b"PING\r\n").unwrap();
    set_up.await_counts("a held reply", |counts| counts.held == 1);
    drop(stream);
    set_up.await_counts("no open connection", |counts| (counts.open, counts.held) == (0, 0));
}

#[test]
fn drop_ends_connections_and_port() {
    let Proxied { proxy, server } = Proxied::start();
    let port = proxy.port();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    ask(&mut stream, "PING\r\n", "+PONG\r\n");
    drop(proxy);
    assert_eq!(read_to_end(&mut stream).0, "");
    assert_eq!(TcpStream::connect(("127.0.0.1", port)).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    assert_eq!(server.command(&["PING"]).unwrap().as_text(), Some("PONG"));
}
