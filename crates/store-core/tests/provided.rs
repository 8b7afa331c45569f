//! What the provided methods of the contract do, on a driver that brings none of its own and fails when it is told to.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use store_core::prelude::*;
use store_core::{
    Address, Capabilities, Condition, DeleteOptions, Entry, ExpireOptions, GetOptions, KeyBuf, ListOptions, ListedKey,
    Listing, Page, Result, SetOptions, Topology, async_trait,
};

/// Entries without expiry. A value of `"!"` stands for something that is not ours.
#[derive(Debug)]
struct Plain {
    capabilities: Capabilities,
    entries: Mutex<BTreeMap<ListedKey, Bytes>>,
    /// How many writes still succeed.
    writes_left: AtomicUsize,
    reads_left: AtomicUsize,
}

impl Plain {
    fn new() -> Self {
        Self {
            capabilities: Capabilities::minimal("plain", Topology::InProcess)
                .with_value_conditions()
                .with_listing(Listing::ByteOrder),
            entries: Mutex::default(),
            writes_left: AtomicUsize::new(usize::MAX),
            reads_left: AtomicUsize::new(usize::MAX),
        }
    }

    fn fail_after(&self, reads: usize, writes: usize) {
        self.reads_left.store(reads, Ordering::SeqCst);
        self.writes_left.store(writes, Ordering::SeqCst);
    }
}

/// Counts down; at zero it fails like a server that has no room, so that nothing was applied.
fn spend(left: &AtomicUsize, failure: ErrorKind) -> Result<()> {
    let spent = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    spent.map(drop).map_err(|_| Error::new(failure, "told to fail"))
}

fn owned(at: Address<'_>) -> ListedKey {
    ListedKey::new(at.namespace.clone(), at.key.to_buf())
}

#[async_trait]
impl Store for Plain {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn get_entry(&self, at: Address<'_>, _options: GetOptions) -> Result<Option<Entry>> {
        spend(&self.reads_left, ErrorKind::Timeout)?;
        match self.entries.lock().unwrap().get(&owned(at)) {
            Some(value) if value == "!" => Err(Error::new(ErrorKind::WrongType, "not ours")),
            value => Ok(value.cloned().map(Entry::new)),
        }
    }

    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        spend(&self.writes_left, ErrorKind::Full)?;
        // A turn for others between read and write, as a network would give.
        tokio::task::yield_now().await;
        let mut entries = self.entries.lock().unwrap();
        let current = entries.get(&owned(at));
        let holds = match options.condition {
            Condition::Always => true,
            Condition::IfAbsent => current.is_none(),
            Condition::IfPresent => current.is_some(),
            Condition::IfValue(expected) => current == Some(&expected),
            _ => return Err(Error::unsupported("condition")),
        };
        if holds {
            entries.insert(owned(at), value);
        }
        Ok(if holds { SetOutcome::Stored } else { SetOutcome::Refused })
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        spend(&self.writes_left, ErrorKind::Full)?;
        let mut entries = self.entries.lock().unwrap();
        let holds = options.if_value.is_none_or(|expected| entries.get(&owned(at)) == Some(&expected));
        Ok(holds && entries.remove(&owned(at)).is_some())
    }

    async fn expire_entry(&self, at: Address<'_>, _options: ExpireOptions) -> Result<bool> {
        spend(&self.writes_left, ErrorKind::Full)?;
        Ok(self.entries.lock().unwrap().contains_key(&owned(at)))
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        Ok(self.entries.lock().unwrap().contains_key(&owned(at)).then_some(Remaining::Never))
    }

    async fn list_page(&self, namespace: &Namespace, _options: ListOptions) -> Result<Page> {
        let entries = self.entries.lock().unwrap();
        Ok(Page::new(entries.keys().filter(|at| at.namespace.is_within(namespace)).cloned().collect(), None))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Cache for Plain {}

fn outcome<T: std::fmt::Debug>(result: Result<T>) -> (ErrorKind, Outcome) {
    let error = result.unwrap_err();
    (error.kind(), error.outcome())
}

#[tokio::test]
async fn batches_answer_for_each_key_in_order() {
    let store = Plain::new();
    store.set_many([("a", "1"), ("b", "!"), ("a", "2")]).await.unwrap();
    assert_eq!(store.get_many(&["a", "b", "c", "a"]).await.unwrap(), [Some("2".into()), None, None, Some("2".into())]);
    assert_eq!(store.expire_many(&["c", "a"], Expiry::Never).await.unwrap(), [false, true]);
    assert_eq!(store.delete_many(&["a", "c", "a"]).await.unwrap(), [true, false, false]);
}

#[tokio::test]
async fn a_batch_that_stops_half_way_is_unknown_and_one_that_never_began_is_not_applied() {
    let store = Plain::new();
    store.fail_after(usize::MAX, 0);
    let items = [("a", "1"), ("b", "2")];
    assert_eq!(outcome(store.set_many(items).await), (ErrorKind::Full, Outcome::NotApplied));
    store.fail_after(usize::MAX, 1);
    assert_eq!(outcome(store.set_many(items).await), (ErrorKind::Full, Outcome::Unknown));
    store.fail_after(usize::MAX, usize::MAX);
    store.set_many(items).await.unwrap();
    store.fail_after(usize::MAX, 1);
    assert_eq!(outcome(store.delete_many(&["missing", "a"]).await), (ErrorKind::Full, Outcome::NotApplied));
    store.fail_after(usize::MAX, 1);
    assert_eq!(outcome(store.delete_many(&["a", "b"]).await), (ErrorKind::Full, Outcome::Unknown));
}

#[tokio::test]
async fn clear_removes_the_subtree_alone_and_says_when_it_stopped_half_way() {
    let store = std::sync::Arc::new(Plain::new());
    for path in [vec!["app"], vec!["app", "x"], vec!["apple"]] {
        store.namespace(path).unwrap().set("k", "v").await.unwrap();
    }
    let app = store.namespace("app").unwrap();
    store.fail_after(usize::MAX, 1);
    assert_eq!(outcome(app.clear().await), (ErrorKind::Full, Outcome::Unknown));
    store.fail_after(usize::MAX, usize::MAX);
    assert_eq!(app.clear().await.unwrap(), 1);
    assert!(store.namespace("apple").unwrap().exists("k").await.unwrap());
    assert_eq!(outcome(store.clear().await), (ErrorKind::ClearRefused, Outcome::NotApplied));
}

#[tokio::test]
async fn many_counters_at_once_lose_nothing_and_give_up_never() {
    const CALLERS: usize = 200;
    let store = std::sync::Arc::new(Plain::new());
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move { store.increment("hits", 1).await });
    }
    let mut sums: Vec<i64> = callers.join_all().await.into_iter().map(Result::unwrap).collect();
    sums.sort_unstable();
    assert_eq!(sums, (1..=i64::try_from(CALLERS).unwrap()).collect::<Vec<_>>());
    assert_eq!(store.counter("hits").await.unwrap(), Some(200));
    assert_eq!(store.counter("none").await.unwrap(), None);
}

#[tokio::test]
async fn an_update_that_fails_before_its_write_was_not_applied() {
    let store = Plain::new();
    store.fail_after(0, usize::MAX);
    assert_eq!(outcome(store.update("k", |_| None).await), (ErrorKind::Timeout, Outcome::NotApplied));
    assert_eq!(outcome(store.increment("k", 1).await), (ErrorKind::Timeout, Outcome::NotApplied));
}

#[tokio::test]
async fn an_update_can_fail_with_an_error_of_the_callers_own() {
    #[derive(Debug, PartialEq)]
    enum Refusal {
        Poor,
        Store(ErrorKind),
    }
    impl From<Error> for Refusal {
        fn from(error: Error) -> Self {
            Self::Store(error.kind())
        }
    }
    let store = Plain::new();
    store.set("k", "3").await.unwrap();
    let poor = store.try_update("k", |_| Err(Refusal::Poor)).await;
    assert_eq!(poor, Err(Refusal::Poor));
    assert_eq!(store.get("k").await.unwrap().as_deref(), Some(&b"3"[..]));
    let wrong_key = store.try_update("", |_| Err(Refusal::Poor)).await;
    assert_eq!(wrong_key, Err(Refusal::Store(ErrorKind::InvalidKey)));
}

#[tokio::test]
async fn a_typed_update_gives_the_value_it_wrote() {
    let names = std::sync::Arc::new(Plain::new()).typed::<String, _>(codec::Text);
    let shout = |name: Option<String>| Some(name.unwrap_or_default() + "!a");
    assert_eq!(names.update("k", shout).await.unwrap().as_deref(), Some("!a"));
    assert_eq!(names.update("k", shout).await.unwrap().as_deref(), Some("!a!a"));
    assert_eq!(names.update("k", |_| None).await.unwrap(), None);
    assert!(!names.exists("k").await.unwrap());
}

#[tokio::test]
async fn values_keys_and_expiries_are_taken_as_callers_have_them() {
    async fn keep(store: &Plain, borrowed: &str, bytes: &[u8]) -> Result<()> {
        store.set("k", borrowed).await?;
        store.set("k", bytes).ttl(Ttl::MIN).await?;
        let (owned, expected) = (borrowed.to_owned(), Bytes::copy_from_slice(bytes));
        let _ = store.set("k", &owned).if_value(&expected).await?;
        store.set("k", b"array").expiry(std::time::Duration::from_secs(1)).await?;
        let pairs = vec![(borrowed.to_owned(), borrowed.to_owned())];
        store.set_many(&pairs).await?;
        store.set_many(pairs).await?;
        store.set_many([(format!("{borrowed}2"), "1", std::time::Duration::from_secs(1))]).await?;
        store.expire("k", std::time::SystemTime::UNIX_EPOCH).await?;
        Ok(())
    }
    keep(&Plain::new(), "x", b"y").await.unwrap();
}

#[tokio::test]
async fn operations_become_futures_where_futures_are_asked_for() {
    fn sendable<F: Future + Send>(future: F) -> F {
        future
    }
    let store = Plain::new();
    sendable(store.set("k", "v").into_future()).await.unwrap();
    assert!(sendable(store.get("k").into_future()).await.unwrap().is_some());
    assert!(sendable(store.update("k", |_| None).into_future()).await.unwrap().is_none());
    sendable(store.set_many([("k", "v")]).into_future()).await.unwrap();
    let keys: Vec<KeyBuf> = store.list().all().await.unwrap().into_iter().map(|listed| listed.key).collect();
    assert_eq!(sendable(store.delete_many(&keys).into_future()).await.unwrap(), [true]);
}

#[test]
fn a_registry_makes_each_store_once() {
    let made = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let registry = StoreRegistry::<dyn Store>::new(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        Ok(std::sync::Arc::new(Plain::new()))
    });
    let first = registry.get("a").unwrap();
    assert!(std::sync::Arc::ptr_eq(&first, &registry.get("a").unwrap()));
    assert_eq!(made.load(Ordering::SeqCst), 1);
    let taken = registry.register("a", first.clone()).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::InvalidArgument);
    assert!(std::sync::Arc::ptr_eq(&first, &registry.replace("a", std::sync::Arc::new(Plain::new())).unwrap()));
    let failing = StoreRegistry::<dyn Store>::new(|_| Err(Error::closed()));
    assert_eq!(failing.get("a").unwrap_err().kind(), ErrorKind::Closed);
}
