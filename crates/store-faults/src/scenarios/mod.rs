//! All scenarios, in the order in which they are run.

mod black_hole;
mod cancellation;
mod clearing;
mod counting;
mod guards;
mod idle;
mod outages;
mod planned;
mod scripts;
mod storm;

use crate::scenario::Scenario;
use crate::topology::Topology::{Cluster, Sentinel, Standalone};

/// `cargo xtask faults --list` shows this table.
pub(crate) static ALL: &[Scenario] = &[
    Scenario {
        name: "hiccup",
        about: "the primary stands still for 2.5 s and is not replaced",
        topologies: &[Standalone, Sentinel, Cluster],
        repeats: 1,
        bars: counting::primary_stands_still,
        run: counting::hiccup,
    },
    Scenario {
        name: "cut-replies",
        about: "one in ten replies is thrown away with its connection",
        topologies: &[Standalone],
        repeats: 1,
        bars: counting::replies_are_cut,
        run: counting::cut_replies,
    },
    Scenario {
        name: "half-migrated-slot",
        about: "the slot of all counters is on its way, half of them moved, for 3 s, and then moves on",
        topologies: &[Cluster],
        repeats: 1,
        bars: counting::primary_stays,
        run: counting::half_migrated_slot,
    },
    Scenario {
        name: "reshard",
        about: "slots move from primary to primary, the one of all counters there and back again",
        topologies: &[Cluster],
        repeats: 1,
        bars: counting::primary_stays,
        run: counting::reshard,
    },
    Scenario {
        name: "kill-primary",
        about: "the primary is killed (SIGKILL), and replaced or, alone, restarted with appendfsync always",
        topologies: &[Standalone, Sentinel, Cluster],
        repeats: 5,
        bars: outages::bars,
        run: outages::kill_primary,
    },
    Scenario {
        name: "stop-primary",
        about: "the primary stands still (SIGSTOP) until it has been replaced and the writers are done",
        topologies: &[Sentinel, Cluster],
        repeats: 5,
        bars: outages::bars,
        run: outages::stop_primary,
    },
    Scenario {
        name: "kill-everysec",
        about: "one node with appendfsync everysec is killed (SIGKILL, not a power cut) and restarted",
        topologies: &[Standalone],
        repeats: 1,
        bars: outages::unguarded_bars,
        run: outages::kill_with_everysec,
    },
    Scenario {
        name: "kill-without-persistence",
        about: "one node that keeps nothing on disk is killed and restarted",
        topologies: &[Standalone],
        repeats: 1,
        bars: outages::unguarded_bars,
        run: outages::kill_without_persistence,
    },
    Scenario {
        name: "kill-replicated",
        about: "the primary is killed under writes that wait for one replica",
        topologies: &[Sentinel, Cluster],
        repeats: 1,
        bars: guards::bars,
        run: outages::kill_replicated,
    },
    Scenario {
        name: "cut-off",
        about: "the primary is cut off from replicas and sentinels, and not from its clients",
        topologies: &[Sentinel],
        repeats: 1,
        bars: guards::bars,
        run: guards::cut_off,
    },
    Scenario {
        name: "cut-off-min-replicas",
        about: "the same with min-replicas-to-write 1, min-replicas-max-lag 1",
        topologies: &[Sentinel],
        repeats: 1,
        bars: guards::bars,
        run: guards::cut_off_with_min_replicas,
    },
    Scenario {
        name: "cut-off-replicated",
        about: "the same under writes that wait for one replica",
        topologies: &[Sentinel],
        repeats: 1,
        bars: guards::bars,
        run: guards::cut_off_replicated,
    },
    Scenario {
        name: "planned-failover",
        about: "SENTINEL FAILOVER, CLUSTER FAILOVER: nothing has failed, and the primary is replaced",
        topologies: &[Sentinel, Cluster],
        repeats: 3,
        bars: planned::bars,
        run: planned::fail_over,
    },
    Scenario {
        name: "planned-failover-min-replicas",
        about: "SENTINEL FAILOVER with min-replicas-to-write 1, min-replicas-max-lag 1",
        topologies: &[Sentinel],
        repeats: 1,
        bars: guards::bars,
        run: guards::fail_over_with_min_replicas,
    },
    Scenario {
        name: "planned-failover-replicated",
        about: "SENTINEL FAILOVER under writes that wait for one replica",
        topologies: &[Sentinel],
        repeats: 1,
        bars: guards::bars,
        run: guards::fail_over_replicated,
    },
    Scenario {
        name: "restart-while-idle",
        about: "the server is restarted while nobody calls, 20 times; then somebody does",
        topologies: &[Standalone],
        repeats: 1,
        bars: idle::bars,
        run: idle::restart,
    },
    Scenario {
        name: "black-hole",
        about: "for 4 s everything that is sent to the host is swallowed",
        topologies: &[Standalone],
        repeats: 1,
        bars: black_hole::bars,
        run: black_hole::swallow,
    },
    Scenario {
        name: "script-flush",
        about: "SCRIPT FLUSH every 5 ms during 20,000 scripted operations",
        topologies: &[Standalone, Sentinel, Cluster],
        repeats: 1,
        bars: scripts::bars,
        run: scripts::flush,
    },
    Scenario {
        name: "script-failover",
        about: "a planned failover, under scripted operations, to a replica that has never seen a script",
        topologies: &[Sentinel, Cluster],
        repeats: 1,
        bars: scripts::failover_bars,
        run: scripts::fail_over,
    },
    Scenario {
        name: "cancellation",
        about: "a third of a million calls are dropped by their callers",
        topologies: &[Standalone, Sentinel, Cluster],
        repeats: 1,
        bars: cancellation::bars,
        run: cancellation::cancel,
    },
    Scenario {
        name: "clear",
        about: "clear of 100,000 keys among 1,100,000 foreign ones, and another client's PING",
        topologies: &[Standalone],
        repeats: 1,
        bars: clearing::bars,
        run: clearing::clear,
    },
    Scenario {
        name: "storm",
        about: "faults at random, one after another, under callers whose histories are judged",
        topologies: &[Standalone, Sentinel, Cluster],
        repeats: 1,
        bars: storm::bars,
        run: storm::storm,
    },
];
