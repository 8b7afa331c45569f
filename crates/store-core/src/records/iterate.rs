//! Walks over the records of a collection, fetched part by part as they are read.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;

use futures_core::Stream;

use super::access::decode;
use super::{FromRecord, KeyValueStore, Record, RecordMetadata, RecordPage, RecordPageOptions};
use crate::error::{Error, Result};
use crate::forward::BoxFuture;
use crate::key::KeyBuf;

/// What is read of a record, and the key that it has.
type Item<T> = (KeyBuf, Result<T>);

/// Asks for one part.
type Fetch<'a, T> = fn(&'a KeyValueStore, RecordPageOptions) -> BoxFuture<'a, RecordPage<Item<T>>>;

/// A walk over a collection, made by its `iterate_…`. [`stream`](Self::stream) begins it.
///
/// # Contract
/// * `values_stream_out`: a walk visits every record that is there from its beginning to its end once, in byte order of the keys, from behind any key that is given, up to the limit; it fetches 1000 keys or 100 values at a time and no further value once 8 MiB are under way, so that it never holds more of a collection; a value that does not read as its type is an error in its place.
///
/// Records that are written or removed meanwhile may be visited or not.
///
/// ```
/// use std::sync::Arc;
/// use store_memory::{StoreName, prelude::*};
///
/// # async fn example() -> store_core::Result<()> {
/// let client = Arc::new(MemoryKeyValueStoreClient::new());
/// let pages = KeyValueStore::open(client, StoreName::new("pages")?).await?;
/// for key in ["a.html", "b.html", "c.html"] {
///     pages.set_value(key, format!("I am {key}")).await?;
/// }
///
/// let mut walk = pages.iterate_values::<String>().limit(1).stream();
/// assert_eq!(walk.next().await.transpose()?.as_deref(), Some("I am a.html"));
/// assert!(walk.next().await.is_none());
///
/// // Later, or in another process: on from where it was.
/// let rest = pages.iterate_entries().exclusive_start_key(walk.position()).all().await?;
/// assert_eq!(rest.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["b.html", "c.html"]);
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(example()).unwrap();
/// ```
#[must_use = "a walk does nothing until it is read"]
pub struct Iterate<'a, T> {
    store: &'a KeyValueStore,
    operation: &'static str,
    fetch: Fetch<'a, T>,
    start: Result<Option<KeyBuf>>,
    limit: Option<usize>,
}

impl<'a> Iterate<'a, RecordMetadata> {
    pub(super) fn over_keys(store: &'a KeyValueStore) -> Self {
        Self::new(store, "iterate_keys", |store, options| {
            Box::pin(async move {
                let asked = store.client().list_record_keys(store.opened(), options);
                let page = store.on_store("iterate_keys", asked).await?;
                Ok(items(page, |listed| (listed.key.clone(), Ok(listed))))
            })
        })
    }
}

impl<'a> Iterate<'a, Record> {
    pub(super) fn over_entries(store: &'a KeyValueStore) -> Self {
        Self::new(store, "iterate_entries", |store, options| {
            Box::pin(async move {
                let asked = store.client().list_records(store.opened(), options);
                let page = store.on_store("iterate_entries", asked).await?;
                Ok(items(page, |record| (record.key.clone(), Ok(record))))
            })
        })
    }
}

impl<'a, T: FromRecord> Iterate<'a, T> {
    pub(super) fn over_values(store: &'a KeyValueStore) -> Self {
        Self::new(store, "iterate_values", |store, options| {
            Box::pin(async move {
                let asked = store.client().list_records(store.opened(), options);
                let page = store.on_store("iterate_values", asked).await?;
                Ok(items(page, |record| {
                    let value = decode(store, "iterate_values", &record);
                    (record.key, value)
                }))
            })
        })
    }
}

fn items<P, T>(page: RecordPage<P>, item: impl FnMut(P) -> Item<T>) -> RecordPage<Item<T>> {
    RecordPage::new(page.items.into_iter().map(item).collect(), page.next_start_key)
}

impl<'a, T> Iterate<'a, T> {
    fn new(store: &'a KeyValueStore, operation: &'static str, fetch: Fetch<'a, T>) -> Self {
        Self { store, operation, fetch, start: Ok(None), limit: None }
    }

    /// Begins behind this key, which need not exist; `None` is the start.
    pub fn exclusive_start_key<'k>(mut self, key: impl Into<Option<&'k str>>) -> Self {
        self.start = key.into().map(KeyBuf::new).transpose();
        self
    }

    /// Visits so many at most; 0 asks for nothing.
    pub fn limit(mut self, items: usize) -> Self {
        self.limit = Some(items);
        self
    }

    /// All that the walk visits, in memory.
    ///
    /// # Errors
    /// The first that there is.
    pub async fn all(self) -> Result<Vec<T>> {
        let mut walk = self.stream();
        let mut all = Vec::new();
        while let Some(item) = walk.next().await {
            all.push(item?);
        }
        Ok(all)
    }

    /// Begins the walk. It ends after the first error of a part.
    pub fn stream(self) -> Iteration<'a, T> {
        let Self { store, operation, fetch, start, limit } = self;
        let (state, position) = match start {
            Ok(start) => (State::Fetch(start.clone()), start),
            Err(error) => (State::Refused(store.failed(operation, None, error)), None),
        };
        Iteration { store, fetch, state, left: limit, part: Vec::new().into_iter(), position }
    }
}

/// A walk under way, made by [`Iterate::stream`].
///
/// Dropping it changes nothing but the time of the last access.
#[must_use = "a walk does nothing until it is read"]
pub struct Iteration<'a, T> {
    store: &'a KeyValueStore,
    fetch: Fetch<'a, T>,
    state: State<'a, T>,
    /// How many more may be asked for, where there is a limit.
    left: Option<usize>,
    part: vec::IntoIter<Item<T>>,
    position: Option<KeyBuf>,
}

enum State<'a, T> {
    /// The start was no key.
    Refused(Error),
    /// Ask for the part behind this key.
    Fetch(Option<KeyBuf>),
    /// A part is under way.
    Fetching(BoxFuture<'a, RecordPage<Item<T>>>),
    /// There is no further part.
    End,
}

impl<'a, T> Iteration<'a, T> {
    /// The next one; `None` after the last. The same as the stream's, for those who have no other use for streams.
    ///
    /// # Errors
    /// That of a part, which is the last item; that of a value that does not read as its type.
    ///
    /// # Cancel safety
    /// None is lost.
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The key of what was visited last, or else the one behind which the walk began: another one
    /// [from there](Iterate::exclusive_start_key) goes on where this one is.
    #[must_use]
    pub fn position(&self) -> Option<&str> {
        self.position.as_deref()
    }

    fn options(&self, start: Option<KeyBuf>) -> RecordPageOptions {
        RecordPageOptions { exclusive_start_key: start, limit: self.left }
    }
}

impl<T> Stream for Iteration<'_, T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some((key, item)) = this.part.next() {
                this.position = Some(key);
                return Poll::Ready(Some(item));
            }
            match std::mem::replace(&mut this.state, State::End) {
                State::End => return Poll::Ready(None),
                State::Refused(error) => return Poll::Ready(Some(Err(error))),
                State::Fetch(_) if this.left == Some(0) => {}
                State::Fetch(start) => this.state = State::Fetching((this.fetch)(this.store, this.options(start))),
                State::Fetching(mut asked) => {
                    let Poll::Ready(answer) = asked.as_mut().poll(context) else {
                        this.state = State::Fetching(asked);
                        return Poll::Pending;
                    };
                    match answer {
                        Err(error) => return Poll::Ready(Some(Err(error))),
                        Ok(RecordPage { items, next_start_key }) => {
                            this.left = this.left.map(|left| left.saturating_sub(items.len()));
                            this.part = items.into_iter();
                            this.state = next_start_key.map_or(State::End, |next| State::Fetch(Some(next)));
                        }
                    }
                }
            }
        }
    }
}

/// Nothing in it is ever pinned.
impl<T> Unpin for Iteration<'_, T> {}

impl<T> fmt::Debug for Iterate<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iterate").field("start", &self.start).field("limit", &self.limit).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Iteration<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Iteration").field("position", &self.position).finish_non_exhaustive()
    }
}
