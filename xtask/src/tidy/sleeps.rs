//! Tests wait for a state that they can observe, not for a time that was long enough once.

use super::Finding;
use super::source::{code, has_word, is_test_file, unit_tests};
use super::tree::Tree;

/// Tests that may sleep, each with the reason why there is no state to wait for.
const ALLOWED: &[(&str, &str)] = &[
    ("xtask/src/tidy/sleeps.rs", "writes sleeps down as text"),
    (
        "crates/store-memory/tests/sweeper.rs",
        "sleeps in paused time, which moves the sweeper's timer and takes no time",
    ),
    (
        "crates/store-conformance/tests/suite/outage.rs",
        "plays a backend that does not answer, for as long as its limit says",
    ),
    (
        "crates/store-redis/tests/faults/lines.rs",
        "lets a connection become idle, and idleness is nothing but time passed",
    ),
];

pub(super) fn tests_wait_for_states(tree: &Tree) -> Vec<Finding> {
    let sources = tree.texts_in("", ".rs").filter(|(path, _)| !ALLOWED.iter().any(|(allowed, _)| path == allowed));
    sources.flat_map(|(path, text)| sleeps(path, text)).collect()
}

fn sleeps(path: &str, text: &str) -> Vec<Finding> {
    let lines: Vec<_> = if is_test_file(path) { code(text).collect() } else { unit_tests(text).collect() };
    let sleeps = lines.into_iter().filter(|(_, line)| has_word(line, "sleep("));
    sleeps.map(|(number, _)| Finding::new(path, number, "a test sleeps: wait for a state instead")).collect()
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::tests_wait_for_states;

    #[test]
    fn a_sleep_in_a_test_is_found_wherever_the_test_is() {
        let unit = "fn a() {}\n#[cfg(test)]\nmod tests {\n    thread::sleep(x);\n}\n";
        let expected = "crates/a/src/a.rs:4: a test sleeps: wait for a state instead";
        assert_eq!(findings(tests_wait_for_states, &[("crates/a/src/a.rs", unit)]), [expected]);
        assert_eq!(
            findings(tests_wait_for_states, &[("crates/a/tests/a.rs", "tokio::time::sleep(x).await;\n")]).len(),
            1
        );
    }

    #[test]
    fn a_sleep_in_production_code_is_not_this_rules_matter() {
        assert!(findings(tests_wait_for_states, &[("crates/a/src/sweeper.rs", "clock.sleep(x).await;\n")]).is_empty());
    }
}
