//! `clear` of a namespace that is a small part of a large database, beside what its user would write without it, and
//! how long one command of it holds the server up.

mod by_hand;
mod database;
mod slow_log;

use std::time::Instant;

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use store_redis::{Namespaced, RedisStore, StoreExt};
use store_testkit::{RedisServer, Release};

use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::rounds::{Rounds, Turn, turns, warm_up};
use crate::runtime::runtime;
use database::{NAMESPACE, PART, WHOLE};

const GROUP: &str = "clear";
const PEER: &str = "SCAN COUNT 1000 and UNLINK of 1000 by hand in redis-rs";

/// What a command of ours may take at most.
const LONGEST_MICROS: f64 = 5_000.0;

/// What came of one clear.
struct Cleared {
    per_second: f64,
    longest_micros: f64,
}

/// Measures all of it, on the server that the environment names and on those of `releases`.
pub(crate) fn measure(effort: Effort, releases: &[Release]) -> Result<Vec<Row>> {
    let mut rows = on(&RedisServer::start_process(slow_log::options())?, effort)?;
    for release in releases {
        rows.extend(on(&RedisServer::start_release(*release, slow_log::options())?, effort)?);
    }
    Ok(rows)
}

fn on(server: &RedisServer, effort: Effort) -> Result<Vec<Row>> {
    let rounds = runtime()?.block_on(async {
        let mut sides = Sides::connect(server).await?;
        let mut rounds = Rounds::of(Sides::COUNT);
        for turn in warm_up(Sides::COUNT).chain(turns(Sides::COUNT, effort.processes)) {
            rounds.note(turn, sides.clear(turn).await?);
        }
        anyhow::Ok(rounds)
    })?;
    let name = |what| format!("{what}, {} {}", server.server_name(), server.version());
    let row = |name, unit, figure: fn(&Cleared) -> f64, bar| {
        let figures = rounds.compare(Sides::OURS, Sides::PEER, figure);
        Row { group: GROUP, name, tasks: 1, entries: None, peer: PEER.to_owned(), unit, figures, bar: Some(bar) }
    };
    Ok(vec![
        row(name("clear of 100,000 among 1,100,000"), "keys/s", |it| it.per_second, Bar::ratio_at_least(0.9)),
        row(name("its longest command"), "microseconds", |it| it.longest_micros, Bar::ours_at_most(LONGEST_MICROS)),
    ])
}

/// Who clears.
struct Sides<'a> {
    server: &'a RedisServer,
    ours: Namespaced<RedisStore>,
    peer: MultiplexedConnection,
}

impl<'a> Sides<'a> {
    const OURS: usize = 0;
    const PEER: usize = 1;
    const COUNT: usize = 2;

    async fn connect(server: &'a RedisServer) -> Result<Self> {
        let ours = RedisStore::connect(server.url()).await?.namespace(NAMESPACE)?;
        let peer = redis::Client::open(server.url())?.get_multiplexed_async_connection().await?;
        eprintln!("{GROUP}: writing {WHOLE} keys, {} {}", server.server_name(), server.version());
        database::fill(&peer).await?;
        Ok(Self { server, ours, peer })
    }

    /// Writes what is to be cleared and has it cleared by the side whose turn it is.
    async fn clear(&mut self, turn: Turn) -> Result<Cleared> {
        database::fill_part(&self.peer).await?;
        slow_log::reset(self.server)?;
        let begun = Instant::now();
        let removed = match turn.side {
            Self::OURS => self.ours.clear().await?,
            _ => by_hand::clear(&mut self.peer).await?,
        };
        let took = begun.elapsed();
        ensure!(removed == PART, "{removed} keys were removed of {PART}");
        let longest_micros = slow_log::longest(self.server)?;
        Ok(Cleared { per_second: removed as f64 / took.as_secs_f64(), longest_micros })
    }
}
