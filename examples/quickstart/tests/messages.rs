//! What a user reads who got something wrong. What the quickstart prints when all is well, and that it is the same on
//! memory and on Redis, is checked by `cargo xtask test`.

use std::process::Command;

fn failing(arguments: &[&str]) -> String {
    let quickstart = Command::new(env!("CARGO_BIN_EXE_quickstart")).args(arguments).output();
    let output = quickstart.expect("cargo has built the program");
    assert!(!output.status.success(), "{arguments:?} succeeded");
    String::from_utf8(output.stderr).expect("messages are text")
}

#[test]
fn missing_file_is_named() {
    let message = failing(&["--words", "no/such/book.txt"]);
    assert!(message.starts_with("error: cannot read no/such/book.txt: "), "{message}");
}

#[test]
fn unreachable_server_is_said_without_the_password() {
    let message = failing(&["--url", "unix://:canary@/no/such/redis.sock"]);
    assert!(message.starts_with("error: cannot connect to Redis: "), "{message}");
    assert!(!message.contains("canary"), "{message}");
}

#[test]
fn unusable_url_is_said_without_the_password() {
    let message = failing(&["--url", "redis://:canary@host:port"]);
    assert!(message.starts_with("error: cannot connect to Redis: "), "{message}");
    assert!(!message.contains("canary"), "{message}");
}
