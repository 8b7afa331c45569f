//! Lua scripts can be checked against the code that runs them, and never search the keyspace.

use super::Finding;
use super::tree::Tree;

/// What the comment above a script says, line by line in any order.
const HEADER: [&str; 4] = ["-- KEYS[", "-- ARGV[", "-- returns", "-- Why a script:"];

pub(super) fn scripts_have_a_header(tree: &Tree) -> Vec<Finding> {
    let all =
        tree.texts_in("", ".lua").flat_map(|(path, text)| missing(text).into_iter().map(move |part| (path, part)));
    all.map(|(path, part)| Finding::new(path, 1, format!("the header has no line `{part}`"))).collect()
}

fn missing(text: &str) -> Vec<&'static str> {
    let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
    HEADER.into_iter().filter(|part| !header.iter().any(|line| line.starts_with(part))).collect()
}

pub(super) fn scripts_never_search_the_keyspace(tree: &Tree) -> Vec<Finding> {
    let scripts = tree.texts_in("", ".lua");
    let lines = scripts.flat_map(|(path, text)| text.lines().zip(1..).map(move |(line, number)| (path, number, line)));
    let found = lines.filter(|(_, _, line)| calls_keys(line));
    found
        .map(|(path, number, _)| Finding::new(path, number, "KEYS blocks the server for as long as it takes"))
        .collect()
}

/// However it is quoted, spaced and capitalised.
fn calls_keys(line: &str) -> bool {
    let line: String = line.to_lowercase().replace('"', "'").split_whitespace().collect();
    line.contains("call('keys'")
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::{scripts_have_a_header, scripts_never_search_the_keyspace};

    const PATH: &str = "crates/store-redis/src/script/renew.lua";
    const HEADER: &str =
        "-- Renews.\n-- KEYS[1]  key\n-- ARGV[1]  time\n-- returns  value\n-- Why a script: no command.\n";

    #[test]
    fn a_full_header_is_no_finding() {
        let script = format!("{HEADER}return redis.call('GET', KEYS[1])\n");
        assert!(findings(scripts_have_a_header, &[(PATH, &script)]).is_empty());
        assert!(findings(scripts_never_search_the_keyspace, &[(PATH, &script)]).is_empty());
    }

    #[test]
    fn a_missing_part_of_the_header_is_found() {
        let script = HEADER.replace("-- returns  value\n", "");
        assert_eq!(
            findings(scripts_have_a_header, &[(PATH, &script)]),
            [format!("{PATH}:1: the header has no line `-- returns`")]
        );
        assert_eq!(findings(scripts_have_a_header, &[(PATH, "return 1\n")]).len(), 4);
    }

    #[test]
    fn a_search_of_the_keyspace_is_found_however_it_is_written() {
        for call in ["redis.call('KEYS', '*')", "redis.pcall( \"keys\", p)"] {
            assert_eq!(findings(scripts_never_search_the_keyspace, &[(PATH, call)]).len(), 1, "{call}");
        }
    }
}
