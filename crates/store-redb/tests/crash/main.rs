//! What is in a file after its process was killed while it wrote: this binary, which starts itself again as that process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "a writer speaks to the test that started it")]

mod acknowledged;
mod writer;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use store_redb::{Flush, RedbStore};
use tokio::runtime::Runtime;

use acknowledged::Acknowledged;

/// The file to write; without it this is the test.
const FILE: &str = "STORE_REDB_CRASH_FILE";
/// How many milliseconds may pass before what was written is flushed; none where it is flushed before the answer.
const FLUSH_WITHIN: &str = "STORE_REDB_CRASH_FLUSH_WITHIN";
/// A number that no writer of the same file had before.
const ROUND: &str = "STORE_REDB_CRASH_ROUND";

const ROUNDS: u64 = 40;
/// A round is over after up to so many acknowledgements.
const MOST_LINES: u64 = 150;

fn main() {
    if std::env::var_os(FILE).is_some() {
        return runtime().block_on(writer::run());
    }
    let trials = vec![
        trial("what_was_acknowledged_is_there_after_a_kill_and_nothing_is_half_there", || {
            kill_and_look(Flush::BeforeAnswer);
        }),
        trial("with_flushes_apart_what_is_there_after_a_kill_is_whole_and_the_latest_is_lost_first", || {
            kill_and_look(Flush::Within(Duration::from_millis(20)));
        }),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn trial(name: &str, run: impl FnOnce() + Send + 'static) -> Trial {
    Trial::test(name, move || {
        run();
        Ok::<(), Failed>(())
    })
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Kills a writer of one file again and again, each time after another number of acknowledgements, and looks at what the
/// next one would find.
fn kill_and_look(flush: Flush) {
    let directory = tempfile::tempdir().unwrap();
    let (path, runtime) = (directory.path().join("data.redb"), runtime());
    let mut acknowledged = Acknowledged::new(flush);
    for round in 0..ROUNDS {
        let lines = round * 7919 % MOST_LINES;
        write_until_killed(&path, flush, round, lines, &mut acknowledged);
        // Not before the first writer has made the file.
        if acknowledged.is_begun() {
            store_redb::check(&path).unwrap();
            runtime.block_on(async {
                let store = RedbStore::open(&path).await.unwrap();
                acknowledged.look(&store, round).await;
            });
            store_redb::check(&path).unwrap();
        }
    }
    assert!(acknowledged.count() > ROUNDS * MOST_LINES / 4, "the writers had no time to write");
}

/// Starts a writer and kills it as soon as it has said so many lines. What it said until it died counts.
fn write_until_killed(path: &Path, flush: Flush, round: u64, lines: u64, acknowledged: &mut Acknowledged) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(FILE, path).env(ROUND, round.to_string()).stdin(Stdio::null()).stdout(Stdio::piped());
    if let Flush::Within(time) = flush {
        command.env(FLUSH_WITHIN, time.subsec_millis().to_string());
    }
    let mut writer = command.spawn().unwrap();
    let mut said = BufReader::new(writer.stdout.take().unwrap()).lines();
    for line in said.by_ref().take(lines as usize) {
        acknowledged.note(&line.unwrap());
    }
    writer.kill().unwrap();
    // A last line may have been cut short, with the newline at its end.
    let rest: Vec<_> = said.map_while(Result::ok).collect();
    rest.iter().filter(|line| line.ends_with('.')).for_each(|line| acknowledged.note(line));
    assert!(!writer.wait().unwrap().success(), "the writer ended by itself");
}
