//! The contract of a store: what every driver implements.

use std::fmt::Debug;

use async_trait::async_trait;
use bytes::Bytes;

use crate::capability::Capabilities;
use crate::entry::{
    Address, DeleteOptions, Entry, ExpireOptions, GetOptions, ListOptions, Page, Scope, SetOptions, SetOutcome,
    WriteOptions,
};
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::{Lifetime, Remaining, Ttl};
use crate::lock::{FencingToken, LockOptions, LockOwner};
use crate::namespace::Namespace;

/// Keeps entries until they expire or are removed.
///
/// This trait is what *drivers* implement. People call [`StoreExt`](crate::StoreExt), which is there for every store:
/// it checks keys, values and options against [`Capabilities`], resolves defaults, and names operation, driver and key
/// in errors. So a driver is handed valid arguments and only options that it declares.
///
/// # Contract
/// Values and presence:
/// * `get_after_set_returns_value`: a `get` that starts after `set` returned sees that value or the effect of a later operation, byte for byte; absence comes only from delete, take, clear, expiry, or eviction where the driver declares it.
/// * `missing_is_none`: a missing or expired key reads as `None`, never as an error.
/// * `exists_agrees_with_get`: of entries of ours, `exists` is true exactly when `get` would find one.
/// * `wrong_type_is_an_error`: over something that is not ours (a list, a hash), `get`, `take`, renewal, value conditions and counters answer [`ErrorKind::WrongType`] and change nothing; an unconditional `set` replaces and `delete` removes it; `exists`, `ttl`, `expire`, `if_absent` and `if_present` do not look at the type; `get_many` has `None` in its place.
///
/// Expiry:
/// * `set_replaces_expiry`: `set` replaces value and expiry together, in one step.
/// * `no_read_after_expiry`: once the driver's clock (on Redis the primary's) is past the expiry by the declared granularity, no `get`, `exists`, `ttl`, `list`, batch or condition sees the entry, on any handle, even if no background task ever ran. A driver that reads from replicas declares it and is outside of this.
/// * `no_loss_before_expiry`: before its expiry every one of them sees the entry, eviction apart.
/// * `renew_only_if_expiring`: `get` with renewal sets the remaining lifetime to the ttl, shorter or longer, in the same step, for any ttl from 1 ms and however little is left; it never puts an expiry on an entry that has none; a missing key is `None`.
/// * `ttl_has_three_answers`: missing, never, or what remains; less than 1 ms is still "remains".
/// * `expire_reports_existence`: `expire` sets, moves or removes (`Never`) the expiry, leaves the value, and says whether the key existed; a past time removes the entry; `Keep` is [`ErrorKind::InvalidArgument`].
/// * `absolute_expiry_is_kept`: the expiry that a read reports is the point in time at which the entry goes, so that it moves to another store unchanged.
///
/// Conditions and removal:
/// * `set_if_absent_has_one_winner`: of any number of concurrent `if_absent` sets exactly one is stored, value and expiry in one step; an expired entry is absent.
/// * `set_if_present`: stored only over an existing entry.
/// * `set_if_value`: stored only over exactly these bytes (compare-and-set). Bytes that went away and came back are the same bytes.
/// * `refused_condition_changes_nothing`: a refused condition is a result, not an error, and leaves value and expiry as they were.
/// * `delete_reports_removal`: `delete` says whether an entry was there and is gone; nothing there is not an error.
/// * `delete_if_value`: removes only exactly these bytes.
/// * `take_returns_and_removes`: `take` is one step: of concurrent takers one gets the value. With an unknown outcome the value may be lost, so it is never repeated.
///
/// Namespaces:
/// * `namespaces_are_isolated`: no operation on one namespace is visible in another, parent and child included (`clear` apart).
/// * `clear_is_exact`: when `clear` returns, every entry of the namespace and of all nested in it that existed when it began and was not rewritten meanwhile is gone, keys that are no text included; entries written during it may go or stay, after it they stay. Nothing outside is touched: no sibling with a common prefix, no parent, nothing foreign, whatever the characters. It reports the removals acknowledged to it, works in bounded steps that never hold a server up for long, and begins again where the server changed on the way.
/// * `clear_needs_a_namespace`: without one it is [`ErrorKind::ClearRefused`]; what empties a whole database is a method of the driver with a name that says so.
/// * `list_is_complete`: every key present throughout appears at least once, and exactly once and in byte order where that is declared; a key absent throughout never appears, nor does one that is no text. `limit` is a target: pages may be empty or longer, and only a `None` cursor ends. A cursor can be kept and resumed; where its place is gone, that part is walked again.
/// * `list_refuses_bad_input`: a malformed cursor is [`ErrorKind::InvalidCursor`], one of another namespace is that or shows nothing of that namespace; a limit of 0 is [`ErrorKind::InvalidArgument`].
///
/// Life cycle:
/// * `close_is_final`: `close` is idempotent; afterwards every handle answers [`ErrorKind::Closed`]; calls under way finish or fail within their deadline; what the user passed in, such as a connection pool, stays open.
/// * `ping_answers`: `ping` proves that the backend can be reached and used now.
///
/// Consistency and cancellation:
/// * `operations_are_linearizable`: on one node, operations on one key take effect one after another, each between its call and its return, seen alike through every handle.
/// * `cancel_leaves_before_or_after`: dropping a future leaves each key as before or as after the operation, never between, and never hands its reply to another call. A dropped write may still take effect later; a batch or a walk may be partly done.
///
/// # Implementing
/// An operation that fails because of the backend answers one of the kinds of transport told at [`ErrorKind`].
///
/// Required are the methods without a body. The provided ones are equivalent to any faster implementation, or answer
/// [`ErrorKind::Unsupported`]: races hide in every other default. A layer that wraps a store forwards *every* method;
/// `#[deny(clippy::missing_trait_methods)]` on its `impl` keeps it so.
#[async_trait]
pub trait Store: Debug + Send + Sync + 'static {
    /// What this store declares. Costs nothing; asked before every operation.
    fn capabilities(&self) -> &Capabilities;

    /// The lifetime that [`Expiry::Default`](crate::Expiry::Default) means. Never, unless the store is a cache.
    fn default_lifetime(&self) -> Lifetime {
        Lifetime::Never
    }

    /// Reads the entry; `None` when there is none.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`]; any kind of transport.
    ///
    /// # Cancel safety
    /// Without renewal, dropping the future changes nothing; with it, the entry is renewed or not.
    async fn get_entry(&self, at: Address<'_>, options: GetOptions) -> Result<Option<Entry>>;

    /// Writes value and expiry in one step.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] under a value condition; any kind of transport.
    ///
    /// # Cancel safety
    /// The entry is as before or as after; a dropped write may still take effect.
    async fn set_entry(&self, at: Address<'_>, value: Bytes, options: SetOptions) -> Result<SetOutcome>;

    /// Removes the entry; whether one was there and is gone.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] under a value condition; any kind of transport.
    ///
    /// # Cancel safety
    /// As [`set_entry`](Self::set_entry).
    async fn delete_entry(&self, at: Address<'_>, options: DeleteOptions) -> Result<bool>;

    /// Replaces the expiry and leaves the value; whether an entry was there.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// As [`set_entry`](Self::set_entry).
    async fn expire_entry(&self, at: Address<'_>, options: ExpireOptions) -> Result<bool>;

    /// Reads and removes the entry in one step.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] unless declared; [`ErrorKind::WrongType`]; any kind of transport.
    ///
    /// # Cancel safety
    /// The entry is there or gone; when it is gone, its value is lost with the future.
    async fn take_entry(&self, _at: Address<'_>, _options: WriteOptions) -> Result<Option<Bytes>> {
        Err(Error::unsupported("take"))
    }

    /// Whether there is an entry, of whatever type.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn entry_exists(&self, at: Address<'_>) -> Result<bool> {
        Ok(self.entry_remaining(at).await?.is_some())
    }

    /// How long the entry will stay; `None` when there is none.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn entry_remaining(&self, at: Address<'_>) -> Result<Option<Remaining>>;

    /// A part of the keys, each with its namespace as complete as `namespace` is. Called only where
    /// [`Listing`](crate::Listing) is declared.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidCursor`]; any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page>;

    /// Refuses to go without a namespace, and clears it otherwise. Layers forward it; no driver needs one of its own.
    ///
    /// # Errors
    /// [`ErrorKind::ClearRefused`] without a namespace; as [`clear_subtree`](Self::clear_subtree).
    ///
    /// # Cancel safety
    /// As [`clear_subtree`](Self::clear_subtree).
    async fn clear_namespace(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        if namespace.is_empty() {
            let refusal = "clear needs a namespace; without one it would empty the database";
            return Err(Error::new(ErrorKind::ClearRefused, refusal));
        }
        self.clear_subtree(namespace, options).await
    }

    /// Removes the namespace, which is not empty, and all nested in it; the number of removals acknowledged.
    ///
    /// The provided one lists the subtree and deletes each key. A driver whose backend can hold keys that are no text
    /// brings its own, because those are not listed.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// The walk may be partly done.
    async fn clear_subtree(&self, namespace: &Namespace, options: WriteOptions) -> Result<u64> {
        let mut removed = 0;
        let delete = DeleteOptions::default().with_durability(options.durability);
        let mut options = ListOptions::default().with_scope(Scope::Subtree);
        loop {
            let page = self.list_page(namespace, options.clone()).await.map_err(|error| error.after_steps(removed))?;
            for listed in &page.keys {
                let at = Address { namespace: &listed.namespace, key: listed.key.as_key() };
                let gone = self.delete_entry(at, delete.clone()).await;
                removed += u64::from(gone.map_err(|error| error.after_steps(removed))?);
            }
            match page.next {
                Some(cursor) => options.cursor = Some(cursor),
                None => return Ok(removed),
            }
        }
    }

    /// Acquires a lock for `owner`, waiting as long as the options say while another holds it; `None` when it is held
    /// still. An owner that holds it already gets the same token, and the new lifetime. A lock is no entry, whatever its
    /// name. What is promised of locks is told at [`LockExt`](crate::LockExt).
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] unless declared; any kind of transport.
    ///
    /// # Cancel safety
    /// The lock is acquired or not; a dropped call may still acquire it.
    async fn acquire_lock(
        &self,
        _at: Address<'_>,
        _owner: LockOwner,
        _options: LockOptions,
    ) -> Result<Option<FencingToken>> {
        Err(Error::unsupported("locks"))
    }

    /// Sets the remaining lifetime of a lock; whether `owner` holds it. A lock of another owner, and one that is free,
    /// stay as they are.
    ///
    /// # Errors
    /// As [`acquire_lock`](Self::acquire_lock).
    ///
    /// # Cancel safety
    /// The lock is extended or not.
    async fn extend_lock(&self, _at: Address<'_>, _owner: LockOwner, _ttl: Ttl) -> Result<bool> {
        Err(Error::unsupported("locks"))
    }

    /// Frees a lock; whether `owner` held it. A lock of another owner stays as it is.
    ///
    /// # Errors
    /// As [`acquire_lock`](Self::acquire_lock).
    ///
    /// # Cancel safety
    /// The lock is free or not.
    async fn release_lock(&self, _at: Address<'_>, _owner: LockOwner) -> Result<bool> {
        Err(Error::unsupported("locks"))
    }

    /// Whether `owner` holds the lock.
    ///
    /// # Errors
    /// As [`acquire_lock`](Self::acquire_lock).
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn lock_is_held(&self, _at: Address<'_>, _owner: LockOwner) -> Result<bool> {
        Err(Error::unsupported("locks"))
    }

    /// Proves that the backend can be reached and used now. People call it too, so a driver names itself and the
    /// operation in its errors ([`Error::with_driver`], [`Error::with_context`]).
    ///
    /// # Errors
    /// [`ErrorKind::Closed`]; any kind of transport.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    async fn ping(&self) -> Result<()>;

    /// Ends the store for every handle. Idempotent.
    ///
    /// # Errors
    /// Any kind of transport.
    ///
    /// # Cancel safety
    /// The store may be closed already.
    async fn close(&self) -> Result<()>;
}
