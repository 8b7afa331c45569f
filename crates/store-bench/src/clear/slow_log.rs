//! The server's own account of how long each command took.

use anyhow::{Context, Result, ensure};
use store_testkit::{RedisServer, Reply, ServerOptions};

/// More commands than a clear takes.
const ENTRIES: usize = 20_000;

/// A server that keeps account of every command.
pub(super) fn options() -> ServerOptions {
    ServerOptions::new().directive("slowlog-log-slower-than", "0").directive("slowlog-max-len", ENTRIES.to_string())
}

pub(super) fn reset(server: &RedisServer) -> Result<()> {
    server.command(&["SLOWLOG", "RESET"])?;
    Ok(())
}

/// The longest of all commands since the reset, in microseconds, but for those on the log itself.
pub(super) fn longest(server: &RedisServer) -> Result<f64> {
    let Reply::Array(entries) = server.command(&["SLOWLOG", "GET", &ENTRIES.to_string()])? else {
        anyhow::bail!("the slow log is no list");
    };
    ensure!(entries.len() < ENTRIES, "the slow log has no room for all commands");
    let commands = entries.iter().map(command).collect::<Option<Vec<_>>>().context("the slow log has another form")?;
    let longest = commands.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("SLOWLOG")).map(|(_, time)| time);
    longest.max().map(|micros| micros as f64).context("the slow log is empty")
}

/// Name and microseconds. An entry is `[id, time stamp, microseconds, [name, arguments...], ...]`.
fn command(entry: &Reply) -> Option<(&str, i64)> {
    let Reply::Array(fields) = entry else { return None };
    let [_, _, micros, Reply::Array(words), ..] = &fields[..] else { return None };
    Some((words.first()?.as_text()?, micros.as_integer()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_time_of_a_command_are_read_from_its_entry() {
        let word = |text: &str| Reply::Bulk(text.as_bytes().to_vec());
        let words = Reply::Array(vec![word("SCAN"), word("0")]);
        let entry = [Reply::Integer(14), Reply::Integer(1_796_096_000), Reply::Integer(412), words, word("client")];
        assert_eq!(command(&Reply::Array(entry.to_vec())), Some(("SCAN", 412)));
        assert_eq!(command(&Reply::Array(entry[..2].to_vec())), None);
    }
}
