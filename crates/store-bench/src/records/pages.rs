//! How long a page takes.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use store_redis::{KeyBuf, KeyValueStore, KeyValueStoreClient, RecordPageOptions};

use super::{LARGE, SMALL, key, open, row};
use crate::effort::Effort;
use crate::report::{Bar, Figures, Round, Row, median};

const KEYS: u64 = 1_000;
const PEER_SMALL: &str = "the only page of 1,000";
const UNIT: &str = "microseconds";

/// Pages of each kind in a round, by turns.
const PAGES: usize = 21;

/// Where in a collection a page lies.
struct Place {
    store: KeyValueStore,
    options: RecordPageOptions,
    first: String,
}

impl Place {
    /// The keys behind so many.
    fn behind(store: &KeyValueStore, number: u64) -> Result<Self> {
        let options = RecordPageOptions::default();
        let options = match number.checked_sub(1) {
            None => options,
            Some(last) => options.with_exclusive_start_key(KeyBuf::new(key(last))?),
        };
        Ok(Self { store: store.clone(), options, first: key(number) })
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
    let (small, large) = (open(client, SMALL.name).await?, open(client, LARGE.name).await?);
    let places = [
        Place::behind(&small, 0)?,
        Place::behind(&large, 0)?,
        Place::behind(&large, LARGE.records / 2)?,
        Place::behind(&large, LARGE.records - KEYS)?,
    ];
    let mut rounds = Vec::with_capacity(effort.rounds);
    for _ in 0..effort.rounds {
        rounds.push(medians(&places).await?);
    }
    let compared = |ours: usize, peer: usize| {
        let pairs: Vec<_> = rounds.iter().map(|round| Round { ours: round[ours], peer: round[peer] }).collect();
        Figures::of(&pairs)
    };
    let bar = Some(Bar::ratio_at_most(1.5));
    Ok(vec![
        row("first page of 1,000,000", PEER_SMALL, UNIT, compared(1, 0), bar),
        row("page in the middle of 1,000,000", PEER_SMALL, UNIT, compared(2, 0), bar),
        row("last page of 1,000,000", PEER_SMALL, UNIT, compared(3, 0), bar),
        row("last page of 1,000,000", "the first page of it", UNIT, compared(3, 1), None),
    ])
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
