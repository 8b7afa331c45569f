//! The steps of a program that go over many entries: lists, alone or while others write, and clears.

use std::collections::BTreeMap;

use store_core::{Cursor, ErrorKind, ListedKey, Listing, Namespace, StoreExt};

use crate::context::StoreHandle;
use crate::failure::{Failure, ensure, refused_with};
use crate::walk::{Reach, walk};

use super::op::{Meanwhile, Through, When};
use super::oracle::{Guard, Place};
use super::program::Run;

/// A list that others write to is over after so many pages, or it never is.
const MAX_PAGES: usize = 1000;

impl Run<'_> {
    pub(super) async fn list(
        &mut self,
        store: &StoreHandle,
        space: usize,
        reach: Reach,
        limit: usize,
    ) -> Result<(), Failure> {
        let listing = self.capabilities.listing;
        if listing == Listing::None {
            return refused_with(store.list().await, ErrorKind::Unsupported, "list").map(drop);
        }
        let (listed, during) = self.time.measure(walk(store, reach, limit)).await;
        let mut seen: BTreeMap<Place, usize> = BTreeMap::new();
        for (path, key) in listed? {
            let place = self.place_of(space, &path, &key)?;
            *seen.entry(place).or_default() += 1;
        }
        if listing == Listing::ByteOrder {
            ensure!(seen.values().all(|&times| times == 1), "listed an entry twice: {seen:?}");
        }
        let paths = &self.paths;
        self.model.list(during, |other| covers(paths, space, reach, other), &seen)
    }

    /// Lists by small pages through one handle, while entries are written and deleted through the other.
    pub(super) async fn list_while_writing(
        &mut self,
        through: Through,
        space: usize,
        (reach, limit): (Reach, usize),
        writes: &[Meanwhile],
    ) -> Result<(), Failure> {
        let (listing, store) = (self.capabilities.listing, self.handle(through, space).store.clone());
        if listing == Listing::None {
            return refused_with(store.list().limit(limit).await, ErrorKind::Unsupported, "list").map(drop);
        }
        let mut walk = Some(self.model.begin_walk(|other| covers(&self.paths, space, reach, other)));
        let mut seen: BTreeMap<Place, usize> = BTreeMap::new();
        let (mut writes, mut cursor): (_, Option<Cursor>) = (writes.iter(), None);
        for _ in 0..MAX_PAGES {
            if walk.is_some() {
                let list = store.list().limit(limit).after(cursor.take());
                let page = match reach {
                    Reach::Namespace => list.await?,
                    Reach::Subtree => list.subtree().await?,
                };
                for ListedKey { namespace, key, .. } in page.keys {
                    *seen.entry(self.place_of(space, &namespace, key.as_str())?).or_default() += 1;
                }
                cursor = page.next;
            }
            if let Some(walk) = walk.take_if(|_| cursor.is_none()) {
                walk.judge(self.time.now(), &seen, listing)?;
            }
            // What is left of them when the list is over is written all the same, so that the next step finds the same
            // whatever a driver takes for a page.
            match (writes.next(), &mut walk) {
                (None, None) => return Ok(()),
                (None, Some(_)) => {}
                (Some(write), walk) => {
                    self.write_meanwhile(through.other(), write).await?;
                    if let Some(walk) = walk.as_mut().filter(|_| covers(&self.paths, space, reach, write.space)) {
                        walk.note(write);
                    }
                }
            }
        }
        Err(Failure::new(format!("the list did not end within {MAX_PAGES} pages")))
    }

    async fn write_meanwhile(&mut self, through: Through, write: &Meanwhile) -> Result<(), Failure> {
        let store = self.handle(through, write.space).store.clone();
        let (place, key) = ((write.space, write.key), self.key(write.key));
        match &write.value {
            Some(value) => {
                let (expiry, written) = self.terms.resolve(When::Never);
                let (done, during) = self.time.measure(store.set(key, value.clone()).expiry(expiry)).await;
                done?;
                self.model.set(place, during, value.clone(), written, &Guard::Always, true)
            }
            None => {
                let (removed, during) = self.time.measure(store.delete(key)).await;
                self.model.delete(place, during, &Guard::Always, removed?)
            }
        }
    }

    /// Which place of the program a listed key is, whose namespace is given relative to `space`.
    fn place_of(&self, space: usize, path: &Namespace, key: &str) -> Result<Place, Failure> {
        let path = self.paths[space].join(path)?;
        let space = self.paths.iter().position(|known| *known == path);
        let id = self.program.keys.iter().position(|known| known == key);
        space.zip(id).ok_or_else(|| Failure::new(format!("listed a key that nobody wrote: {path:?} {key:?}")))
    }

    pub(super) async fn clear(&mut self, store: &StoreHandle, space: usize) -> Result<(), Failure> {
        if self.capabilities.listing == Listing::None {
            return refused_with(store.clear().await, ErrorKind::Unsupported, "clear").map(drop);
        }
        let paths = &self.paths;
        let covers = |other: usize| covers(paths, space, Reach::Subtree, other);
        if (0..paths.len()).any(|other| other != space && covers(other)) {
            self.coverage.count("nested_clear");
        }
        let (removed, during) = self.time.measure(store.clear()).await;
        self.model.clear(during, covers, removed?)
    }
}

/// Whether what goes over `space` goes over another namespace of the program.
pub(super) fn covers(paths: &[Namespace], space: usize, reach: Reach, other: usize) -> bool {
    match reach {
        Reach::Namespace => other == space,
        Reach::Subtree => paths[other].is_within(&paths[space]),
    }
}
