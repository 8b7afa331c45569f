//! A failover that somebody asked for: nothing has failed, and for a while the old primary takes writes as before.

use std::time::{Duration, Instant};

use anyhow::Result;
use store_redis::Durability;
use store_testkit::{RedisServer, Role, ServerOptions, wait_until};

use crate::feed::{Feed, Line};
use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::topology::{Deployment, PATIENCE, Replacement, Topology};
use crate::writers::Writers;

const DEADLINE: Duration = Duration::from_secs(5);

/// How long the old primary is watched after the announcement. Sentinel leaves it a primary for 10 s.
const WATCHED: Duration = Duration::from_secs(2);

/// How an increment looks in `MONITOR`.
const WRITE: &str = "\"INCRBY\"";

pub(crate) fn bars(topology: Topology) -> Vec<Bar> {
    let mut bars = vec![
        Bar::at_most("duplicated", 0),
        Bar::at_most("overrun_ms", 100),
        Bar::at_least("writes_seen_on_former", 100),
        Bar::at_most("late_write_ms", 300),
    ];
    if topology == Topology::Cluster {
        // The old primary holds its clients up until the new one has all that it had.
        bars.push(Bar::at_most("lost", 0));
    }
    bars
}

pub(crate) fn fail_over(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Prompt, ServerOptions::new())?;
    fail_over_with(run, &deployment, Durability::Acknowledged)
}

/// Fails over under the eyes of writers that ask for `guard`.
pub(crate) fn fail_over_with(run: &Run, deployment: &Deployment, guard: Durability) -> Result<Figures> {
    let cache = run.connect_to(deployment)?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, guard)?;
    let former = deployment.primary()?;
    let executed = Feed::of_commands(former)?;
    writers.await_well()?;
    let switched = switch(deployment, former)?;
    std::thread::sleep(WATCHED);
    let writes = of_clients(executed.lines_with(WRITE), deployment);
    drop(executed);
    writers.await_well()?;
    let mut figures = writers.finish(&run.runtime)?.judge(deployment)?;
    figures.count("writes_seen_on_former", writes.len());
    let last = writes.iter().map(|line| line.at).max();
    figures.longest("late_write_ms", last.map_or(Duration::ZERO, |at| at.saturating_duration_since(switched)));
    Ok(figures)
}

/// Those that no other server has sent: a former primary that follows executes what the new one does.
fn of_clients(mut executed: Vec<Line>, deployment: &Deployment) -> Vec<Line> {
    let servers: Vec<_> = deployment.servers().into_iter().filter_map(RedisServer::port).collect();
    let sources: Vec<_> = servers.into_iter().map(|port| format!(" 127.0.0.1:{port}]")).collect();
    executed.retain(|line| !sources.iter().any(|source| line.text.contains(source)));
    executed
}

/// Has `former` replaced, and gives the moment at which the world was told: by the first sentinel to announce it, or by
/// the node's own word that it is a replica.
fn switch(deployment: &Deployment, former: &RedisServer) -> Result<Instant> {
    match deployment {
        Deployment::Sentinel(sentinel) => {
            let announced = sentinel.sentinels().iter().map(|it| Feed::of_channel(it, "+switch-master"));
            let announced = announced.collect::<Result<Vec<_>>>()?;
            deployment.fail_over(former)?;
            let first = || {
                // The address of the new primary stands in the message itself, whose line says `mymaster` first.
                announced.iter().filter_map(|feed| Some(feed.lines_with(sentinel.service()).first()?.at)).min()
            };
            Ok(wait_until("+switch-master", PATIENCE, first)?)
        }
        Deployment::Standalone(_) | Deployment::Cluster(_) => {
            deployment.fail_over(former)?;
            let replaced = || former.role().ok().filter(|role| *role != Role::Primary).map(|_| Instant::now());
            Ok(wait_until("a former primary that follows", PATIENCE, replaced)?)
        }
    }
}
