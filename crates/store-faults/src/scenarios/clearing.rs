//! `clear` of a namespace among many foreign keys, and what another client feels of it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use store_redis::prelude::*;
use store_testkit::{RedisServer, Reply, ServerOptions};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::time::micros;
use crate::topology::{Deployment, NAMESPACE, Replacement, Topology};

const OURS: u64 = 100_000;
const FOREIGN: u64 = 1_000_000;

/// How long the other client is watched while nothing else goes on: some ten thousand `PING`s.
const IDLE: Duration = Duration::from_secs(1);

/// How long a command may occupy the server, in microseconds.
const LONGEST_COMMAND: u64 = 5_000;

pub(crate) fn bars(_: Topology) -> Vec<Bar> {
    vec![
        Bar::at_least("acknowledged", OURS),
        Bar::at_most("violations", 0),
        Bar::at_most("clear_ms", 2000),
        Bar::at_most("slow_commands", 0),
    ]
}

pub(crate) fn clear(run: &Run) -> Result<Figures> {
    let servers = ServerOptions::new()
        .directive("enable-debug-command", "local")
        .directive("slowlog-log-slower-than", LONGEST_COMMAND.to_string());
    let deployment = Deployment::start(run.topology, Replacement::Reluctant, servers)?;
    let server = deployment.primary()?;
    populate(server, FOREIGN, "foreign")?;
    // Of a namespace whose name begins like ours, and so do its keys.
    populate(server, OURS, &format!("{{{NAMESPACE}s}}"))?;
    populate(server, OURS, &format!("{{{NAMESPACE}}}"))?;
    let ours = run.connect_to(&deployment)?.namespace(NAMESPACE)?;

    let idle = pings(server, || std::thread::sleep(IDLE))?;
    server.command(&["SLOWLOG", "RESET"])?;
    let mut cleared = None;
    let busy = pings(server, || {
        let called = Instant::now();
        let removed = run.runtime.block_on(ours.clear().into_future());
        cleared = Some((removed, called.elapsed()));
    })?;
    let (removed, took) = cleared.context("nothing was cleared")?;
    let left = server.command(&["DBSIZE"])?.as_integer().unwrap_or_default();
    let slow = server.command(&["SLOWLOG", "LEN"])?.as_integer().unwrap_or_default();

    let mut figures = Figures::default();
    figures.count("operations", 1_u64);
    figures.count("acknowledged", removed?);
    figures.count("violations", left.abs_diff(i64::try_from(FOREIGN + OURS)?));
    figures.longest("clear_ms", took);
    figures.count("slow_commands", slow);
    figures.longest_of("ping_p999_us", percentile_999(busy));
    figures.longest_of("idle_ping_p999_us", percentile_999(idle));
    Ok(figures)
}

/// Makes keys as `prefix:0`, `prefix:1`, …
fn populate(server: &RedisServer, count: u64, prefix: &str) -> Result<()> {
    let reply = server.command(&["DEBUG", "POPULATE", &count.to_string(), prefix, "32"])?;
    anyhow::ensure!(matches!(reply, Reply::Status(_)), "DEBUG POPULATE answered {reply:?}");
    Ok(())
}

/// How long each `PING` of another client took while `work` went on, in microseconds.
fn pings(server: &RedisServer, work: impl FnOnce()) -> Result<Vec<u64>> {
    let mut connection = server.connect()?;
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pinging = scope.spawn(|| {
            let mut took = Vec::new();
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                let called = Instant::now();
                connection.command(&["PING"])?;
                took.push(micros(called.elapsed()));
            }
            Ok(took)
        });
        work();
        over.store(true, std::sync::atomic::Ordering::Relaxed);
        pinging.join().map_err(|_| anyhow::anyhow!("the other client panicked"))?
    })
}

/// What one in a thousand exceeded.
fn percentile_999(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() * 999 / 1000).copied().unwrap_or_default()
}
