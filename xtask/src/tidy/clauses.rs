//! The clauses of the contract and the checks of the suite are the same list.
//!
//! A clause is a line of store-core's documentation such as `` * `missing_is_none`: … ``. A check is registered with
//! `check!(missing_is_none, …)`.

use std::collections::BTreeMap;

use super::Finding;
use super::tree::Tree;

const CONTRACT: &str = "crates/store-core/src/";
const CHECKS: &str = "crates/store-conformance/src/checks/";

/// A label and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labelled {
    pub(crate) label: String,
    path: String,
    line: usize,
}

/// All clauses of the contract, in the order of the files.
pub(crate) fn declared(tree: &Tree) -> Vec<Labelled> {
    let mut clauses = Vec::new();
    for (path, text) in tree.texts_in(CONTRACT, ".rs") {
        let labels = text.lines().zip(1..).filter_map(|(line, number)| Some((clause_label(line)?, number)));
        clauses.extend(labels.map(|(label, line)| labelled(label, path, line)));
    }
    clauses
}

pub(super) fn every_clause_has_one_check(tree: &Tree) -> Vec<Finding> {
    let clauses = declared(tree);
    let checks = registered(tree);
    let (clause_lines, check_lines) = (by_label(&clauses), by_label(&checks));
    let unchecked = clauses.iter().filter(|clause| !check_lines.contains_key(clause.label.as_str()));
    let unpromised = checks.iter().filter(|check| !clause_lines.contains_key(check.label.as_str()));
    let mut findings: Vec<_> = unchecked.map(|clause| finding(clause, "is a clause without a check")).collect();
    findings.extend(unpromised.map(|check| finding(check, "is a check without a clause")));
    findings.extend(repeated(&clause_lines).map(|clause| finding(clause, "is a clause a second time")));
    findings.extend(repeated(&check_lines).map(|check| finding(check, "is a check a second time")));
    findings
}

fn registered(tree: &Tree) -> Vec<Labelled> {
    let mut checks = Vec::new();
    for (path, text) in tree.texts_in(CHECKS, ".rs") {
        checks.extend(check_labels(text).map(|(label, line)| labelled(label, path, line)));
    }
    checks
}

fn clause_label(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let item = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))?.strip_prefix(" * `")?;
    let (label, _) = item.split_once("`: ")?;
    is_label(label).then_some(label)
}

/// The first argument of each registration, which a formatter may have put on the next line.
fn check_labels(text: &str) -> impl Iterator<Item = (&str, usize)> {
    const REGISTRATION: &str = "check!(";
    text.match_indices(REGISTRATION).filter_map(move |(at, _)| {
        let line_begin = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let in_a_comment = text[line_begin..at].trim_start().starts_with("//");
        let argument = text[at + REGISTRATION.len()..].trim_start();
        let end = argument.find(|character| !is_label_character(character)).unwrap_or(argument.len());
        let line = text[..at].matches('\n').count() + 1;
        (!in_a_comment).then_some((&argument[..end], line))
    })
}

fn is_label(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase()) && text.chars().all(is_label_character)
}

fn is_label_character(character: char) -> bool {
    character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
}

fn labelled(label: &str, path: &str, line: usize) -> Labelled {
    Labelled { label: label.to_owned(), path: path.to_owned(), line }
}

fn by_label(all: &[Labelled]) -> BTreeMap<&str, Vec<&Labelled>> {
    let mut by_label: BTreeMap<&str, Vec<&Labelled>> = BTreeMap::new();
    all.iter().for_each(|one| by_label.entry(&one.label).or_default().push(one));
    by_label
}

fn repeated<'a>(by_label: &'a BTreeMap<&str, Vec<&'a Labelled>>) -> impl Iterator<Item = &'a Labelled> {
    by_label.values().flat_map(|places| places.iter().skip(1).copied())
}

fn finding(of: &Labelled, what: &str) -> Finding {
    Finding::new(&of.path, of.line, format!("`{}` {what}", of.label))
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::every_clause_has_one_check;

    const STORE: &str = "crates/store-core/src/store.rs";
    const BASIC: &str = "crates/store-conformance/src/checks/basic.rs";

    #[test]
    fn the_same_labels_on_both_sides_are_no_finding() {
        let contract = "//! * `a`: one.\n/// * `b2_c`: two\n///   over two lines.\n";
        let checks = "    checks: &[check!(a, basic)];\n    check!(\n        b2_c,\n        basic,\n    );\n";
        assert!(findings(every_clause_has_one_check, &[(STORE, contract), (BASIC, checks)]).is_empty());
    }

    #[test]
    fn a_label_on_one_side_only_is_found_with_its_place() {
        let found = findings(every_clause_has_one_check, &[(STORE, "\n/// * `a`: one.\n"), (BASIC, "check!(b);\n")]);
        let expected = [
            format!("{STORE}:2: `a` is a clause without a check"),
            format!("{BASIC}:1: `b` is a check without a clause"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_label_twice_on_one_side_is_found() {
        let contract = "/// * `a`: one.\n/// * `a`: again.\n";
        let found = findings(every_clause_has_one_check, &[(STORE, contract), (BASIC, "check!(a);\ncheck!(a);\n")]);
        let expected =
            [format!("{STORE}:2: `a` is a clause a second time"), format!("{BASIC}:2: `a` is a check a second time")];
        assert_eq!(found, expected);
    }

    #[test]
    fn other_lists_and_mentions_are_no_labels() {
        let contract = "/// * `Type`: a type.\n/// - `word`: no clause.\n/// * `a` without a colon\n";
        let checks = "//! Uses `check!(x)`.\n    // check!(y)\n";
        assert!(findings(every_clause_has_one_check, &[(STORE, contract), (BASIC, checks)]).is_empty());
    }
}
