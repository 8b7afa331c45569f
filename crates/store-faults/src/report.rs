//! The rows as text while they come, as JSON for comparisons over time, and as a table for the documentation.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::figures::{Figures, Limit};
use crate::scenario::Row;

/// The figures that a row of text begins with; the others follow by name.
const FIRST: [&str; 7] =
    ["operations", "acknowledged", "unknown", "duplicated", "lost", "violations", "longest_gap_ms"];

/// Several lines on one row.
pub(crate) fn text(row: &Row) -> String {
    let figures = row.figures();
    let verdict = if row.passed() { "ok" } else { "MISSED" };
    let mut text = format!("{verdict:>6}  {} on {}", row.scenario.name, row.topology.name());
    let others = figures.iter().filter(|(name, _)| !FIRST.contains(name));
    let first = FIRST.iter().filter_map(|name| Some((*name, figures.get(name)?)));
    for (name, value) in first.chain(others) {
        let _ = write!(text, " {name}={value}");
    }
    if row.runs.len() > 1 {
        let _ = write!(text, " median_gap_ms={}", row.median_gap_ms().unwrap_or_default());
    }
    for (bar, _) in row.bars().into_iter().filter(|(_, held)| !held) {
        let value = figures.get(bar.figure).map_or_else(|| "not measured".to_owned(), |value| value.to_string());
        let _ = write!(text, "\n        {}: {value}, {}", bar.figure, limit(bar.limit));
    }
    if let Some(failure) = &row.failure {
        let _ = write!(text, "\n        no figures: {failure}");
    }
    text
}

fn limit(limit: Limit) -> String {
    match limit {
        Limit::AtMost(limit) => format!("at most {limit}"),
        Limit::AtLeast(limit) => format!("at least {limit}"),
    }
}

/// The whole report.
pub(crate) fn json(rows: &[Row], server: &str, seed: u64) -> Value {
    let mut topologies: Vec<_> = rows.iter().map(|row| row.topology.name()).collect();
    topologies.dedup();
    json!({
        "topology": topologies.join(","),
        "server": server,
        "seed": seed,
        "scenarios": rows.iter().map(row_json).collect::<Vec<_>>(),
    })
}

fn row_json(row: &Row) -> Value {
    let mut object = object(&row.figures());
    let bars = row.bars().into_iter().map(|(bar, held)| {
        let (limit, value) = match bar.limit {
            Limit::AtMost(value) => ("at_most", value),
            Limit::AtLeast(value) => ("at_least", value),
        };
        json!({"figure": bar.figure, limit: value, "held": held})
    });
    object.insert("name".to_owned(), row.scenario.name.into());
    object.insert("topology".to_owned(), row.topology.name().into());
    object.insert("passed".to_owned(), row.passed().into());
    object.insert("failure".to_owned(), row.failure.clone().into());
    object.insert("bars".to_owned(), bars.collect());
    object.insert("median_gap_ms".to_owned(), row.median_gap_ms().into());
    object.insert("repeats".to_owned(), row.runs.iter().map(|run| Value::Object(self::object(run))).collect());
    Value::Object(object)
}

fn object(figures: &Figures) -> Map<String, Value> {
    figures.iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// Rows of a table, one for each scenario and topology.
pub(crate) fn markdown(rows: &[Row]) -> String {
    let mut table =
        "| topology | scenario | acknowledged | unknown | applied twice | lost | lost within | longest gap, \
                     worst (median) |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for row in rows {
        let figures = row.figures();
        let figure = |name| figures.get(name).unwrap_or_default();
        let _ = writeln!(
            table,
            "| {} | `{}` | {} | {} | {} | {} | {} ms | {} ms ({} ms) |",
            row.topology.name(),
            row.scenario.name,
            figure("acknowledged"),
            figure("unknown"),
            figure("duplicated"),
            figure("lost"),
            figure("lost_window_ms"),
            figure("longest_gap_ms"),
            row.median_gap_ms().unwrap_or_default(),
        );
    }
    table
}
