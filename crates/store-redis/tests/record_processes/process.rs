//! A process that opens collections: this binary, started again, which does what it reads and says what came of it.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use store_redis::{
    Config, ContentType, ErrorKind, KeyValueStore, KeyValueStoreClient, OpenOptions, RecordPageOptions,
    RedisKeyValueStoreClient, StoreLabel, StoreName, StoreSelector,
};
use tokio::runtime::Runtime;

use crate::PATIENCE;

/// Where a process connects to; without it this is the test.
pub(crate) const URL: &str = "STORE_REDIS_OPENER_URL";
/// How often it opens a name in a race.
pub(crate) const TASKS: usize = 8;

const RACE: &str = "race";
const USE: &str = "use";

/// Of one thread, so that what tasks send has left when they have had their turn.
pub(crate) fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

pub(crate) async fn connect(url: &str) -> Arc<dyn KeyValueStoreClient> {
    let config = url.parse::<Config>().unwrap().with_deadline(PATIENCE).with_connect_timeout(PATIENCE);
    Arc::new(RedisKeyValueStoreClient::connect_with(config).await.unwrap())
}

pub(crate) fn named(name: &str) -> StoreLabel {
    StoreLabel::Name(StoreName::new(name).unwrap())
}

/// What a process does: all that it reads.
pub(crate) async fn obey(url: &str) {
    let client = connect(url).await;
    println!("connected");
    for line in std::io::stdin().lines() {
        match line.unwrap().split_once(' ') {
            Some((RACE, name)) => race(&client, name).await,
            Some((USE, name)) => use_up(&client, name).await,
            other => panic!("told {other:?}"),
        }
    }
}

/// Opens a name with each task and says so, then which ids they got.
async fn race(client: &Arc<dyn KeyValueStoreClient>, name: &str) {
    let open = |_| tokio::spawn(KeyValueStore::open(Arc::clone(client), named(name)));
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

/// Opens a name, does with the collection whatever can be done, drops it, and says which id it had.
async fn use_up(client: &Arc<dyn KeyValueStoreClient>, name: &str) {
    let open = async |options: OpenOptions| KeyValueStore::open(Arc::clone(client), options).await;
    let store = open(named(name).into()).await.unwrap();
    let by_id = StoreSelector::Id(store.id().to_owned());
    store.set_record("k", ContentType::TEXT, "v".into()).await.unwrap();
    let found = open(by_id.clone().into()).await.unwrap();
    assert_eq!(found.opened(), store.opened());
    assert_eq!(found.get_record("k").await.unwrap().unwrap().value, "v");
    let page = found.list_keys(RecordPageOptions::default()).await.unwrap();
    assert_eq!(page.items.iter().map(|item| item.key.as_str()).collect::<Vec<_>>(), ["k"]);
    store.drop().await.unwrap();
    assert_eq!(open(by_id.into()).await.unwrap_err().kind(), ErrorKind::NotFound);
    println!("{}", store.id());
}

/// The test's end of a process.
pub(crate) struct Process {
    child: Child,
    said: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(url: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        let mut child = command.env(URL, url).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut process = Self { child, said };
        assert_eq!(process.hears(), "connected");
        process
    }

    pub(crate) fn race(&self, name: &str) {
        self.tell(RACE, name);
    }

    pub(crate) fn use_up(&self, name: &str) {
        self.tell(USE, name);
    }

    fn tell(&self, what: &str, name: &str) {
        writeln!(self.child.stdin.as_ref().unwrap(), "{what} {name}").unwrap();
    }

    /// What it says next; nothing when it has ended.
    pub(crate) fn hears(&mut self) -> String {
        let mut line = String::new();
        self.said.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    pub(crate) fn end(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// With SIGKILL, before it has said anything more.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        assert_eq!(self.hears(), "");
    }
}
