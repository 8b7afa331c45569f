//! The line with a peer that the tests play.
#![cfg(unix)]

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::{join_all, poll_immediate};
use redis::ErrorKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::task::yield_now;

use super::*;
use crate::command;
use crate::config::Server;
use crate::connection::line::{Socket, Stream};
use crate::connection::multiplex::queue::{Patience, Work};
use crate::connection::task::Task;

const PLACES: usize = 1000;

struct Fixture {
    shared: Multiplexer,
    line: Arc<Line>,
    pump: Task,
    peer: UnixStream,
}

fn fixture() -> Fixture {
    let (ours, peer) = UnixStream::pair().unwrap();
    let line = Arc::new(Line::new(Server::Unix { path: "pair".into() }));
    let channel = Channel::Plain(Stream::new(Socket::Unix(ours), Arc::clone(&line)));
    let (shared, pump) = Multiplexer::new(channel, &line, PLACES);
    Fixture { shared, line, pump: Task::spawn(pump), peer }
}

/// A line that has been used: from then on a caller that is alone writes by itself.
async fn used() -> Fixture {
    let mut fixture = fixture();
    let (shared, ping) = (fixture.shared.clone(), command::ping());
    let answered = async {
        fixture.hears(Commands::One(&ping)).await;
        fixture.says("+PONG\r\n").await;
    };
    let (answer, ()) = tokio::join!(shared.ask(&ping), answered);
    answer.unwrap();
    assert_eq!(fixture.line.writes(), 1);
    fixture
}

impl Fixture {
    /// Reads what `commands` pack into, and nothing more.
    async fn hears(&mut self, commands: Commands<'_>) {
        let mut expected = Vec::new();
        commands.pack(&mut expected);
        let mut heard = vec![0; expected.len()];
        self.peer.read_exact(&mut heard).await.unwrap();
        assert!(heard == expected);
    }

    async fn says(&mut self, bytes: &str) {
        self.peer.write_all(bytes.as_bytes()).await.unwrap();
    }
}

/// A command with an argument of so many bytes.
fn echo(bytes: usize) -> Command {
    Command::new("ECHO").arg(vec![b'e'; bytes])
}

#[tokio::test]
async fn each_call_gets_its_own_replies_and_those_of_a_dropped_call_are_passed_over() {
    let mut fixture = fixture();
    let (ping, three) = (command::ping(), [command::ping(), command::ping(), command::ping()]);
    let shared = fixture.shared.clone();
    let mut dropped = Box::pin(shared.exchange(Commands::Many(&three)));
    assert!(poll_immediate(&mut dropped).await.is_none());
    drop(dropped);
    let (mut first, mut second) = (shared.exchange(Commands::Many(&three)), shared.exchange(Commands::One(&ping)));
    assert!(poll_immediate(&mut first).await.is_none() && poll_immediate(&mut second).await.is_none());
    for commands in [Commands::Many(&three), Commands::Many(&three), Commands::One(&ping)] {
        fixture.hears(commands).await;
    }
    fixture.says(":1\r\n:2\r\n:3\r\n:4\r\n-ERR 5\r\n").await;
    fixture.says(":6\r\n>1\r\n+pushed\r\n:7\r\n").await;
    let Value::Array(replies) = first.await.unwrap() else { panic!("there were several commands") };
    assert!(matches!(replies[..], [Value::Int(4), Value::ServerError(_), Value::Int(6)]), "{replies:?}");
    assert_eq!(second.await.unwrap(), Value::Int(7));
    assert_eq!(shared.exchange(Commands::Many(&[])).await.unwrap(), Value::Array(Vec::new()));
}

#[tokio::test]
async fn only_what_may_have_left_is_unknown_when_the_line_ends() {
    let Fixture { shared, line, pump: _pump, peer } = fixture();
    let (ping, large) = (command::ping(), echo(700_000));
    let many = [ping.clone(), large.clone()];
    let commands = [Commands::One(&ping), Commands::Many(&many), Commands::One(&ping)];
    let mut calls = commands.map(|commands| shared.exchange(commands));
    for call in &mut calls {
        assert!(poll_immediate(call).await.is_none());
    }
    // The second write fills the socket, which nobody reads from.
    while line.writes() < 2 {
        yield_now().await;
    }
    drop(peer);
    let lost = join_all(calls).await.into_iter().map(|answer| answer.unwrap_err().outcome);
    assert!(lost.eq([Outcome::Unknown, Outcome::Unknown, Outcome::NotApplied]));
    assert!(line.is_closed());
    let lost = shared.exchange(Commands::One(&ping)).await.unwrap_err();
    assert_eq!((lost.cause.kind(), lost.outcome), (ErrorKind::Io, Outcome::NotApplied));
}

#[tokio::test]
async fn a_command_of_which_a_part_has_left_was_not_carried_out() {
    let Fixture { shared, line, pump: _pump, peer } = used().await;
    let large = echo(2_000_000);
    let mut call = shared.exchange(Commands::One(&large));
    assert!(poll_immediate(&mut call).await.is_none());
    assert_eq!(line.writes(), 2);
    drop(peer);
    assert_eq!(call.await.unwrap_err().outcome, Outcome::NotApplied);
}

#[tokio::test]
async fn what_a_server_says_before_it_is_asked_is_the_reply_to_the_first_words_and_later_the_end() {
    let mut fixture = fixture();
    fixture.says("-ERR max number of clients reached\r\n").await;
    yield_now().await;
    assert!(matches!(fixture.shared.ask(&command::ping()).await.unwrap(), Value::ServerError(_)));
    let shared = fixture.shared.clone();
    fixture.says("+PONG\r\n").await;
    while !fixture.line.is_closed() {
        yield_now().await;
    }
    let lost = shared.exchange(Commands::One(&command::ping())).await.unwrap_err();
    assert_eq!((lost.cause.kind(), lost.outcome), (ErrorKind::Parse, Outcome::NotApplied));
}

#[tokio::test]
async fn calls_wait_for_room_and_one_that_stops_waiting_is_never_sent() {
    let mut fixture = fixture();
    let (shared, large, ping) = (fixture.shared.clone(), echo(300_000), command::ping());
    let mut queued = Vec::new();
    let mut waiting = loop {
        let mut call = shared.exchange(Commands::One(&large));
        assert!(poll_immediate(&mut call).await.is_none());
        if !call.is_queued() {
            break call;
        }
        queued.push(call);
        yield_now().await;
    };
    assert!(queued.len() < 12, "{}", queued.len());
    let small = echo(1);
    let mut gives_up = shared.exchange(Commands::One(&small));
    assert!(poll_immediate(&mut gives_up).await.is_none());
    assert!(!gives_up.is_queued());
    drop(gives_up);
    let calls = queued.len();
    let ((), mut fixture) = tokio::join!(
        async {
            for call in queued {
                assert_eq!(call.await.unwrap(), Value::Nil);
            }
            assert_eq!((&mut waiting).await.unwrap(), Value::Nil);
        },
        async {
            for _ in 0..=calls {
                fixture.hears(Commands::One(&large)).await;
                fixture.says("_\r\n").await;
            }
            fixture
        }
    );
    let mut last = shared.exchange(Commands::One(&ping));
    assert!(poll_immediate(&mut last).await.is_none());
    fixture.hears(Commands::One(&ping)).await;
}

#[tokio::test]
async fn no_more_replies_are_owed_than_twice_the_places() {
    let Fixture { shared, pump: _pump, peer: _peer, .. } = fixture();
    let ping = command::ping();
    for _ in 0..2 * PLACES {
        let mut call = shared.exchange(Commands::One(&ping));
        assert!(poll_immediate(&mut call).await.is_none());
        assert!(call.is_queued());
    }
    let mut call = shared.exchange(Commands::One(&ping));
    assert!(poll_immediate(&mut call).await.is_none());
    assert!(!call.is_queued());
}

#[tokio::test]
async fn calls_of_one_moment_share_a_write_and_a_caller_that_is_alone_writes_at_once() {
    let Fixture { shared, line, pump: _pump, mut peer } = used().await;
    let (ping, small) = (command::ping(), echo(100));
    let mut alone = shared.exchange(Commands::One(&ping));
    assert!(poll_immediate(&mut alone).await.is_none());
    assert_eq!(line.writes(), 2);
    let calls = join_all((0..64).map(|_| shared.exchange(Commands::One(&small))));
    let answers = async {
        let mut heard = [0; 64 * 1024];
        while line.writes() < 3 {
            yield_now().await;
        }
        assert!(peer.read(&mut heard).await.unwrap() > 0);
        peer.write_all("+PONG\r\n".repeat(65).as_bytes()).await.unwrap();
    };
    let (answers, ()) = tokio::join!(calls, answers);
    assert!(answers.into_iter().all(|answer| answer.is_ok()) && alone.await.is_ok());
    assert_eq!(line.writes(), 3);
    // Where several were answered together the first to go on is not alone; who is answered alone is.
    for is_alone in [false, true] {
        let before = line.writes();
        let mut next = shared.exchange(Commands::One(&ping));
        assert!(poll_immediate(&mut next).await.is_none());
        assert_eq!(line.writes() > before, is_alone);
        let answer = async { peer.write_all(b"+PONG\r\n").await.unwrap() };
        assert!(tokio::join!(next, answer).0.is_ok());
        assert_eq!(line.writes(), before + 1);
    }
}

#[tokio::test]
async fn the_pump_lets_others_add_to_a_batch_of_a_few_commands_and_writes_a_larger_one() {
    let Fixture { shared, line, pump: _pump, peer: _peer } = used().await;
    let (ping, large) = (command::ping(), echo(1024));
    let next = || shared.0.next_work(None, Patience::Fresh, &Context::from_waker(Waker::noop())).unwrap();
    let mut calls = [&ping, &ping, &large].map(|command| shared.exchange(Commands::One(command)));
    assert!(poll_immediate(&mut calls[0]).await.is_none());
    assert_eq!(line.writes(), 2);
    assert!(matches!(next(), Work::Nothing));
    assert!(poll_immediate(&mut calls[1]).await.is_none());
    assert!(matches!(next(), Work::Defer));
    assert!(poll_immediate(&mut calls[2]).await.is_none());
    assert!(matches!(next(), Work::Batch(_)));
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_pump_ends() {
    let Fixture { shared, line, pump, peer: _peer } = used().await;
    let ping = command::ping();
    let mut call = shared.exchange(Commands::One(&ping));
    assert!(poll_immediate(&mut call).await.is_none());
    drop(pump);
    assert_eq!(call.await.unwrap_err().outcome, Outcome::Unknown);
    assert!(line.is_closed());
}

#[tokio::test]
async fn whoever_relies_on_the_watch_is_woken_though_nobody_answers() {
    let Fixture { shared, pump: _pump, mut peer, .. } = used().await;
    let ping = command::ping();
    for _ in 0..2 {
        let (mut call, mut polls) = (shared.exchange(Commands::One(&ping)), 0);
        call.rely_on_watch();
        poll_fn(|cx| {
            polls += 1;
            assert!(Pin::new(&mut call).poll(cx).is_pending());
            assert_eq!(call.is_watched(), polls == 1);
            if polls == 1 { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        // An idle line puts the watch to sleep, and the next call rouses it.
        peer.write_all(b"+PONG\r\n").await.unwrap();
        call.await.unwrap();
    }
}
