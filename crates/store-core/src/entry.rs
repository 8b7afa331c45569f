//! What drivers take and give: addresses, entries, options, pages.

use std::fmt;
use std::num::NonZeroUsize;

use bytes::Bytes;

use crate::durability::Durability;
use crate::error::{Error, ErrorKind, Result};
use crate::expiry::{ExpiresAt, Lifetime, Ttl, WriteExpiry};
use crate::key::{Key, KeyBuf};
use crate::namespace::Namespace;

/// Where an entry is, as seen by the store that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Address<'a> {
    /// The namespace. A driver gets it complete from its root; a handle or layer gets what lies below it.
    pub namespace: &'a Namespace,
    /// The key in it.
    pub key: Key<'a>,
}

/// A stored value with what was asked for about it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The value, byte for byte.
    pub value: Bytes,
    /// When it expires; `None` unless the read asked for it.
    pub expires_at: Option<ExpiresAt>,
}

impl Entry {
    /// An entry whose expiry was not asked for.
    #[must_use]
    pub fn new(value: Bytes) -> Self {
        Self { value, expires_at: None }
    }

    /// Adds the expiry.
    #[must_use]
    pub fn with_expires_at(mut self, expires_at: ExpiresAt) -> Self {
        self.expires_at = Some(expires_at);
        self
    }
}

/// Shows the length of the value, never the value.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("value", &HiddenValue(&self.value)).field("expires_at", &self.expires_at).finish()
    }
}

/// Shows how long a value is, because values do not belong into logs.
pub(crate) struct HiddenValue<'a>(pub(crate) &'a [u8]);

impl fmt::Debug for HiddenValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0.len())
    }
}

/// Whether a read also returns the expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum ExpiryRead {
    /// No; this may save work.
    #[default]
    Skip,
    /// Yes.
    Include,
}

/// How an entry is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GetOptions {
    /// The lifetime that an entry which expires gets, in the same step. Only where renewal is declared.
    pub renew: Option<Ttl>,
    /// Whether to return the expiry, as it is after any renewal.
    pub expiry: ExpiryRead,
}

impl GetOptions {
    /// Sets the lifetime to renew to.
    #[must_use]
    pub fn with_renew(mut self, ttl: Ttl) -> Self {
        self.renew = Some(ttl);
        self
    }

    /// Asks for the expiry.
    #[must_use]
    pub fn with_expiry(mut self) -> Self {
        self.expiry = ExpiryRead::Include;
        self
    }
}

/// When a `set` takes place.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Condition {
    /// In any case.
    #[default]
    Always,
    /// Only over a missing or expired entry.
    IfAbsent,
    /// Only over an existing entry.
    IfPresent,
    /// Only over an entry with exactly these bytes. Only where value conditions are declared.
    IfValue(Bytes),
}

impl Condition {
    /// Whether it holds over the value that is there, `None` where there is no entry. For drivers that judge it
    /// themselves.
    #[must_use]
    pub fn holds(&self, existing: Option<&[u8]>) -> bool {
        match self {
            Self::Always => true,
            Self::IfAbsent => existing.is_none(),
            Self::IfPresent => existing.is_some(),
            Self::IfValue(expected) => existing == Some(&**expected),
        }
    }
}

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always => f.write_str("Always"),
            Self::IfAbsent => f.write_str("IfAbsent"),
            Self::IfPresent => f.write_str("IfPresent"),
            Self::IfValue(value) => f.debug_tuple("IfValue").field(&HiddenValue(value)).finish(),
        }
    }
}

/// How an entry is written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetOptions {
    /// When it takes place.
    pub condition: Condition,
    /// The expiry afterwards.
    pub expiry: WriteExpiry,
    /// How far the write has to spread.
    pub durability: Durability,
}

impl SetOptions {
    /// An unconditional write.
    #[must_use]
    pub fn new(expiry: WriteExpiry) -> Self {
        Self { condition: Condition::Always, expiry, durability: Durability::default() }
    }

    /// Sets the condition.
    #[must_use]
    pub fn with_condition(mut self, condition: Condition) -> Self {
        self.condition = condition;
        self
    }

    /// Sets how far the write has to spread.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

impl From<Lifetime> for SetOptions {
    fn from(lifetime: Lifetime) -> Self {
        Self::new(WriteExpiry::Replace(lifetime))
    }
}

/// What became of a conditional `set`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use = "a refused condition is a result, not an error"]
pub enum SetOutcome {
    /// The condition held; value and expiry are those of the call.
    Stored,
    /// The condition did not hold; nothing changed, the expiry included.
    Refused,
}

impl SetOutcome {
    /// Whether it is [`SetOutcome::Stored`].
    pub fn is_stored(self) -> bool {
        self == Self::Stored
    }
}

/// When a `delete` takes place.
#[derive(Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DeleteOptions {
    /// Only an entry with exactly these bytes. Only where value conditions are declared.
    pub if_value: Option<Bytes>,
    /// How far the removal has to spread.
    pub durability: Durability,
}

impl DeleteOptions {
    /// Deletes only an entry with exactly these bytes.
    #[must_use]
    pub fn with_if_value(mut self, value: Bytes) -> Self {
        self.if_value = Some(value);
        self
    }

    /// Sets how far the removal has to spread.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

/// How the expiry of an entry is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ExpireOptions {
    /// The lifetime afterwards.
    pub lifetime: Lifetime,
    /// How far the change has to spread.
    pub durability: Durability,
}

impl ExpireOptions {
    /// Sets how far the change has to spread.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

impl From<Lifetime> for ExpireOptions {
    fn from(lifetime: Lifetime) -> Self {
        Self { lifetime, durability: Durability::default() }
    }
}

/// How a counter is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct CounterOptions {
    /// The lifetime of a counter that did not exist.
    pub on_create: Lifetime,
    /// How far the step has to spread.
    pub durability: Durability,
}

impl CounterOptions {
    /// A counter that is created gets this lifetime.
    #[must_use]
    pub fn new(on_create: Lifetime) -> Self {
        Self { on_create, durability: Durability::default() }
    }

    /// Sets how far the step has to spread.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

/// What any other write can be told beside what it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct WriteOptions {
    /// How far the write has to spread.
    pub durability: Durability,
}

impl WriteOptions {
    /// Sets how far the write has to spread.
    #[must_use]
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }
}

impl fmt::Debug for DeleteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeleteOptions")
            .field("if_value", &self.if_value.as_deref().map(HiddenValue))
            .field("durability", &self.durability)
            .finish()
    }
}

/// Which namespaces an enumeration covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// The namespace alone.
    #[default]
    Namespace,
    /// The namespace and all that is nested in it.
    Subtree,
}

/// A place in an enumeration, opaque to everyone but the driver that made it.
///
/// Its text may be handed to a client and taken back: a changed one is refused or walks other keys of the same
/// namespace, never of another. It may show the namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// Wraps the driver's text, or one that a caller kept.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The error of a driver that is given a cursor it did not make.
    #[must_use]
    pub fn invalid() -> Error {
        Error::new(ErrorKind::InvalidCursor, "the cursor was not made by this driver for this namespace")
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Cursor {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl From<&str> for Cursor {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// What a page of an enumeration covers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListOptions {
    /// Which namespaces.
    pub scope: Scope,
    /// How many keys a page aims at; it may hold fewer or more.
    pub limit: NonZeroUsize,
    /// Where the page before it ended.
    pub cursor: Option<Cursor>,
}

impl ListOptions {
    /// The target of a page unless the caller sets another: 256 keys.
    pub const DEFAULT_LIMIT: NonZeroUsize = NonZeroUsize::new(256).expect("a positive constant");

    /// Sets the scope.
    #[must_use]
    pub fn with_scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// Sets how many keys a page aims at.
    #[must_use]
    pub fn with_limit(mut self, limit: NonZeroUsize) -> Self {
        self.limit = limit;
        self
    }

    /// Continues where a page ended.
    #[must_use]
    pub fn with_cursor(mut self, cursor: Cursor) -> Self {
        self.cursor = Some(cursor);
        self
    }
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { scope: Scope::Namespace, limit: Self::DEFAULT_LIMIT, cursor: None }
    }
}

/// A key with the namespace that it is in. Ordered by namespace, then by key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct ListedKey {
    /// The namespace, as seen by the store that was asked: from a driver complete from its root, from a handle what
    /// lies below the handle.
    pub namespace: Namespace,
    /// The key in it.
    pub key: KeyBuf,
}

impl ListedKey {
    /// A key in a namespace.
    #[must_use]
    pub fn new(namespace: Namespace, key: KeyBuf) -> Self {
        Self { namespace, key }
    }
}

/// The key, wherever a key is asked for.
impl AsRef<str> for ListedKey {
    fn as_ref(&self) -> &str {
        self.key.as_str()
    }
}

/// A part of an enumeration.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Page {
    /// The keys. A page may be empty and yet not be the last.
    pub keys: Vec<ListedKey>,
    /// Where to go on; `None` alone says that this was the last page.
    pub next: Option<Cursor>,
}

impl Page {
    /// A page.
    #[must_use]
    pub fn new(keys: Vec<ListedKey>, next: Option<Cursor>) -> Self {
        Self { keys, next }
    }
}

/// One item of a batch that is written.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchItem<'a> {
    /// The key in the batch's namespace.
    pub key: Key<'a>,
    /// The value.
    pub value: Bytes,
    /// The expiry afterwards.
    pub expiry: WriteExpiry,
}

impl<'a> BatchItem<'a> {
    /// An item.
    #[must_use]
    pub fn new(key: Key<'a>, value: Bytes, expiry: WriteExpiry) -> Self {
        Self { key, value, expiry }
    }
}

impl fmt::Debug for BatchItem<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BatchItem")
            .field("key", &self.key)
            .field("value", &HiddenValue(&self.value))
            .field("expiry", &self.expiry)
            .finish()
    }
}

/// Turns a limit as people write it into one that drivers take.
pub(crate) fn page_limit(limit: usize) -> Result<NonZeroUsize> {
    NonZeroUsize::new(limit)
        .ok_or_else(|| Error::new(ErrorKind::InvalidArgument, "a page limit is at least 1; limit=0"))
}
