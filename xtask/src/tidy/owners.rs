//! Each dangerous idea has one owner: the table of what may be spelled where.
//!
//! Test code is free to spell all of it, because it speaks about the owners from outside.

use super::Finding;
use super::source::{has_word, is_test_file, production};
use super::tree::Tree;

struct Idea {
    name: &'static str,
    spelled: &'static [&'static str],
    /// Sources whose paths begin like this.
    within: &'static str,
    owners: &'static [&'static str],
    /// Paths that are free of the rule, each with its reason.
    exempt: &'static [(&'static str, &'static str)],
}

const IDEAS: &[Idea] = &[
    Idea {
        name: "reading the clock",
        spelled: &["Instant::now(", "SystemTime::now(", "clock_gettime("],
        within: "crates/",
        owners: &["crates/store-core/src/clock.rs", "crates/store-memory/src/coarse_clock.rs"],
        exempt: &[
            (
                "crates/store-conformance/",
                "records when operations were sent and answered, beside the clock under test",
            ),
            (
                "crates/store-redis/src/connection/",
                "ends calls and dates connections by real time, which a clock that a test holds still must not stop",
            ),
            (
                "crates/store-redis/src/records/recent.rs",
                "measures how long ago a server said something, beside the times of the server",
            ),
            (
                "crates/store-redb/src/writer/duties.rs",
                "frees and flushes by real time, which a clock that a test holds still must not stop",
            ),
            ("crates/store-redis/src/trace.rs", "says how long operations took"),
            ("crates/store-testkit/", "waits for processes and knows no entry that could expire"),
            ("crates/store-bench/", "measures how long things take"),
            ("crates/store-faults/", "measures how long things take, and dates what callers saw"),
        ],
    },
    Idea {
        name: "naming a Redis command",
        spelled: &["redis::cmd(", "Cmd::new(", "redis::pipe(", "Pipeline::new("],
        within: "crates/",
        owners: &["crates/store-redis/src/command.rs"],
        exempt: &[("crates/store-bench/", "uses other clients as their users do")],
    },
    Idea {
        name: "naming a Redis command",
        spelled: &["Command::new(", "Command::with_room("],
        within: "crates/store-redis/src/",
        owners: &["crates/store-redis/src/command.rs", "crates/store-redis/src/command/"],
        exempt: &[],
    },
    Idea {
        name: "reading a Redis reply",
        spelled: &["redis::Value"],
        within: "crates/store-redis/",
        owners: &[
            "crates/store-redis/src/reply.rs",
            "crates/store-redis/src/reply/",
            "crates/store-redis/src/error.rs",
        ],
        exempt: &[(
            "crates/store-redis/src/connection/",
            "carries replies to their callers and tells only errors apart",
        )],
    },
];

pub(super) fn dangerous_ideas_have_one_owner(tree: &Tree) -> Vec<Finding> {
    IDEAS.iter().flat_map(|idea| idea.findings(tree)).collect()
}

impl Idea {
    fn findings(&self, tree: &Tree) -> Vec<Finding> {
        let sources = tree.texts_in(self.within, ".rs").filter(|(path, _)| !is_test_file(path) && !self.allows(path));
        let lines = sources.flat_map(|(path, text)| production(text).map(move |(number, line)| (path, number, line)));
        let spelled = |line: &str| self.spelled.iter().find(|word| has_word(line, word));
        let found = lines.filter_map(|(path, number, line)| Some((path, number, spelled(line)?)));
        found.map(|(path, number, word)| Finding::new(path, number, self.message(word))).collect()
    }

    fn allows(&self, path: &str) -> bool {
        let exempt = self.exempt.iter().map(|(prefix, _)| prefix);
        self.owners.iter().chain(exempt).any(|prefix| path.starts_with(prefix))
    }

    fn message(&self, word: &str) -> String {
        format!("`{word}`: {} belongs to {}", self.name, self.owners.join(" and "))
    }
}

#[cfg(test)]
mod tests {
    use super::super::findings;
    use super::dangerous_ideas_have_one_owner;

    fn found(path: &str, text: &str) -> Vec<String> {
        findings(dangerous_ideas_have_one_owner, &[(path, text)])
    }

    #[test]
    fn the_clock_is_read_by_its_owner_only() {
        let text = "fn now() {\n    Instant::now();\n}\n";
        assert!(found("crates/store-core/src/clock.rs", text).is_empty());
        let expected = "crates/store-memory/src/store.rs:2: `Instant::now(`: reading the clock belongs to \
                        crates/store-core/src/clock.rs and crates/store-memory/src/coarse_clock.rs";
        assert_eq!(found("crates/store-memory/src/store.rs", text), [expected]);
        assert_eq!(found("crates/store-memory/src/store.rs", "let now = clock_gettime(id);\n").len(), 1);
    }

    #[test]
    fn commands_and_replies_of_redis_have_their_modules() {
        assert_eq!(found("crates/store-redis/src/store.rs", "redis::cmd(\"GET\");\nlet v: redis::Value;\n").len(), 2);
        assert!(found("crates/store-redis/src/command.rs", "redis::cmd(\"GET\");\n").is_empty());
        assert!(found("crates/store-redis/src/reply.rs", "let v: redis::Value;\n").is_empty());
    }

    #[test]
    fn exempt_paths_comments_and_tests_are_free() {
        assert!(found("crates/store-bench/src/peer.rs", "redis::cmd(\"GET\");\n").is_empty());
        assert!(found("crates/store-memory/src/a.rs", "// Instant::now() would drift.\n").is_empty());
        assert!(
            found("crates/store-memory/src/a.rs", "#[cfg(test)]\nmod tests {\n    Instant::now();\n}\n").is_empty()
        );
        assert!(found("crates/store-memory/tests/a.rs", "Instant::now();\n").is_empty());
    }
}
