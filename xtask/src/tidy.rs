//! `cargo xtask tidy`: the rules of this project that no compiler knows. Each is a function from the tree to findings.

pub(crate) mod clauses;
pub(crate) mod kill_matrix;
mod links;
mod owners;
mod scripts;
mod shape;
mod sleeps;
mod source;
pub(crate) mod tree;
mod white_space;
mod words;

use std::path::Path;

use anyhow::{Result, ensure};

use crate::workspace::Workspace;
use tree::Tree;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Rewrites what can be put right without a decision: white space at the end of lines and files.
    #[arg(long)]
    fix: bool,
}

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, message: message.into() }
    }
}

const RULES: &[fn(&Tree) -> Vec<Finding>] = &[
    clauses::every_clause_has_one_check,
    owners::dangerous_ideas_have_one_owner,
    scripts::scripts_have_a_header,
    scripts::scripts_never_search_the_keyspace,
    kill_matrix::the_published_kill_matrix_is_of_this_suite,
    links::links_lead_to_files,
    words::nothing_is_left_unfinished,
    words::nothing_names_this_machine,
    shape::modules_say_what_they_own,
    shape::sources_stay_short,
    shape::published_crates_forbid_unsafe_code,
    sleeps::tests_wait_for_states,
    white_space::lines_and_files_end_cleanly,
];

pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.fix {
        white_space::fix(workspace.root(), &Tree::of_repository(workspace.root())?)?;
    }
    check(workspace.root())
}

pub(crate) fn check(root: &Path) -> Result<()> {
    let tree = Tree::of_repository(root)?;
    let mut findings: Vec<_> = RULES.iter().flat_map(|rule| rule(&tree)).collect();
    findings.sort();
    findings.iter().for_each(|Finding { path, line, message }| println!("{path}:{line}: {message}"));
    ensure!(findings.is_empty(), "tidy: {} findings", findings.len());
    eprintln!("tidy: {} rules hold in {} files", RULES.len(), tree.len());
    Ok(())
}

/// What the unit tests of the rules share: a rule, applied to a tree that is written down in the test.
#[cfg(test)]
fn findings(rule: fn(&Tree) -> Vec<Finding>, files: &[(&str, &str)]) -> Vec<String> {
    let found = rule(&Tree::from_files(files));
    found.into_iter().map(|Finding { path, line, message }| format!("{path}:{line}: {message}")).collect()
}
