//! Enumeration: `list` a page at a time, `clear` a step at a time, and the cursor between two pages.

use std::ops::Bound;

use store_core::{Address, Cursor, KeyBuf, ListOptions, ListedKey, Namespace, Page, Result, Scope};

use crate::entries::{Entries, Reader};
use crate::error::{Failure, corrupt};
use crate::row::{self, Span};
use crate::snapshot::Snapshot;
use crate::step::Writing;
use crate::sweep::STEP;
use crate::tables::expires_at;
use crate::timeline::Moment;

/// A page looks at no more entries than this, however large a limit was asked for.
const MAX_PAGE: usize = 1024;

/// A page of a namespace that is to be read.
pub(crate) struct Listing {
    span: Span,
    scope: Scope,
    most: usize,
}

impl Listing {
    pub(crate) fn new(namespace: &Namespace, options: &ListOptions) -> Result<Self> {
        let mut span = row::span(namespace, options.scope);
        if let Some(cursor) = &options.cursor {
            let last = parse(cursor.as_str(), options.scope).filter(|last| match options.scope {
                Scope::Namespace => last.namespace == *namespace,
                Scope::Subtree => last.namespace.is_within(namespace),
            });
            let last = last.ok_or_else(Cursor::invalid)?;
            span.0 = Bound::Excluded(row::of(Address { namespace: &last.namespace, key: last.key.as_key() }));
        }
        Ok(Self { span, scope: options.scope, most: options.limit.get().min(MAX_PAGE) })
    }

    pub(crate) fn read(&self, snapshot: &Snapshot<'_>, moment: &Moment) -> Result<Page, Failure> {
        let entries = Reader::open(snapshot)?;
        let (mut keys, mut last) = (Vec::new(), None);
        for (looked_at, entry) in entries.range(&self.span)?.enumerate() {
            if looked_at == self.most {
                return Ok(Page::new(keys, last.map(|last| spell(self.scope, &last))));
            }
            let (row, stored) = entry?;
            let listed = row::parse(row.value()).ok_or_else(|| corrupt("the row of an entry"))?;
            if !moment.is_past(expires_at(stored.value().0)?) {
                keys.push(listed.clone());
            }
            last = Some(listed);
        }
        Ok(Page::new(keys, None))
    }
}

/// What cursors begin with, so that those of other drivers are refused.
const MARK: &str = "redb";

/// What a cursor is told of its scope: one of a subtree must not go on in the namespace alone.
fn letter(scope: Scope) -> &'static str {
    match scope {
        Scope::Namespace => "n",
        Scope::Subtree => "s",
    }
}

/// The entry that a page ended with.
fn spell(scope: Scope, last: &ListedKey) -> Cursor {
    Cursor::new([MARK, letter(scope), last.namespace.as_encoded(), last.key.as_str()].join(":"))
}

/// Accepts nothing but what [`spell`] writes. No character of an encoded namespace is a colon.
fn parse(cursor: &str, scope: Scope) -> Option<ListedKey> {
    let mut parts = cursor.splitn(4, ':');
    if (parts.next()?, parts.next()?) != (MARK, letter(scope)) {
        return None;
    }
    Some(ListedKey::new(Namespace::from_encoded(parts.next()?)?, KeyBuf::new(parts.next()?).ok()?))
}

/// What is left of a namespace that is to be cleared.
pub(crate) struct Clearing(Span);

impl Clearing {
    /// All that is there now. What is written behind the last of it stays: else a writer could keep the walk going.
    pub(crate) fn begin(namespace: &Namespace, snapshot: &Snapshot<'_>) -> Result<Option<Self>, Failure> {
        let (start, end) = row::span(namespace, Scope::Subtree);
        let entries = Reader::open(snapshot)?;
        let last = entries.range(&(start.clone(), end))?.next_back().transpose()?;
        Ok(last.map(|(row, _)| Self((start, Bound::Included(row.value().to_vec())))))
    }

    /// Removes up to [`STEP`] entries; how many had not expired, and what is left.
    pub(crate) fn step(&self, writing: &Writing<'_>) -> Result<(u64, Option<Self>), Failure> {
        let (snapshot, moment) = writing.snapshot();
        let mut rows = Vec::new();
        for entry in Reader::open(&snapshot)?.range(&self.0)?.take(STEP) {
            let (row, stored) = entry?;
            rows.push((row.value().to_vec(), expires_at(stored.value().0)?));
        }
        let mut entries = Entries::open(writing)?;
        let mut removed = 0;
        for (row, expires_at) in &rows {
            entries.remove(row, *expires_at)?;
            removed += u64::from(!moment.is_past(*expires_at));
        }
        let is_done = rows.len() < STEP;
        let left = rows.pop().filter(|_| !is_done).map(|(last, _)| Self((Bound::Excluded(last), self.0.1.clone())));
        Ok((removed, left))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(encoded: &str, key: &str) -> ListedKey {
        ListedKey::new(Namespace::from_encoded(encoded).unwrap(), KeyBuf::new(key).unwrap())
    }

    #[test]
    fn cursors_come_back_as_they_were() {
        for last in [listed("", "k"), listed("a/b%3A", ":k:\0é")] {
            for scope in [Scope::Namespace, Scope::Subtree] {
                assert_eq!(parse(spell(scope, &last).as_str(), scope), Some(last.clone()));
            }
        }
    }

    #[test]
    fn what_no_cursor_spells_is_refused() {
        for text in
            ["", "redb", "redb:n", "redb:n:", "redb:n::", "redb:n:a b:k", "redb:n:/:k", "redb:s::k", "memory:n::k"]
        {
            assert_eq!(parse(text, Scope::Namespace), None, "{text}");
        }
    }
}
