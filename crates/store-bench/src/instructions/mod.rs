//! How many instructions a client spends on one operation, counted by valgrind's callgrind.
//!
//! The client runs in a process of its own, twice: a short run and a long one. What the long one spends more, by the
//! operations that it carries out more, is the cost of one operation; starting, connecting and ending cancel out. The
//! server is a third process, and no part of the count.
//!
//! Unlike a time, such a count hardly depends on the machine or on what else it does. What is left of chance is how many
//! commands happen to share a write, which is why there are several rounds.

mod callgrind;
mod worker;

use std::path::Path;

use anyhow::Result;
use store_testkit::{ClusterDeployment, ClusterOptions, RedisServer, ServerOptions};

use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::rounds::{Rounds, turns};
use callgrind::Callgrind;
use worker::{Client, Operation};

pub(crate) use worker::Work;

const GROUP: &str = "instructions";
const UNIT: &str = "instructions/op";

/// Tasks that share one client.
const TASKS: usize = 32;
/// Operations of a task in the two runs whose difference counts.
const SHORT_RUN: u64 = 100;
const LONG_RUN: u64 = 600;

/// A row of the report: an operation through a client of ours, and what it may take.
struct Case {
    name: &'static str,
    operation: Operation,
    ours: Client,
    peer: Client,
    bar: f64,
}

const CASES: [Case; 3] = [
    Case::on_one_server("get through Arc<dyn Store>", Operation::Get, Client::DynStore),
    Case::on_one_server("get on RedisStore", Operation::Get, Client::Store),
    Case::on_one_server("set through Arc<dyn Store>", Operation::Set, Client::DynStore),
];

const CLUSTER_CASES: [Case; 2] = [
    Case::on_a_cluster("get over roots on a Cluster through Arc<dyn Store>", Operation::Get),
    Case::on_a_cluster("set over roots on a Cluster through Arc<dyn Store>", Operation::Set),
];

impl Case {
    const fn on_one_server(name: &'static str, operation: Operation, ours: Client) -> Self {
        Self { name, operation, ours, peer: Client::Bare, bar: 6_500.0 }
    }

    const fn on_a_cluster(name: &'static str, operation: Operation) -> Self {
        Self { name, operation, ours: Client::Roots, peer: Client::BareCluster, bar: 8_000.0 }
    }
}

/// Counts all cases. The profiles of the long runs stay in `profiles` where it is given.
pub(crate) fn measure(effort: Effort, profiles: Option<&Path>) -> Result<Vec<Row>> {
    let callgrind = Callgrind::find(profiles)?;
    let server = RedisServer::start(ServerOptions::new())?;
    let mut rows = measure_cases(&CASES, server.url(), effort, &callgrind)?;
    drop(server);
    let cluster = ClusterDeployment::start(ClusterOptions::new())?;
    rows.extend(measure_cases(&CLUSTER_CASES, cluster.url(), effort, &callgrind)?);
    Ok(rows)
}

fn measure_cases(cases: &[Case], url: &str, effort: Effort, callgrind: &Callgrind<'_>) -> Result<Vec<Row>> {
    cases.iter().map(|case| measure_case(case, url, effort, callgrind)).collect()
}

fn measure_case(case: &Case, url: &str, effort: Effort, callgrind: &Callgrind<'_>) -> Result<Row> {
    let clients = [case.ours, case.peer];
    let mut rounds = Rounds::of(clients.len());
    for turn in turns(clients.len(), effort.processes) {
        eprintln!("{GROUP}: {}, round {} of {}", case.name, turn.round, effort.processes);
        rounds.note(turn, cost_of_one(clients[turn.side], case.operation, url, callgrind)?);
    }
    Ok(Row {
        group: GROUP,
        name: case.name.to_owned(),
        tasks: TASKS,
        entries: None,
        peer: case.peer.name().to_owned(),
        unit: UNIT,
        figures: rounds.compare(0, 1, |cost| *cost),
        bar: Some(Bar::ours_at_most(case.bar)),
    })
}

fn cost_of_one(client: Client, operation: Operation, url: &str, callgrind: &Callgrind<'_>) -> Result<f64> {
    let count = |calls| callgrind.count(&Work { client, operation, tasks: TASKS, calls, url: url.to_owned() });
    let (short, long) = (count(SHORT_RUN)?, count(LONG_RUN)?);
    let operations = (LONG_RUN - SHORT_RUN) * TASKS as u64;
    Ok((long as f64 - short as f64) / operations as f64)
}
