//! No blanks at the end of a line, one newline at the end of a file: differences show only what was meant.

use std::path::Path;

use anyhow::{Context, Result};

use super::Finding;
use super::tree::Tree;

pub(super) fn lines_and_files_end_cleanly(tree: &Tree) -> Vec<Finding> {
    let unclean = tree.texts().filter_map(|(path, text)| Some((path, first_difference(text, &cleaned(text))?)));
    unclean.map(|(path, line)| Finding::new(path, line, "white space at an end; `cargo xtask tidy --fix`")).collect()
}

/// Rewrites the files that are not clean.
pub(super) fn fix(root: &Path, tree: &Tree) -> Result<()> {
    for (path, text) in tree.texts() {
        let clean = cleaned(text);
        if clean != text {
            eprintln!("rewriting {path}");
            std::fs::write(root.join(path), clean).with_context(|| format!("writing {path}"))?;
        }
    }
    Ok(())
}

fn cleaned(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    if lines.is_empty() { String::new() } else { lines.join("\n") + "\n" }
}

fn first_difference(text: &str, clean: &str) -> Option<usize> {
    if text == clean {
        return None;
    }
    let different = text.split('\n').zip(clean.lines()).position(|(line, clean)| line != clean);
    Some(different.unwrap_or(clean.lines().count().saturating_sub(1)) + 1)
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::{cleaned, lines_and_files_end_cleanly};

    #[test]
    fn clean_and_empty_files_are_no_finding() {
        assert!(findings(lines_and_files_end_cleanly, &[("a", "x\n\ny\n"), ("b", "")]).is_empty());
    }

    #[test]
    fn white_space_at_the_end_of_a_line_or_a_file_is_found_and_cleaned() {
        for (text, line) in [("x\ny \nz\n", 2), ("x\ny", 2), ("x\n\n\n", 1), ("x\r\ny\n", 1)] {
            let found = findings(lines_and_files_end_cleanly, &[("a", text)]);
            assert_eq!(found, [format!("a:{line}: white space at an end; `cargo xtask tidy --fix`")], "{text:?}");
            assert!(findings(lines_and_files_end_cleanly, &[("a", &cleaned(text))]).is_empty(), "{text:?}");
        }
    }
}
