//! How figures grow: in the number of tasks, and in the size of the store. A picture for each kind of work, drawn from
//! the rows of a run and nothing else.
//!
//! The pictures are SVG. All of them are lines over two logarithmic axes, which `svg.rs` writes in a hundred lines; a
//! crate that draws anything would be more to keep up with than these.

mod axis;
mod svg;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::report::{BEST_OF, Row};

/// Lines that have their axes in common.
struct Chart {
    title: String,
    across: &'static str,
    up: &'static str,
    lines: Vec<Line>,
}

struct Line {
    name: String,
    whose: Whose,
    /// From left to right, two of them at least.
    points: Vec<(f64, f64)>,
}

/// Ours come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Whose {
    Ours,
    Peers,
}

/// What a picture grows along.
#[derive(Clone, Copy)]
enum Along {
    Tasks,
    Entries,
}

impl Along {
    fn of(self, row: &Row) -> Option<u64> {
        match self {
            Self::Tasks => u64::try_from(row.tasks).ok(),
            Self::Entries => row.entries,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::Entries => "entries",
        }
    }
}

/// Writes a picture for each kind of work that was measured at several numbers of tasks or entries.
pub(crate) fn draw<'a>(rows: impl Iterator<Item = &'a Row> + Clone, directory: &Path) -> Result<()> {
    fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for along in [Along::Tasks, Along::Entries] {
        for chart in charts(rows.clone(), along) {
            let file = directory.join(file_name(&chart.title));
            fs::write(&file, svg::of(&chart)).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    Ok(())
}

type Lines = BTreeMap<(Whose, String), BTreeMap<u64, f64>>;

/// A chart for each group and unit that has a line: ours and each peer, where they have two points or more.
fn charts<'a>(rows: impl Iterator<Item = &'a Row>, along: Along) -> Vec<Chart> {
    let mut charts = BTreeMap::<(&str, &str), Lines>::new();
    // The best of several has a line by its own name.
    for row in rows.filter(|row| !row.peer.starts_with(BEST_OF)) {
        let Some(place) = along.of(row) else { continue };
        let lines = charts.entry((row.group, row.unit)).or_default();
        let (ours, peer) = ((Whose::Ours, row.name.clone()), (Whose::Peers, row.peer.clone()));
        // Ours stands beside each of its peers with the same figure.
        lines.entry(ours).or_default().insert(place, row.figures.ours);
        lines.entry(peer).or_default().insert(place, row.figures.peer_value);
    }
    let drawn = charts.into_iter().map(|((group, unit), lines)| {
        let title = format!("{group}: {unit} by {}", along.name());
        Chart { title, across: along.name(), up: unit, lines: lines_of(lines) }
    });
    drawn.filter(|chart| !chart.lines.is_empty()).collect()
}

/// Logarithmic axes have no place for what is not above zero.
fn lines_of(lines: Lines) -> Vec<Line> {
    let lines = lines.into_iter().map(|((whose, name), points)| {
        let points = points.into_iter().map(|(place, figure)| (place as f64, figure));
        Line { name, whose, points: points.filter(|(place, figure)| *place > 0.0 && *figure > 0.0).collect() }
    });
    lines.filter(|line| line.points.len() > 1).collect()
}

/// As in `memory-hit-ns-by-entries.svg`.
fn file_name(title: &str) -> String {
    let words = title.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-") + ".svg"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Figures, Round};

    fn row(group: &'static str, tasks: usize, entries: Option<u64>, peer: &str, ours: f64) -> Row {
        let figures = Figures::of(&[Round { ours, peer: 50.0 }]);
        let (name, peer) = ("get".to_owned(), peer.to_owned());
        Row { group, name, tasks, entries, peer, unit: "operations/s", figures, bar: None }
    }

    #[test]
    fn ours_and_each_peer_have_a_line_where_they_have_several_points() {
        let rows = [
            row("single", 64, None, "fred", 200.0),
            row("single", 1, None, "fred", 100.0),
            row("single", 64, None, "pool", 200.0),
            row("single", 1, None, "best of fred, pool", 100.0),
            row("batch", 1, None, "fred", 100.0),
        ];
        let charts = charts(rows.iter(), Along::Tasks);
        let [chart] = charts.as_slice() else { panic!("{} charts", charts.len()) };
        assert_eq!(chart.title, "single: operations/s by tasks");
        let lines: Vec<_> = chart.lines.iter().map(|line| (line.whose, line.name.as_str())).collect();
        assert_eq!(lines, [(Whose::Ours, "get"), (Whose::Peers, "fred")]);
        assert_eq!(chart.lines[0].points, [(1.0, 100.0), (64.0, 200.0)]);
    }

    #[test]
    fn rows_without_a_size_are_in_no_chart_by_size() {
        let rows = [
            row("single", 1, None, "fred", 100.0),
            row("memory, hit", 1, Some(1_000), "moka", 100.0),
            row("memory, hit", 1, Some(1_000_000), "moka", 300.0),
        ];
        let charts = charts(rows.iter(), Along::Entries);
        assert_eq!(
            charts.iter().map(|chart| &*chart.title).collect::<Vec<_>>(),
            ["memory, hit: operations/s by entries"]
        );
        assert_eq!(file_name(&charts[0].title), "memory-hit-operations-s-by-entries.svg");
    }

    #[test]
    fn what_is_not_above_zero_is_not_drawn() {
        let rows = [row("core", 1, None, "direct", 0.0), row("core", 2, None, "direct", 2.0)];
        let charts = charts(rows.iter(), Along::Tasks);
        assert_eq!(charts[0].lines.iter().map(|line| &*line.name).collect::<Vec<_>>(), ["direct"]);
    }

    #[test]
    fn pictures_are_written_for_what_was_measured_at_several_places() {
        let directory = tempfile::tempdir().unwrap();
        let rows = [row("single", 1, None, "fred", 100.0), row("single", 64, None, "fred", 200.0)];
        draw(rows.iter(), &directory.path().join("new")).unwrap();
        let picture = fs::read_to_string(directory.path().join("new/single-operations-s-by-tasks.svg")).unwrap();
        assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");
    }
}
