//! Counts the words of a text through a cache, from many tasks at once, and checks every count.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use store_memory::{parse_counter, prelude::*};
use tokio::task::JoinSet;

/// How many increments are under way at any time.
const TASKS: usize = 64;

/// How many counts are read back in one round trip.
const BATCH: usize = 1000;

/// Longer than any count takes, so that none is forgotten halfway; and what an aborted run leaves goes by itself.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

pub(crate) async fn count(cache: Arc<dyn Cache>, file: &Path) -> Result<()> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let words: Arc<[String]> = words_of(&text).collect();
    count_in_cache(&cache, &words).await?;

    let expected = count_plainly(&words);
    println!("{} words, {} different", words.len(), expected.len());
    let mut ranking: Vec<_> = expected.iter().map(|(&word, &count)| (word, count)).collect();
    ranking.sort_unstable_by_key(|&(word, count)| (std::cmp::Reverse(count), word));
    print_counts(&cache, &ranking[..ranking.len().min(10)]).await?;
    check_counts(&cache, &ranking).await?;
    println!("every count agrees with a plain count in memory");
    Ok(())
}

fn words_of(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

fn count_plainly(words: &[String]) -> HashMap<&str, i64> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry(word.as_str()).or_default() += 1;
    }
    counts
}

/// Each task takes every [`TASKS`]th word, so that the frequent ones are counted by many tasks at the same time.
async fn count_in_cache(cache: &Arc<dyn Cache>, words: &Arc<[String]>) -> Result<()> {
    let progress = ProgressBar::new(words.len() as u64)
        .with_style(ProgressStyle::with_template("counting {wide_bar} {pos}/{len} words, {per_sec}")?);
    let mut tasks = JoinSet::new();
    for first in 0..TASKS {
        let (cache, words, progress) = (Arc::clone(cache), Arc::clone(words), progress.clone());
        tasks.spawn(async move {
            for word in words.iter().skip(first).step_by(TASKS) {
                cache.increment(word, 1).ttl_on_create(LIFETIME).await?;
                progress.inc(1);
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    progress.finish_and_clear();
    Ok(())
}

async fn print_counts(cache: &Arc<dyn Cache>, top: &[(&str, i64)]) -> Result<()> {
    let words: Vec<_> = top.iter().map(|&(word, _)| word).collect();
    for (word, count) in words.iter().zip(cache.get_many(&words).await?) {
        println!("{:>8}  {word}", stored_count(count)?);
    }
    Ok(())
}

async fn check_counts(cache: &Arc<dyn Cache>, expected: &[(&str, i64)]) -> Result<()> {
    for batch in expected.chunks(BATCH) {
        let words: Vec<_> = batch.iter().map(|&(word, _)| word).collect();
        for (&(word, expected), stored) in batch.iter().zip(cache.get_many(&words).await?) {
            let stored = stored_count(stored)?;
            ensure!(stored == expected, "the cache counted {word} {stored} times; it occurs {expected} times");
        }
    }
    Ok(())
}

/// A word that the cache does not know was counted 0 times.
fn stored_count(value: Option<Bytes>) -> store_memory::Result<i64> {
    value.map_or(Ok(0), |text| parse_counter(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits_in_lower_case() {
        let words: Vec<_> = words_of("Don't — panic, Ärger 42!\n\n").collect();
        assert_eq!(words, ["don", "t", "panic", "ärger", "42"]);
        assert_eq!(words_of(" .\n").count(), 0);
    }

    #[test]
    fn a_plain_count_counts_each_word() {
        let words: Vec<_> = words_of("a b a").collect();
        assert_eq!(count_plainly(&words), HashMap::from([("a", 2), ("b", 1)]));
    }
}
