//! Words that must not be left in the tree: marks of unfinished work, and names of one machine's places.

use super::Finding;
use super::tree::Tree;

/// Paths that are free of these rules, each with its reason.
const EXEMPT: &[(&str, &str)] = &[("xtask/src/tidy/words.rs", "spells the words that it looks for")];

const UNFINISHED: [&str; 6] = ["TODO", "FIXME", "XXX", "dbg!", "todo!", "unimplemented!"];

/// What directories directly below the root are called.
const MACHINE: [&str; 5] = ["work", "root", "tmp", "home", "Users"];

pub(super) fn nothing_is_left_unfinished(tree: &Tree) -> Vec<Finding> {
    let alone = |line: &str, word: &str| {
        line.match_indices(word).any(|(begin, _)| {
            let (before, after) = (&line[..begin], &line[begin + word.len()..]);
            !before.ends_with(is_name) && !after.starts_with(is_name)
        })
    };
    lines_with(tree, &UNFINISHED, alone)
        .map(|(path, line, word)| {
            Finding::new(path, line, format!("`{word}`: finish it, or open an issue and leave no mark"))
        })
        .collect()
}

pub(super) fn nothing_names_this_machine(tree: &Tree) -> Vec<Finding> {
    // After a name the word is part of a relative path, after a colon and two slashes the path of a URL.
    let absolute = |line: &str, word: &str| {
        line.match_indices(word).any(|(begin, _)| {
            let (before, after) = (line[..begin].strip_suffix('/'), &line[begin + word.len()..]);
            after.starts_with('/')
                && before.is_some_and(|before| !before.ends_with(|c| is_name(c) || matches!(c, '.' | '-' | '/' | '}')))
        })
    };
    lines_with(tree, &MACHINE, absolute)
        .map(|(path, line, word)| {
            Finding::new(path, line, format!("`/{word}/`: a path of one machine is none of another"))
        })
        .collect()
}

fn lines_with<'a>(
    tree: &'a Tree,
    words: &'static [&'static str],
    has: impl Fn(&str, &str) -> bool + Copy + 'a,
) -> impl Iterator<Item = (&'a str, usize, &'static str)> {
    let texts = tree.texts().filter(|(path, _)| !EXEMPT.iter().any(|(exempt, _)| path == exempt));
    let lines = texts.flat_map(|(path, text)| text.lines().zip(1..).map(move |(line, number)| (path, number, line)));
    lines.filter_map(move |(path, number, line)| {
        words.iter().find(|word| has(line, word)).map(|word| (path, number, *word))
    })
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::{MACHINE, UNFINISHED, nothing_is_left_unfinished, nothing_names_this_machine};

    #[test]
    fn each_mark_of_unfinished_work_is_found() {
        for mark in UNFINISHED {
            let text = format!("\n// {mark}: later\n");
            let found = findings(nothing_is_left_unfinished, &[("a.rs", &text)]);
            assert_eq!(found, [format!("a.rs:2: `{mark}`: finish it, or open an issue and leave no mark")]);
        }
    }

    #[test]
    fn a_mark_within_a_longer_word_is_none() {
        assert!(findings(nothing_is_left_unfinished, &[("a.md", "XXXX and TODOS and the verb to do\n")]).is_empty());
    }

    #[test]
    fn each_place_of_a_machine_is_found() {
        for place in MACHINE {
            let text = format!("path = \"/{place}/x\"\n");
            assert_eq!(findings(nothing_names_this_machine, &[("a.toml", &text)]).len(), 1, "{place}");
        }
    }

    #[test]
    fn relative_paths_and_urls_are_no_places() {
        for place in MACHINE {
            let text =
                format!("docs/{place}/a ../{place}/b https://example.org/{place}/c unix:///{place}/d {place}/e\n");
            assert_eq!(findings(nothing_names_this_machine, &[("a.md", &text)]), [""; 0], "{place}");
        }
    }
}
