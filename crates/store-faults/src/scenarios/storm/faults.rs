//! What can go wrong on each topology. Every fault is over when its strike returns, but for what the servers then repair.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use store_testkit::proxy::{Cut, Ending, FaultProxy, Faults, When};
use store_testkit::{Pause, Random, RedisServer, wait_until};

use crate::topology::{Deployment, Topology, node_of, slot};

use super::rotation::Rotation;

/// What faults are done to.
pub(super) struct Place<'a> {
    pub(super) deployment: &'a Deployment,
    pub(super) proxy: Option<&'a FaultProxy>,
    pub(super) rotation: &'a Rotation,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL of the primary, which comes back when it has been replaced, or at once where nobody could.
    KillPrimary,
    /// SIGKILL and restart of a server that is not the primary, or of a sentinel.
    KillBystander,
    /// SIGSTOP for up to 1.5 s.
    StopPrimary,
    KillClients,
    PauseAll,
    PauseWrites,
    FlushScripts,
    ExhaustMemory,
    RotatePassword,
    FailOver,
    DemoteByHand,
    MigrateSlot,
    Reshard,
    CutRequests,
    CutReplies,
    ResetReplies,
    DelayReplies,
    HoldReplies,
    TrickleReplies,
    RefuseConnections,
    BlackHole,
}

use Fault::{
    BlackHole, CutReplies, CutRequests, DelayReplies, DemoteByHand, ExhaustMemory, FailOver, FlushScripts, HoldReplies,
    KillBystander, KillClients, KillPrimary, MigrateSlot, PauseAll, PauseWrites, RefuseConnections, ResetReplies,
    Reshard, RotatePassword, StopPrimary, TrickleReplies,
};

/// What can be done to one server, whatever it belongs to.
const ANYWHERE: [Fault; 8] =
    [KillPrimary, StopPrimary, KillClients, PauseAll, PauseWrites, FlushScripts, ExhaustMemory, RotatePassword];

/// What takes others, who go on in its place.
const REPLACED: [Fault; 2] = [KillBystander, FailOver];

/// When a failover that was asked for has either happened or been given up.
const GIVEN_UP: Duration = Duration::from_secs(8);

/// What only a proxy can do. Not to flip bits: a value that was changed on its way is a wrong one to everybody.
const ON_THE_LINE: [Fault; 8] =
    [CutRequests, CutReplies, ResetReplies, DelayReplies, HoldReplies, TrickleReplies, RefuseConnections, BlackHole];

impl Fault {
    /// The faults of a topology to choose from; one that is named twice comes twice as often.
    pub(super) fn of(topology: Topology) -> Vec<Self> {
        match topology {
            Topology::Standalone => [ANYWHERE.as_slice(), &ON_THE_LINE].concat(),
            // All others twice, because it takes the sentinels half a minute to notice that one.
            Topology::Sentinel => [ANYWHERE.as_slice(), &ANYWHERE, &REPLACED, &REPLACED, &[DemoteByHand]].concat(),
            Topology::Cluster => [ANYWHERE.as_slice(), &REPLACED, &[MigrateSlot, MigrateSlot, Reshard]].concat(),
        }
    }

    /// The name under which it is counted.
    pub(super) fn figure(self) -> &'static str {
        match self {
            KillPrimary => "fault_kill_primary",
            KillBystander => "fault_kill_bystander",
            StopPrimary => "fault_stop_primary",
            KillClients => "fault_kill_clients",
            PauseAll => "fault_pause_all",
            PauseWrites => "fault_pause_writes",
            FlushScripts => "fault_flush_scripts",
            ExhaustMemory => "fault_exhaust_memory",
            RotatePassword => "fault_rotate_password",
            FailOver => "fault_fail_over",
            DemoteByHand => "fault_demote_by_hand",
            MigrateSlot => "fault_migrate_slot",
            Reshard => "fault_reshard",
            CutRequests => "fault_cut_requests",
            CutReplies => "fault_cut_replies",
            ResetReplies => "fault_reset_replies",
            DelayReplies => "fault_delay_replies",
            HoldReplies => "fault_hold_replies",
            TrickleReplies => "fault_trickle_replies",
            RefuseConnections => "fault_refuse_connections",
            BlackHole => "fault_black_hole",
        }
    }

    /// Whether another server takes over in the course of it, even if the first one is back in the end.
    pub(super) fn replaces(self) -> bool {
        matches!(self, FailOver | DemoteByHand)
    }

    pub(super) fn strike(self, place: &Place<'_>, random: &mut Random) -> Result<()> {
        let primary = place.deployment.primary()?;
        match self {
            KillPrimary => kill(place.deployment, primary),
            KillBystander => kill_bystander(place.deployment, primary, random),
            StopPrimary => {
                primary.stop()?;
                wait(random, 1500);
                Ok(primary.cont()?)
            }
            KillClients => primary.kill_clients().map(drop).map_err(Into::into),
            PauseAll => Ok(primary.pause(Pause::Everything, Duration::from_millis(50 + random.below(300)))?),
            PauseWrites => Ok(primary.pause(Pause::Writes, Duration::from_millis(50 + random.below(300)))?),
            FlushScripts => Ok(primary.flush_scripts()?),
            ExhaustMemory => {
                primary.exhaust_memory()?;
                wait(random, 300);
                Ok(primary.restore_memory()?)
            }
            RotatePassword => place.rotation.rotate(place.deployment),
            FailOver => fail_over(place.deployment, primary),
            DemoteByHand => demote(place.deployment),
            MigrateSlot => migrate(place.deployment, primary, random, 0),
            Reshard => migrate(place.deployment, primary, random, 50),
            CutRequests => some_time(place, random, |faults| faults.cut(Cut::BeforeRequest, When::Share(0.1))),
            CutReplies => some_time(place, random, |faults| faults.cut(Cut::BeforeReply, When::Share(0.1))),
            ResetReplies => {
                some_time(place, random, |faults| faults.cut(Cut::InsideReply, When::Share(0.1)).ending(Ending::Reset))
            }
            DelayReplies => some_time(place, random, |faults| faults.delay(Duration::from_millis(50))),
            HoldReplies => some_time(place, random, Faults::hold),
            TrickleReplies => some_time(place, random, |faults| faults.trickle(1, Duration::from_millis(1))),
            BlackHole => some_time(place, random, Faults::black_hole),
            RefuseConnections => {
                let proxy = place.proxy.context("a fault of a proxy without one")?;
                proxy.refuse_connections();
                proxy.cut_all(Ending::Reset);
                wait(random, 500);
                Ok(proxy.accept_connections()?)
            }
        }
    }
}

/// Up to so many milliseconds.
fn wait(random: &mut Random, millis: u64) {
    std::thread::sleep(Duration::from_millis(random.below(millis)));
}

fn some_time(place: &Place<'_>, random: &mut Random, faults: impl FnOnce(Faults) -> Faults) -> Result<()> {
    let proxy = place.proxy.context("a fault of a proxy without one")?;
    proxy.inject(faults(Faults::seeded(random.below(u64::MAX))));
    wait(random, 1000);
    proxy.heal();
    Ok(())
}

fn kill(deployment: &Deployment, primary: &RedisServer) -> Result<()> {
    primary.kill()?;
    if !matches!(deployment, Deployment::Standalone(_)) {
        // A primary that came back before it was replaced would come back empty.
        deployment.await_another_primary(primary)?;
    }
    Ok(primary.restart()?)
}

fn kill_bystander(deployment: &Deployment, primary: &RedisServer, random: &mut Random) -> Result<()> {
    let mut bystanders: Vec<&RedisServer> = match deployment {
        Deployment::Standalone(_) => bail!("one node has no bystanders"),
        Deployment::Sentinel(sentinel) => deployment.servers().into_iter().chain(sentinel.sentinels()).collect(),
        // Primaries of other slots would have to be replaced first.
        Deployment::Cluster(cluster) => vec![cluster.replica_of(node_of(cluster, primary)?)?],
    };
    bystanders.retain(|server| server.port() != primary.port());
    let bystander = random.choose(&bystanders).context("nobody but the primary")?;
    bystander.kill()?;
    wait(random, 300);
    Ok(bystander.restart()?)
}

/// Nodes give a failover up after 5 s, which happens when another one is hardly over; then they are asked again.
fn fail_over(deployment: &Deployment, primary: &RedisServer) -> Result<()> {
    deployment.fail_over(primary)?;
    let is_replaced = || deployment.primary().is_ok_and(|now| now.port() != primary.port()).then_some(());
    if wait_until("another primary", GIVEN_UP, is_replaced).is_err() {
        deployment.await_settled()?;
        deployment.fail_over(primary)?;
    }
    deployment.await_replaced(primary)
}

fn demote(deployment: &Deployment) -> Result<()> {
    let Deployment::Sentinel(sentinel) = deployment else { bail!("nodes of a cluster cannot be demoted by hand") };
    let former = sentinel.demote_by_hand()?;
    deployment.await_replaced(former)
}

/// Moves the slot of all entries to another primary with a stop half way, and some slots beside it.
fn migrate(deployment: &Deployment, primary: &RedisServer, random: &mut Random, beside: usize) -> Result<()> {
    let Deployment::Cluster(cluster) = deployment else { bail!("only a cluster has slots") };
    let primaries = cluster.primaries();
    let others: Vec<_> = primaries.iter().filter(|node| node.port() != primary.port()).collect();
    let to = random.choose(&others).context("a cluster of one primary")?;
    cluster.reshard(node_of(cluster, primary)?, to, beside)?;
    let migration = cluster.begin_migration(slot(cluster)?, to)?;
    migration.move_keys(usize::try_from(random.below(40)).unwrap_or_default())?;
    wait(random, 500);
    Ok(migration.finish()?)
}
