//! Enumeration as people call it: one page, or a stream over all of them.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::call::{Call, HERE};
use crate::entry::{Cursor, ListOptions, ListedKey, Page, Scope, page_limit};
use crate::error::{Error, Result};
use crate::request::require_listing;
use crate::store::Store;

/// An enumeration. Awaiting it gives one page, `Result<Page>`; [`stream`](Self::stream) walks all of them.
#[derive(Clone, Debug)]
#[must_use = "an operation does nothing until it is awaited"]
pub struct List<'a, S: ?Sized> {
    store: &'a S,
    options: Result<ListOptions>,
}

impl<'a, S: Store + ?Sized> List<'a, S> {
    pub(crate) fn new(store: &'a S) -> Self {
        Self { store, options: Ok(ListOptions::default()) }
    }

    /// How many keys a page aims at, 256 by default; it may hold fewer or more.
    /// Zero makes the call fail with [`InvalidArgument`](crate::ErrorKind::InvalidArgument).
    pub fn limit(mut self, keys: usize) -> Self {
        self.options = self.options.and_then(|options| Ok(options.with_limit(page_limit(keys)?)));
        self
    }

    /// Includes all namespaces nested in this one.
    pub fn subtree(mut self) -> Self {
        self.options = self.options.map(|options| options.with_scope(Scope::Subtree));
        self
    }

    /// Continues behind a page; `None` is the start.
    pub fn after(mut self, cursor: impl Into<Option<Cursor>>) -> Self {
        self.options = self.options.map(|options| ListOptions { cursor: cursor.into(), ..options });
        self
    }

    /// All keys from here on, in memory.
    ///
    /// # Errors
    /// That of the first page that fails.
    pub async fn all(self) -> Result<Vec<ListedKey>> {
        let mut keys = self.stream();
        let mut all = Vec::new();
        while let Some(listed) = keys.next().await {
            all.push(listed?);
        }
        Ok(all)
    }

    /// All keys from here on, fetched page by page as the stream is read. It ends after the first error.
    pub fn stream(self) -> Keys<'a, S> {
        let state = match self.options {
            Ok(options) => State::Fetch(options),
            Err(error) => State::Refused(error),
        };
        Keys { store: self.store, state, page: Vec::new().into_iter() }
    }
}

impl<'a, S: Store + ?Sized> IntoFuture for List<'a, S> {
    type Output = Result<Page>;
    type IntoFuture = Call<'a, Page>;

    fn into_future(self) -> Self::IntoFuture {
        fetch(self.store, self.options)
    }
}

fn fetch<'a, S: Store + ?Sized>(store: &'a S, options: Result<ListOptions>) -> Call<'a, Page> {
    let ask = || {
        require_listing(store.capabilities().listing)?;
        Ok(store.list_page(&HERE, options?))
    };
    Call::on_store(store, "list", ask, |page| page)
}

/// A stream over the keys of a namespace, made by [`List::stream`].
///
/// Dropping it changes nothing.
#[must_use = "a stream does nothing until it is read"]
pub struct Keys<'a, S: ?Sized> {
    store: &'a S,
    state: State<'a>,
    page: std::vec::IntoIter<ListedKey>,
}

enum State<'a> {
    /// The options were wrong.
    Refused(Error),
    /// Ask for the page that these options describe.
    Fetch(ListOptions),
    /// The page after which these options describe is under way.
    Fetching(Call<'a, Page>, ListOptions),
    /// There is no further page.
    End,
}

impl<S: Store + ?Sized> Keys<'_, S> {
    /// The next key; `None` after the last one. The same as the stream's, for those who have no other use for streams.
    ///
    /// # Errors
    /// That of the page; it is the last item.
    ///
    /// # Cancel safety
    /// No key is lost.
    pub async fn next(&mut self) -> Option<Result<ListedKey>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<S: Store + ?Sized> Stream for Keys<'_, S> {
    type Item = Result<ListedKey>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if let Some(listed) = this.page.next() {
                return Poll::Ready(Some(Ok(listed)));
            }
            match std::mem::replace(&mut this.state, State::End) {
                State::End => return Poll::Ready(None),
                State::Refused(error) => return Poll::Ready(Some(Err(error))),
                State::Fetch(options) => {
                    this.state = State::Fetching(fetch(this.store, Ok(options.clone())), options);
                }
                State::Fetching(mut call, options) => {
                    let Poll::Ready(answer) = Pin::new(&mut call).poll(context) else {
                        this.state = State::Fetching(call, options);
                        return Poll::Pending;
                    };
                    match answer {
                        Err(error) => return Poll::Ready(Some(Err(error))),
                        Ok(Page { keys, next }) => {
                            this.page = keys.into_iter();
                            if let Some(cursor) = next {
                                this.state = State::Fetch(options.with_cursor(cursor));
                            }
                        }
                    }
                }
            }
        }
    }
}

impl<S: ?Sized> fmt::Debug for Keys<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("left_in_page", &self.page.len()).finish_non_exhaustive()
    }
}
