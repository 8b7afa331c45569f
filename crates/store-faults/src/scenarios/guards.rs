//! What limits the loss where a primary goes on taking writes while another one takes its place.

use std::time::Duration;

use anyhow::{Context, Result};
use store_redis::Durability;
use store_testkit::{RedisServer, ServerOptions};

use crate::figures::{Bar, Figures};
use crate::scenario::Run;
use crate::scenarios::planned;
use crate::topology::{Deployment, Replacement, Topology};
use crate::writers::Writers;

const DEADLINE: Duration = Duration::from_secs(5);

/// The clients' user, and its password.
const CLIENT: &str = "client";

/// A write counts when one replica has it too, within half a second.
pub(crate) fn replicated() -> Result<Durability> {
    Ok(Durability::replicated(1, Duration::from_millis(500))?)
}

/// Writes are refused while no replica has been heard of for a second.
fn min_replicas() -> ServerOptions {
    ServerOptions::new().directive("min-replicas-to-write", "1").directive("min-replicas-max-lag", "1")
}

pub(crate) fn bars(_: Topology) -> Vec<Bar> {
    vec![Bar::at_most("duplicated", 0), Bar::at_most("overrun_ms", 100), Bar::at_least("acknowledged", 320)]
}

pub(crate) fn fail_over_with_min_replicas(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Prompt, min_replicas())?;
    planned::fail_over_with(run, &deployment, Durability::Acknowledged)
}

pub(crate) fn fail_over_replicated(run: &Run) -> Result<Figures> {
    let deployment = Deployment::start(run.topology, Replacement::Prompt, ServerOptions::new())?;
    planned::fail_over_with(run, &deployment, replicated()?)
}

pub(crate) fn cut_off(run: &Run) -> Result<Figures> {
    cut_off_with(run, ServerOptions::new(), Durability::Acknowledged)
}

pub(crate) fn cut_off_with_min_replicas(run: &Run) -> Result<Figures> {
    cut_off_with(run, min_replicas(), Durability::Acknowledged)
}

pub(crate) fn cut_off_replicated(run: &Run) -> Result<Figures> {
    cut_off_with(run, ServerOptions::new(), replicated()?)
}

/// The primary loses its replicas and the sentinels, and keeps its clients.
fn cut_off_with(run: &Run, servers: ServerOptions, guard: Durability) -> Result<Figures> {
    // While the default user is on, whoever fails to log in is still that one.
    let servers = servers.user(CLIENT, CLIENT);
    let deployment = Deployment::start(run.topology, Replacement::Prompt, servers)?;
    let cache = run.connect(deployment.config().with_user(CLIENT, CLIENT))?;
    let writers = Writers::start(&run.runtime, &cache, DEADLINE, guard)?;
    let former = deployment.primary()?;
    lock_out(former)?;
    deployment.await_another_primary(former)?;
    writers.await_well()?;
    writers.finish(&run.runtime)?.judge(&deployment)
}

/// Takes away the password by which the other nodes, and we, log in; clients have another user.
fn lock_out(server: &RedisServer) -> Result<()> {
    let mut connection = server.connect()?;
    let user = connection.command(&["ACL", "WHOAMI"])?;
    let user = user.as_text().context("a user without a name")?.to_owned();
    connection.command(&["ACL", "SETUSER", &user, "resetpass", ">nobody knows it"])?;
    for kind in ["replica", "pubsub", "normal"] {
        connection.command(&["CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes"])?;
    }
    Ok(())
}
