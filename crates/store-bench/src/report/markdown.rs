//! Rows as a table in Markdown.

use std::fmt::Write as _;

use super::number::Number;
use super::{Report, Row};

const HEAD: &str = "\
| group | work | tasks | beside | ours | theirs | unit | ratio | spread | has to be | met |
| --- | --- | --: | --- | --: | --: | --- | --: | --: | --- | --- |
";

/// Where it was measured, how many bars are met, and a line for each of these rows.
pub(super) fn markdown<'a>(report: &Report, rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = format!("{}.\n{}.\n\n{HEAD}", report.where_measured(), report.verdict());
    for row in rows {
        line(row, &mut text);
    }
    text
}

fn line(row: &Row, text: &mut String) {
    let Row { group, name, tasks, peer, unit, figures, bar, .. } = row;
    let (name, peer) = (cell(name), cell(peer));
    let (ours, theirs, ratio) = (Number(figures.ours), Number(figures.peer_value), Number(figures.ratio));
    let percent = figures.spread * 100.0;
    let bar = bar.map_or_else(String::new, |bar| bar.to_string());
    let met = row.is_met().map_or("", |met| if met { "yes" } else { "**no**" });
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "| {group} | {name} | {tasks} | {peer} | {ours} | {theirs} | {unit} | {ratio} | {percent:.0} % | {bar} | {met} |"
    );
}

/// What stands in a cell must not end it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}
