//! What the extension layer does above any driver: it refuses before the driver is asked, resolves, names and forwards.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use futures_core::Stream;
use store_core::prelude::*;
use store_core::{
    Address, Capabilities, DeleteOptions, Durability, Entry, ExpireOptions, ExpiresAt, GetOptions, Lifetime,
    ListOptions, ListedKey, Listing, Page, Result, SetItem, SetOptions, SetOutcome, Timestamp, Topology, WriteExpiry,
    async_trait,
};

/// A driver that declares nothing optional and records what it is asked.
#[derive(Debug)]
struct Recorder {
    capabilities: Capabilities,
    asked: Mutex<Vec<String>>,
}

impl Recorder {
    fn new() -> Self {
        Self::declaring(Capabilities::minimal("recorder", Topology::InProcess))
    }

    fn declaring(capabilities: Capabilities) -> Self {
        Self { capabilities, asked: Mutex::default() }
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn record(&self, what: String) {
        self.asked.lock().unwrap().push(what);
    }
}

/// Marks a write that has to spread.
fn spread(durability: Durability) -> &'static str {
    if durability == Durability::Acknowledged { "" } else { " replicated" }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    poll_fn(|context| Pin::new(&mut *stream).poll_next(context)).await
}

fn place(at: Address<'_>) -> String {
    format!("{}|{}", at.namespace, at.key)
}

#[async_trait]
impl Store for Recorder {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn default_lifetime(&self) -> Lifetime {
        Lifetime::In(Ttl::MIN)
    }

    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>> {
        self.record(format!("get {} {options:?}", place(at)));
        Ok(None)
    }

    async fn set_entry(&self, at: Address<'_>, _value: Bytes, options: SetOptions) -> Result<SetOutcome> {
        let (condition, expiry) = (options.condition, options.expiry);
        self.record(format!("set {} {condition:?} {expiry:?}{}", place(at), spread(options.durability)));
        Ok(SetOutcome::Stored)
    }

    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool> {
        self.record(format!("delete {}{}", place(at), spread(options.durability)));
        Ok(true)
    }

    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool> {
        self.record(format!("expire {} {:?}{}", place(at), options.lifetime, spread(options.durability)));
        Ok(true)
    }

    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>> {
        self.record(format!("ttl {}", place(at)));
        Err(Error::new(ErrorKind::Unavailable, "gone"))
    }

    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        self.record(format!("list {namespace} {:?}", options.cursor));
        let listed = ListedKey::new(namespace.join(&"below".try_into()?)?, store_core::KeyBuf::new("k")?);
        let next = options.cursor.is_none().then(|| Cursor::new("second"));
        Ok(Page::new(vec![listed], next))
    }

    async fn ping(&self) -> Result<()> {
        Ok(())
    }

    async fn close(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl Cache for Recorder {}

#[tokio::test]
async fn bad_arguments_never_reach_the_driver() {
    let store = Recorder::declaring(
        Capabilities::minimal("recorder", Topology::InProcess)
            .with_counters()
            .with_listing(Listing::Unordered)
            .with_max_key_bytes(4)
            .with_max_value_bytes(2)
            .with_max_batch_items(2),
    );
    let kinds = [
        store.get("").await.unwrap_err().kind(),
        store.get("12345").await.unwrap_err().kind(),
        store.set("k", "123").await.unwrap_err().kind(),
        store.set("k", "1").ttl(Duration::ZERO).await.unwrap_err().kind(),
        store.set("k", "1").ttl(Duration::MAX).if_absent().await.unwrap_err().kind(),
        store.expire("k", Expiry::Keep).await.unwrap_err().kind(),
        store.list().limit(0).await.unwrap_err().kind(),
        store.get_many(&["a", "b", "c"]).await.unwrap_err().kind(),
        store.set_many([("a", "1"), ("", "1")]).await.unwrap_err().kind(),
        store.set_many([("a", "1"), ("b", "123")]).await.unwrap_err().kind(),
        store.set_many([("a", "1", Duration::ZERO)]).await.unwrap_err().kind(),
        store.delete_many(&["a", "12345"]).await.unwrap_err().kind(),
        store.expire_many(&["a"], Expiry::Keep).await.unwrap_err().kind(),
        store.decrement("k", i64::MIN).await.unwrap_err().kind(),
    ];
    use ErrorKind::{InvalidArgument, InvalidKey, OutOfRange, TooLarge};
    assert_eq!(
        kinds,
        [
            InvalidKey,
            TooLarge,
            TooLarge,
            InvalidArgument,
            InvalidArgument,
            InvalidArgument,
            InvalidArgument,
            TooLarge,
            InvalidKey,
            TooLarge,
            InvalidArgument,
            TooLarge,
            InvalidArgument,
            OutOfRange
        ]
    );
    assert_eq!(store.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn undeclared_options_never_reach_the_driver() {
    let store = Recorder::new();
    for error in [
        store.get("k").renew(Duration::from_secs(1)).await.unwrap_err(),
        store.set("k", "1").if_value("0").await.unwrap_err(),
        store.delete("k").if_value("0").await.unwrap_err(),
        store.take("k").await.unwrap_err(),
        store.list().await.unwrap_err(),
        store.clear().await.unwrap_err(),
        store.update("k", |_| None).await.unwrap_err(),
        store.increment("k", 1).await.unwrap_err(),
        store.get_many(&["k"]).snapshot().await.unwrap_err(),
        store.set_many([("k", "1")]).atomic().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert_eq!(error.driver(), Some("recorder"));
        assert!(error.operation().is_some(), "{error}");
    }
    assert_eq!(store.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn errors_are_told_operation_driver_and_key() {
    let store = Recorder::new();
    let origin = |error: &Error| (error.operation(), error.driver(), error.key().map(str::to_owned));
    let error = store.ttl("k").await.unwrap_err();
    assert_eq!(origin(&error), (Some("ttl"), Some("recorder"), Some("k".into())));
    let error = store.set_many([SetItem::new("good", "1"), SetItem::new("bad", "1").ttl(Duration::ZERO)]).await;
    assert_eq!(origin(&error.unwrap_err()), (Some("set_many"), Some("recorder"), Some("bad".into())));
}

#[tokio::test]
async fn expiries_are_resolved_above_the_driver() {
    let store = Recorder::new();
    store.set("k", "1").await.unwrap();
    store.set("k", "1").never_expires().await.unwrap();
    store.set("k", "1").keep_expiry().await.unwrap();
    store.set("k", "1").ttl(Duration::from_nanos(1)).await.unwrap();
    store.set("k", "1").expires_at(UNIX_EPOCH).await.unwrap();
    let default = Lifetime::In(Ttl::MIN);
    let told = [
        WriteExpiry::Replace(default),
        WriteExpiry::Replace(Lifetime::Never),
        WriteExpiry::Keep { missing: default },
        WriteExpiry::Replace(Lifetime::In(Ttl::MIN)),
        WriteExpiry::Replace(Lifetime::At(Timestamp::EPOCH)),
    ];
    assert_eq!(store.asked(), told.map(|expiry| format!("set |k Always {expiry:?}")));
}

#[tokio::test]
async fn nested_handles_flatten_and_join_behind_dyn() {
    let store: Arc<Recorder> = Arc::new(Recorder::new());
    let flat = store.namespace("a").unwrap().namespace("b/c").unwrap();
    assert_eq!(flat.path().as_encoded(), "a/b%2Fc");
    let opaque: Arc<dyn Cache> = Arc::new(flat);
    let deeper = opaque.namespace("d").unwrap();
    assert!(deeper.delete("k").await.unwrap());
    assert_eq!(deeper.get_many(&["x"]).await.unwrap(), [None]);
    let asked = store.asked();
    assert_eq!(asked[0], "delete a/b%2Fc/d|k");
    assert!(asked[1].starts_with("get a/b%2Fc/d|x"), "{asked:?}");
}

#[tokio::test]
async fn listed_namespaces_are_relative_to_the_handle() {
    let store = Arc::new(Recorder::declaring(
        Capabilities::minimal("recorder", Topology::InProcess).with_listing(Listing::Unordered),
    ));
    let handle = store.namespace(["a", "b"]).unwrap();
    let page = handle.list().await.unwrap();
    assert_eq!(page.keys[0].namespace.as_encoded(), "below");
}

#[tokio::test]
async fn a_stream_of_keys_walks_every_page_and_ends() {
    let store =
        Recorder::declaring(Capabilities::minimal("recorder", Topology::InProcess).with_listing(Listing::Unordered));
    let mut keys = store.list().stream();
    let mut walked = 0;
    while let Some(listed) = next(&mut keys).await {
        assert_eq!(listed.unwrap().key, "k");
        walked += 1;
    }
    assert_eq!(walked, 2);
}

#[tokio::test]
async fn a_wrong_page_limit_ends_the_stream_with_its_error() {
    let store =
        Recorder::declaring(Capabilities::minimal("recorder", Topology::InProcess).with_listing(Listing::Unordered));
    let mut keys = store.list().limit(0).stream();
    assert_eq!(next(&mut keys).await.unwrap().unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert!(next(&mut keys).await.is_none());
}

#[test]
fn traits_are_object_safe_and_pointers_implement_them() {
    fn store<S: Store>() {}
    fn cache<S: Cache>() {}
    store::<Arc<dyn Store>>();
    store::<Box<dyn Store>>();
    store::<Arc<dyn Cache>>();
    cache::<Box<dyn Cache>>();
    cache::<Namespaced<Arc<dyn Cache>>>();
    fn client<C: KeyValueStoreClient>() {}
    client::<Arc<dyn KeyValueStoreClient>>();
}

#[test]
fn entry_lifetimes_move_between_stores_unchanged() {
    let expiry = ExpiresAt::At(Timestamp::MAX);
    assert_eq!(Lifetime::from(expiry).expires_at(Timestamp::EPOCH), expiry);
}

#[tokio::test]
async fn every_write_passes_on_how_far_it_has_to_spread() {
    let store = Recorder::declaring(
        Capabilities::minimal("recorder", Topology::InProcess).with_value_conditions().with_replication(),
    );
    let (replicas, timeout) = (2, Duration::from_secs(1));
    store.set("set", "1").replicated(replicas, timeout).await.unwrap();
    let over_existing = store.set("if", "1").if_present().replicated(replicas, timeout).await.unwrap();
    let over_bytes = store.set("set", "1").replicated(replicas, timeout).if_value("0").await.unwrap();
    assert!(over_existing.is_stored() && over_bytes.is_stored());
    store.add("add", "1").replicated(replicas, timeout).await.unwrap();
    store.delete("delete").replicated(replicas, timeout).await.unwrap();
    store.expire("expire", Ttl::MAX).replicated(replicas, timeout).await.unwrap();
    store.update("update", |_| Some("1".into())).replicated(replicas, timeout).await.unwrap();
    store.increment("n", 1).replicated(replicas, timeout).await.unwrap();
    store.set_many([("a", "1"), ("b", "1")]).replicated(replicas, timeout).await.unwrap();
    store.delete_many(&["a", "b"]).replicated(replicas, timeout).await.unwrap();
    store.expire_many(&["a", "b"], Ttl::MAX).replicated(replicas, timeout).await.unwrap();
    let (writes, reads): (Vec<_>, Vec<_>) = store.asked().into_iter().partition(|asked| !asked.starts_with("get"));
    assert_eq!((writes.len(), reads.len()), (14, 2), "{writes:?} {reads:?}");
    assert!(writes.iter().all(|write| write.ends_with(" replicated")), "{writes:?}");

    let undeclared = Recorder::new();
    let refused = undeclared.set("set", "1").replicated(replicas, timeout).await.unwrap_err();
    assert_eq!((refused.kind(), undeclared.asked().len()), (ErrorKind::Unsupported, 0));
}
