//! A creator that is killed before or after a request has reached the server, while it waits for the reply.

use store_testkit::proxy::{Cut, Ending, FaultProxy, Faults, When};
use store_testkit::{RedisServer, wait_until};

use crate::PATIENCE;
use crate::process::Process;

const NAME: &str = "a";
/// Where its collection has its metadata.
const METADATA: &str = "%r{n:a}m";

/// A request that a creator sends.
struct Step {
    command: &'static str,
    /// How many it has sent before with the same command.
    former: u64,
    /// How many keys there are without it and with it.
    keys: [i64; 2],
}

/// The collection, where its id leads, and the note that it does.
const STEPS: [Step; 3] = [
    Step { command: "EVALSHA", former: 0, keys: [0, 1] },
    Step { command: "SET", former: 0, keys: [1, 2] },
    Step { command: "EVALSHA", former: 1, keys: [2, 2] },
];

/// `through` leads to the servers by the proxies, `url` past them.
pub(crate) fn leaves_what_opens(url: &str, servers: &[&RedisServer], through: &str, proxies: &[FaultProxy]) {
    let mut successor = Process::start(url);
    // From here on the servers know each script, so that a request is one command.
    successor.use_up(NAME);
    assert_ne!(successor.hears(), "");
    for step in STEPS {
        for (cut, keys) in [Cut::BeforeRequest, Cut::BeforeReply].into_iter().zip(step.keys) {
            kill_creator(through, proxies, &step, cut);
            let at = format!("{cut:?} of {} {}", step.command, step.former);
            assert_eq!(all_keys(servers), keys, "{at}");
            let left = id_left(servers);
            assert_eq!(left.is_some(), keys > 0, "{at}");
            successor.use_up(NAME);
            let used = successor.hears();
            assert_eq!(used, left.unwrap_or_else(|| used.clone()), "{at}");
            assert_ne!(used, "", "{at}");
            assert_eq!(all_keys(servers), 0, "{at}");
        }
    }
    successor.end();
}

/// Its connection falls silent at the step, and then it is killed.
fn kill_creator(url: &str, proxies: &[FaultProxy], step: &Step, cut: Cut) {
    let creator = Process::start(url);
    let cuts = || proxies.iter().map(|proxy| proxy.counts().cuts).sum::<u64>();
    let before = cuts();
    for proxy in proxies {
        let silence = Faults::new().cut(cut, When::After(step.former)).ending(Ending::Silence);
        proxy.inject(silence.only(step.command));
    }
    creator.use_up(NAME);
    wait_until("the silence", PATIENCE, || (cuts() > before).then_some(())).unwrap();
    creator.kill();
    proxies.iter().for_each(FaultProxy::heal);
}

fn all_keys(servers: &[&RedisServer]) -> i64 {
    servers.iter().map(|server| server.command(&["DBSIZE"]).unwrap().as_integer().unwrap()).sum()
}

/// The id of the collection; on a Cluster one node has it, and the others refuse to answer.
fn id_left(servers: &[&RedisServer]) -> Option<String> {
    let asked = servers.iter().filter_map(|server| server.command(&["HGET", METADATA, "id"]).ok());
    asked.filter_map(|reply| reply.as_text().map(str::to_owned)).next()
}
