//! Enumeration: `list` a page at a time, `clear` a step at a time, and the cursor between two pages.

use store_core::{Cursor, ListOptions, Namespace, Page, Result, Scope};

use crate::engine::Engine;
use crate::namespaces::{Covered, Place};
use crate::shard::STEP;

/// A page looks at no more entries than this, however large a limit was asked for.
const MAX_PAGE: usize = 1024;

impl Engine {
    pub(crate) fn list(&self, namespace: &Namespace, options: &ListOptions) -> Result<Page> {
        let covered = Covered::new(namespace, options.scope);
        let mut walk = match &options.cursor {
            Some(cursor) => self.resume(&covered, cursor)?,
            None => Walk { shard: 0, place: None },
        };
        let mut keys = Vec::new();
        let mut left = options.limit.get().min(MAX_PAGE);
        while left > 0 && walk.shard < self.shards.len() {
            let shard = self.read(walk.shard)?;
            let now = self.clock.recent();
            let listed = shard.list(&covered, walk.place.take(), left.min(STEP), now, &mut keys);
            left -= listed.visited;
            walk.advance(listed.next);
        }
        let next = (walk.shard < self.shards.len()).then(|| walk.to_cursor());
        Ok(Page::new(keys, next))
    }

    fn resume(&self, covered: &Covered, cursor: &Cursor) -> Result<Walk> {
        Walk::parse(cursor.as_str())
            .filter(|walk| walk.shard < self.shards.len())
            .filter(|walk| walk.place.as_ref().is_none_or(|place| covered.contains(&place.namespace)))
            .ok_or_else(Cursor::invalid)
    }

    /// Removes a namespace and all that is nested in it; of the empty one, everything.
    pub(crate) async fn clear_subtree(&self, namespace: &Namespace) -> Result<u64> {
        let covered = Covered::new(namespace, Scope::Subtree);
        let mut removed = 0;
        for shard in 0..self.shards.len() {
            let present = self.read(shard)?.present(&covered);
            let mut place = None;
            loop {
                let mut freed = Vec::new();
                let cleared = {
                    let mut shard = self.write(shard)?;
                    shard.clear(&present, place, self.clock.now(), &mut freed)
                };
                removed += cleared.removed;
                if !freed.is_empty() {
                    drop(freed);
                    tokio::task::yield_now().await;
                }
                place = cleared.next;
                if place.is_none() {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

/// Where an enumeration stands: in which shard, and where in it unless at its beginning.
#[derive(Debug, PartialEq, Eq)]
struct Walk {
    shard: usize,
    place: Option<Place>,
}

impl Walk {
    /// What cursors begin with, so that those of other drivers are refused.
    const MARK: &str = "memory";

    fn advance(&mut self, next: Option<Place>) {
        self.shard += usize::from(next.is_none());
        self.place = next;
    }

    fn to_cursor(&self) -> Cursor {
        let (mark, shard) = (Self::MARK, self.shard);
        Cursor::new(match &self.place {
            None => format!("{mark}:{shard}"),
            Some(place) => format!("{mark}:{shard}:{}:{}", place.below, place.namespace.as_encoded()),
        })
    }

    /// Accepts nothing but what [`to_cursor`](Self::to_cursor) writes.
    fn parse(cursor: &str) -> Option<Self> {
        let mut parts = cursor.splitn(4, ':');
        let mark = parts.next()?;
        let shard = number(parts.next()?)?;
        let place = match (parts.next(), parts.next()) {
            (None, _) => None,
            (Some(below), path) => Some(Place { below: number(below)?, namespace: Namespace::from_encoded(path?)? }),
        };
        (mark == Self::MARK).then_some(Self { shard, place })
    }
}

/// A number in its one spelling, which `parse` alone would not insist on.
fn number(text: &str) -> Option<usize> {
    text.parse().ok().filter(|number: &usize| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_as_they_were() {
        for place in [None, Some(Place { namespace: Namespace::EMPTY, below: 7 }), Some(place("a/b%3A", 0))] {
            let walk = Walk { shard: 3, place };
            assert_eq!(Walk::parse(walk.to_cursor().as_str()), Some(walk));
        }
    }

    #[test]
    fn what_no_cursor_spells_is_refused() {
        for text in
            ["", "memory", "memory:", "memory:x", "memory:01", "memory:+1", "memory:1:", "memory:1:2", "redis:1"]
        {
            assert_eq!(Walk::parse(text), None, "{text}");
        }
        for text in ["memory:1:2:a b", "memory:1:-2:a", "memory:1:2:a:b", "memory:1:2:/", "memory:99999999999999999999"]
        {
            assert_eq!(Walk::parse(text), None, "{text}");
        }
    }

    fn place(encoded: &str, below: usize) -> Place {
        Place { namespace: Namespace::from_encoded(encoded).unwrap(), below }
    }
}
