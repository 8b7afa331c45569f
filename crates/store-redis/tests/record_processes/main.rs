//! Many openers of one new name, in processes of their own: this binary, which starts itself again for each.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "an opener speaks to the test that started it")]

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use store_redis::{
    Config, KeyValueStore, KeyValueStoreClient, RedisKeyValueStoreClient, StoreLabel, StoreName, StoreSelector,
};
use store_testkit::{ClusterDeployment, ClusterOptions, RedisServer, ServerOptions};
use tokio::runtime::Runtime;

/// Where an opener connects to; without it this is the test.
const URL: &str = "STORE_REDIS_OPENER_URL";
const PROCESSES: usize = 8;
const TASKS: usize = 8;
/// Longer than any machine takes.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    if let Ok(url) = env::var(URL) {
        return runtime().block_on(open_what_is_named(&url));
    }
    let trials = vec![
        trial("of_64_openers_in_8_processes_all_get_one_id_200_times_of_200", || {
            let server = RedisServer::start_process(ServerOptions::new()).unwrap();
            race(server.url(), &[&server], 200);
        }),
        trial("of_64_openers_in_8_processes_all_get_one_id_on_a_cluster", || {
            let cluster = ClusterDeployment::start(ClusterOptions::new().replicas_per_primary(0)).unwrap();
            let nodes: Vec<&RedisServer> = cluster.nodes().iter().map(|node| &**node).collect();
            race(cluster.url(), &nodes, 50);
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

/// Of one thread, so that what tasks send has left when they have had their turn.
fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn connect(url: &str) -> Arc<dyn KeyValueStoreClient> {
    let config = url.parse::<Config>().unwrap().with_deadline(PATIENCE).with_connect_timeout(PATIENCE);
    Arc::new(RedisKeyValueStoreClient::connect_with(config).await.unwrap())
}

fn named(name: &str) -> StoreLabel {
    StoreLabel::Name(StoreName::new(name).unwrap())
}

/// An opener: opens each name that it reads, as often as it has tasks, and says so, then which ids it got.
async fn open_what_is_named(url: &str) {
    let client = connect(url).await;
    println!("connected");
    for name in std::io::stdin().lines() {
        let open = |_| tokio::spawn(KeyValueStore::open(Arc::clone(&client), named(name.as_ref().unwrap())));
        let opening: Vec<_> = (0..TASKS).map(open).collect();
        for _ in 0..3 * TASKS {
            tokio::task::yield_now().await;
        }
        println!("sent");
        let mut ids = Vec::new();
        for opened in opening {
            ids.push(opened.await.unwrap().unwrap().id().to_owned());
        }
        println!("{}", ids.join(" "));
    }
}

struct Opener {
    process: Child,
    said: BufReader<ChildStdout>,
}

impl Opener {
    fn start(url: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let mut process = command.env(URL, url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(process.stdout.take().unwrap());
        let mut opener = Self { process, said };
        assert_eq!(opener.hears(), "connected");
        opener
    }

    fn tell(&mut self, name: &str) {
        writeln!(self.process.stdin.as_ref().unwrap(), "{name}").unwrap();
    }

    fn hears(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn end(mut self) {
        drop(self.process.stdin.take());
        assert!(self.process.wait().unwrap().success());
    }
}

/// Every round is a new name, opened while the servers stand still: no opener is answered before all have asked.
fn race(url: &str, servers: &[&RedisServer], rounds: usize) {
    let mut openers: Vec<_> = (0..PROCESSES).map(|_| Opener::start(url)).collect();
    let (runtime, mut distinct) = (runtime(), BTreeSet::new());
    let client = runtime.block_on(connect(url));
    for round in 0..rounds {
        let name = format!("round-{round}");
        servers.iter().for_each(|server| server.stop().unwrap());
        openers.iter_mut().for_each(|opener| opener.tell(&name));
        for opener in &mut openers {
            assert_eq!(opener.hears(), "sent");
        }
        servers.iter().for_each(|server| server.cont().unwrap());
        let answers: Vec<_> = openers.iter_mut().map(Opener::hears).collect();
        let ids: Vec<_> = answers.iter().flat_map(|line| line.split(' ')).collect();
        assert_eq!(ids.len(), PROCESSES * TASKS);
        assert!(ids.iter().all(|id| id == &ids[0]), "{name}: {ids:?}");
        let by_id = StoreSelector::Id(ids[0].to_owned());
        let opened = runtime.block_on(KeyValueStore::open(Arc::clone(&client), by_id)).unwrap();
        assert_eq!(opened.opened().label, named(&name));
        distinct.insert(ids[0].to_owned());
    }
    assert_eq!(distinct.len(), rounds);
    openers.into_iter().for_each(Opener::end);
}
