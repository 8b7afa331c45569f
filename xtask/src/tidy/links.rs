//! Relative links in Markdown lead to files and directories that exist.

use super::Finding;
use super::tree::Tree;

pub(super) fn links_lead_to_files(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in tree.texts_in("", ".md") {
        for (line, target) in targets(text).filter(|(_, target)| is_relative(target)) {
            let file = target.split(['#', '?']).next().unwrap_or(target);
            if resolve(path, file).is_none_or(|resolved| !tree.has(&resolved)) {
                findings.push(Finding::new(path, line, format!("the link to {target} leads nowhere")));
            }
        }
    }
    findings
}

/// The targets of inline links and of link definitions, outside code blocks.
fn targets(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    let prose = text.lines().zip(1..).filter(move |(line, _)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    });
    prose.flat_map(|(line, number)| inline(line).chain(definition(line)).map(move |target| (number, target)))
}

fn inline(line: &str) -> impl Iterator<Item = &str> {
    let rests = line.match_indices("](").map(|(at, opening)| &line[at + opening.len()..]);
    rests.filter_map(|rest| rest[..rest.find(')')?].split_whitespace().next())
}

fn definition(line: &str) -> Option<&str> {
    line.strip_prefix('[')?.split_once("]:")?.1.split_whitespace().next()
}

/// A README that is a crate's documentation also links to items, `Builder::build`; rustdoc looks after those.
fn is_relative(target: &str) -> bool {
    !target.starts_with('#') && !target.contains("::") && !target.contains("://") && !target.starts_with("mailto:")
}

/// `file` as seen from the document at `path`; `None` above the root.
fn resolve(path: &str, file: &str) -> Option<String> {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in file.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::links_lead_to_files;

    #[test]
    fn links_to_files_directories_and_elsewhere_are_fine() {
        let text =
            "[a](docs/a.md#part) [d](docs/) [w](https://example.org/x) [h](#here) [m](mailto:a@b)\n[r]: docs/a.md\n";
        let back = "[up](../README.md) [here](./a.md \"title\")\n";
        assert!(findings(links_lead_to_files, &[("README.md", text), ("docs/a.md", back)]).is_empty());
    }

    #[test]
    fn a_link_to_nothing_is_found() {
        let text = "\nSee [a](docs/a.md) and [up](../x.md).\n[r]: gone.md\n";
        let expected = ["docs/a.md", "../x.md", "gone.md"].into_iter().zip([2, 2, 3]);
        let expected: Vec<_> =
            expected.map(|(target, line)| format!("README.md:{line}: the link to {target} leads nowhere")).collect();
        assert_eq!(findings(links_lead_to_files, &[("README.md", text)]), expected);
    }

    #[test]
    fn code_is_no_link() {
        assert!(findings(links_lead_to_files, &[("README.md", "```rust\nlet x = a[0](gone);\n```\n")]).is_empty());
    }
}
