//! The files that the rules look at: every text file that git tracks or would.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::run;

/// Paths relative to the root, with `/`, and their texts.
pub(crate) struct Tree {
    texts: BTreeMap<String, String>,
    /// Every file, those that are not text too, and every directory that holds one.
    paths: BTreeSet<String>,
}

impl Tree {
    pub(crate) fn of_repository(root: &Path) -> Result<Self> {
        let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
        let names = run::capture(Command::new("git").current_dir(root).args(list))?;
        let mut tree = Self { texts: BTreeMap::new(), paths: BTreeSet::new() };
        for name in names.split_terminator('\0') {
            let path = root.join(name);
            // Tracked and deleted, but not committed so.
            if !path.is_file() {
                continue;
            }
            let content = fs::read(&path).with_context(|| format!("reading {name}"))?;
            tree.add(name, String::from_utf8(content).ok());
        }
        Ok(tree)
    }

    #[cfg(test)]
    pub(crate) fn from_files(files: &[(&str, &str)]) -> Self {
        let mut tree = Self { texts: BTreeMap::new(), paths: BTreeSet::new() };
        files.iter().for_each(|(path, text)| tree.add(path, Some((*text).to_owned())));
        tree
    }

    fn add(&mut self, path: &str, text: Option<String>) {
        self.texts.extend(text.map(|text| (path.to_owned(), text)));
        let directories = path.match_indices('/').map(|(end, _)| path[..end].to_owned());
        self.paths.extend(directories.chain([path.to_owned()]));
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The texts below a directory that have an ending.
    pub(crate) fn texts_in<'a>(&'a self, prefix: &'a str, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts().filter(move |(path, _)| path.starts_with(prefix) && path.ends_with(ending))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    /// Whether there is a file or directory of that path.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }
}
