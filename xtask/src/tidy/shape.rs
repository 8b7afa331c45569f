//! The shape of sources: each says what it owns, none grows too long, none of a published crate is unsafe.

use super::Finding;
use super::tree::Tree;

/// Past this, a file does more than one thing.
const LONGEST: usize = 600;

const FORBID: &str = "#![forbid(unsafe_code)]";

pub(super) fn modules_say_what_they_own(tree: &Tree) -> Vec<Finding> {
    let sources = tree.texts_in("crates/", ".rs").filter(|(path, _)| path.split('/').nth(2) == Some("src"));
    let silent = sources.filter(|(_, text)| !first_line_speaks(text));
    silent.map(|(path, _)| Finding::new(path, 1, "the file does not begin with `//!` and what it owns")).collect()
}

fn first_line_speaks(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let documentation = first.strip_prefix("//!").or_else(|| first.strip_prefix("#![doc = include_str!"));
    documentation.is_some_and(|documentation| !documentation.trim().is_empty())
}

pub(super) fn sources_stay_short(tree: &Tree) -> Vec<Finding> {
    let counted = tree.texts_in("", ".rs").map(|(path, text)| (path, text.lines().count()));
    let long = counted.filter(|(_, lines)| *lines > LONGEST);
    long.map(|(path, lines)| Finding::new(path, LONGEST + 1, format!("{lines} lines, {LONGEST} at most"))).collect()
}

pub(super) fn published_crates_forbid_unsafe_code(tree: &Tree) -> Vec<Finding> {
    let manifests = tree.texts_in("crates/", "/Cargo.toml");
    let published = manifests.filter(|(_, text)| !text.lines().any(|line| line.trim() == "publish = false"));
    let libraries = published.map(|(path, _)| path.replace("Cargo.toml", "src/lib.rs"));
    let forbids = |path: &str| tree.text(path).is_some_and(|text| text.lines().any(|line| line.trim() == FORBID));
    let lax = libraries.filter(|path| !forbids(path));
    lax.map(|path| Finding::new(&path, 1, format!("a published crate has `{FORBID}`"))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::{LONGEST, modules_say_what_they_own, published_crates_forbid_unsafe_code, sources_stay_short};

    const LIB: &str = "crates/store-core/src/lib.rs";
    const MANIFEST: &str = "crates/store-core/Cargo.toml";

    #[test]
    fn a_module_without_a_word_on_itself_is_found() {
        for text in ["//! Owns it.\n", "#![doc = include_str!(\"../README.md\")]\n"] {
            assert!(findings(modules_say_what_they_own, &[(LIB, text), ("crates/a/tests/t.rs", "\n")]).is_empty());
        }
        for text in ["", "//!\n", "use std::fmt;\n//! Late.\n"] {
            assert_eq!(findings(modules_say_what_they_own, &[(LIB, text)]).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn a_file_over_the_limit_is_found() {
        assert!(findings(sources_stay_short, &[(LIB, &"\n".repeat(LONGEST))]).is_empty());
        let found = findings(sources_stay_short, &[(LIB, &"\n".repeat(LONGEST + 1))]);
        assert_eq!(found, [format!("{LIB}:601: 601 lines, 600 at most")]);
    }

    #[test]
    fn a_published_crate_that_allows_unsafe_code_is_found() {
        let manifest = (MANIFEST, "[package]\n");
        assert!(
            findings(published_crates_forbid_unsafe_code, &[manifest, (LIB, "#![forbid(unsafe_code)]\n")]).is_empty()
        );
        assert_eq!(findings(published_crates_forbid_unsafe_code, &[manifest, (LIB, "//! Doc.\n")]).len(), 1);
        let private = (MANIFEST, "[package]\npublish = false\n");
        assert!(findings(published_crates_forbid_unsafe_code, &[private, (LIB, "//! Doc.\n")]).is_empty());
    }
}
