//! Callers that go away: their replies reach nobody else, and cost no connection.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;

use anyhow::{Context, Result};
use store_redis::prelude::*;
use store_redis::{Bytes, Namespaced, RedisCache};
use store_testkit::{Random, RedisServer, ServerOptions};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, NAMESPACE, Replacement, Topology};

const CALLERS: u64 = 8;
const KEYS: u64 = 64;

/// A third of a million on each topology.
const DROPPED: u64 = 333_334;

/// How many polls a call has at most before it is dropped.
const MOST_POLLS: u64 = 12;

pub(crate) fn bars(_: Topology) -> Vec<Bar> {
    vec![
        Bar::at_least("cancelled", DROPPED),
        Bar::at_most("violations", 0),
        Bar::at_most("errors", 0),
        Bar::at_most("new_connections", DROPPED / 1000),
    ]
}

pub(crate) fn cancel(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, ServerOptions::new())?;
    let cache = run.connect_to(&deployment)?.namespace(NAMESPACE)?;
    for number in 0..KEYS {
        run.runtime.block_on(cache.set(&key(number), value(number)).never_expires().into_future())?;
    }
    let before = connections(&deployment)?;
    let tasks: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let random = Random::stream(run.seed, caller);
            run.runtime.spawn(drop_calls(cache.clone(), random, DROPPED.div_ceil(CALLERS)))
        })
        .collect();
    let mut figures = Figures::default();
    for task in tasks {
        figures.merge(&run.runtime.block_on(task).context("a caller ended without its figures")?);
    }
    // Each of the two looks has made one on every server.
    let new = connections(&deployment)?.saturating_sub(before + deployment.servers().len() as u64);
    figures.count("new_connections", new);
    Ok(figures)
}

async fn drop_calls(cache: Namespaced<RedisCache>, mut random: Random, drops: u64) -> Figures {
    let (mut operations, mut dropped, mut wrong, mut errors) = (0_u64, 0_u64, 0_u64, 0_u64);
    while dropped < drops {
        let (polls, number) = (random.below(MOST_POLLS), random.below(KEYS));
        let (key, value) = (key(number), Bytes::from(value(number)));
        let right = match random.below(4) {
            0 => drop_after(polls, cache.get(&key).into_future()).await.map(|read| read.map(|it| it == Some(value))),
            1 => drop_after(polls, cache.set(&key, value).never_expires().into_future())
                .await
                .map(|set| set.map(|()| true)),
            2 => {
                let keys = [key.as_str(), "missing", key.as_str()];
                let expected = [Some(value.clone()), None, Some(value)];
                drop_after(polls, cache.get_many(&keys).into_future()).await.map(|read| read.map(|it| it == expected))
            }
            _ => {
                let swap = cache.set(&key, value.clone()).if_value(value).keep_expiry();
                drop_after(polls, swap.into_future()).await.map(|swapped| swapped.map(|it| it.is_stored()))
            }
        };
        operations += 1;
        match right {
            None => dropped += 1,
            Some(Ok(right)) => wrong += u64::from(!right),
            Some(Err(_)) => errors += 1,
        }
    }
    let mut figures = Figures::default();
    figures.count("operations", operations);
    figures.count("acknowledged", operations - dropped - errors);
    figures.count("cancelled", dropped);
    figures.count("violations", wrong);
    figures.count("errors", errors);
    figures
}

/// Polls a future so many times, with others in between, and then drops it.
async fn drop_after<F: Future>(polls: u64, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        tokio::task::yield_now().await;
    }
    None
}

fn key(number: u64) -> String {
    format!("key-{number}")
}

/// Every entry has a value of its own, and of its own length, so that a reply tells whose it is.
fn value(number: u64) -> String {
    format!("value-{number}-{}", "x".repeat(usize::try_from(number).unwrap_or_default() * 40))
}

/// How many connections the servers have been asked for so far.
fn connections(deployment: &Deployment) -> Result<u64> {
    deployment.servers().into_iter().map(accepted).sum()
}

fn accepted(server: &RedisServer) -> Result<u64> {
    let accepted = server.info("stats", "total_connections_received")?;
    accepted.and_then(|count| count.parse().ok()).context("an INFO without the count of connections")
}
