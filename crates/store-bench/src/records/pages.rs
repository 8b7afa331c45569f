//! How long a page takes.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use store_redis::{KeyBuf, KeyValueStore, KeyValueStoreClient, RecordPageOptions};

use super::{Collection, LARGE, MEDIUM, SMALL, key, open, row};
use crate::effort::Effort;
use crate::report::{Bar, Figures, Round, Row, median};

const KEYS: u64 = 1_000;
const UNIT: &str = "microseconds";

/// Pages of each kind in a round, by turns.
const PAGES: usize = 21;

/// Where in a collection a page lies.
struct Place {
    name: &'static str,
    store: KeyValueStore,
    options: RecordPageOptions,
    first: String,
}

impl Place {
    /// The keys behind so many.
    async fn behind(
        client: &Arc<dyn KeyValueStoreClient>,
        collection: Collection,
        number: u64,
        name: &'static str,
    ) -> Result<Self> {
        let store = open(client, collection.name).await?;
        let options = RecordPageOptions::default();
        let options = match number.checked_sub(1) {
            None => options,
            Some(last) => options.with_exclusive_start_key(KeyBuf::new(key(last))?),
        };
        Ok(Self { name, store, options, first: key(number) })
    }

    async fn time(&self) -> Result<f64> {
        let begun = Instant::now();
        let page = self.store.list_keys(self.options.clone()).await?;
        let micros = begun.elapsed().as_secs_f64() * 1e6;
        let first = page.items.first().map(|item| item.key.as_str());
        ensure!(page.items.len() as u64 == KEYS && first == Some(&self.first), "not the page that was asked for");
        Ok(micros)
    }
}

pub(super) async fn measure(client: &Arc<dyn KeyValueStoreClient>, effort: Effort) -> Result<Vec<Row>> {
    let place = |collection, number, name| Place::behind(client, collection, number, name);
    let places = [
        place(SMALL, 0, "the only page of 1,000").await?,
        place(MEDIUM, 0, "first page of 100,000").await?,
        place(MEDIUM, MEDIUM.records - KEYS, "last page of 100,000").await?,
        place(LARGE, 0, "first page of 1,000,000").await?,
        place(LARGE, LARGE.records / 2, "page in the middle of 1,000,000").await?,
        place(LARGE, LARGE.records - KEYS, "last page of 1,000,000").await?,
    ];
    let mut rounds = Vec::with_capacity(effort.rounds);
    for _ in 0..effort.rounds {
        rounds.push(medians(&places).await?);
    }
    let beside_the_small_one = |ours: usize| {
        let pairs: Vec<_> = rounds.iter().map(|round| Round { ours: round[ours], peer: round[0] }).collect();
        row(places[ours].name, places[0].name, UNIT, Figures::of(&pairs), Some(Bar::ratio_at_most(1.5)))
    };
    Ok((1..places.len()).map(beside_the_small_one).collect())
}

async fn medians<const N: usize>(places: &[Place; N]) -> Result<[f64; N]> {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..PAGES {
        for (times, place) in times.iter_mut().zip(places) {
            times.push(place.time().await?);
        }
    }
    Ok(times.map(median))
}
