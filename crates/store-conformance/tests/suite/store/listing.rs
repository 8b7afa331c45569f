//! Pages of keys, and what clearing removes.

use store_core::{Clock, Cursor, Error, ErrorKind, Key, ListOptions, ListedKey, Namespace, Page, Result, Scope};

use super::{Cell, ModelStore, Place, State};
use crate::fault::Fault;

/// What each cursor begins with.
const CURSOR: &str = "behind ";

/// How many entries a walk takes at a time, where it takes them by pages.
const PAGE: usize = 1000;

/// An entry where it is kept.
type Kept<'a> = (&'a Place, &'a (Namespace, Cell));

impl ModelStore {
    pub(super) fn page(&self, namespace: &Namespace, options: &ListOptions) -> Result<Page> {
        let behind = match &options.cursor {
            None => None,
            Some(cursor) => match self.place_of(cursor) {
                Some(place) => Some(place),
                None if self.has(Fault::AcceptsAnyCursor) => None,
                None => return Err(Cursor::invalid()),
            },
        };
        let elsewhere = behind.as_ref().filter(|_| self.has(Fault::CursorLeadsAnywhere));
        let elsewhere = elsewhere.and_then(|(space, _)| Namespace::from_encoded(space));
        let namespace = elsewhere.as_ref().filter(|space| !space.is_within(namespace)).unwrap_or(namespace);
        let state = self.open()?;
        let unreadable = || state.unreadable.iter().any(|space| is_inside(space, namespace, options.scope));
        if self.has(Fault::ListFailsAtUnreadableKeys) && unreadable() {
            return Err(Error::new(ErrorKind::Corrupt, "a key that is no text"));
        }
        let inside = |space: &Namespace, cell: &Cell| {
            let living = self.has(Fault::ListsExpired) || !cell.expires_at.is_past(self.clock.now());
            living && is_inside(space, namespace, options.scope)
        };
        let candidates = self.candidates(&state, namespace);
        let mut all: Vec<_> = candidates.filter(|(_, (space, cell))| inside(space, cell)).collect();
        if self.has(Fault::ListsInUtf16Order) {
            all.sort_by_key(|(place, _)| in_utf16(place));
        }
        let begin = match (&behind, self.fault) {
            (None, _) => 0,
            (Some((_, passed)), Fault::CursorCountsKeys) => all.len().min(passed.parse().unwrap_or(0)),
            (Some(behind), Fault::ListsInUtf16Order) => {
                all.partition_point(|(place, _)| in_utf16(place) <= in_utf16(behind))
            }
            (Some(behind), Fault::CursorRepeatsAfterWrite) if self.is_outdated(&state, options.cursor.as_ref()) => {
                all.partition_point(|(place, _)| *place < behind)
            }
            (Some(behind), Fault::ListNeverEnds) => {
                let begin = all.partition_point(|(place, _)| *place <= behind);
                if begin == all.len() { 0 } else { begin }
            }
            (Some(behind), _) => all.partition_point(|(place, _)| *place <= behind),
        };
        let rest = all.split_off(begin);
        let (listed, left) = rest.split_at(rest.len().min(options.limit.get()));
        let mut keys = Vec::new();
        for ((_, key), (space, _)) in listed {
            let relative = space.relative_to(namespace).unwrap_or_default();
            let key = ListedKey::new(namespace.join(&relative)?, Key::new(key)?.to_buf());
            keys.extend(std::iter::repeat_n(key, if self.has(Fault::ListRepeatsKeys) { 2 } else { 1 }));
        }
        let last = listed.last().map(|(place, _)| *place).filter(|_| self.goes_on(left.len(), options));
        Ok(Page::new(keys, last.map(|last| self.cursor_behind(&state, last, begin + listed.len()))))
    }

    /// The entries among which those of a namespace and of all nested in it are: those whose namespaces begin like this, so
    /// that a walk does not look at everything there is; or all, where namespaces are spelled or read otherwise.
    fn candidates<'a>(&self, state: &'a State, namespace: &Namespace) -> Box<dyn Iterator<Item = Kept<'a>> + 'a> {
        match self.fault {
            Fault::JoinsSegmentsPlainly
            | Fault::JoinsSegmentsByUnderscore
            | Fault::JoinsNamespaceAndKey
            | Fault::ClearsByGlob
            | Fault::ClearTakesEverything => Box::new(state.cells.iter()),
            _ => {
                let root = namespace.as_encoded().to_owned();
                let behind = state.cells.range((root.clone(), String::new())..);
                Box::new(behind.take_while(move |((space, _), _)| space.starts_with(&root)))
            }
        }
    }

    /// Whether a page has a next one, when so many keys are behind it.
    fn goes_on(&self, left: usize, options: &ListOptions) -> bool {
        match self.fault {
            Fault::ListSkipsLastPage => left > options.limit.get(),
            Fault::ListReadsOnePage => false,
            Fault::ListNeverEnds => true,
            _ => left > 0,
        }
    }

    fn cursor_behind(&self, state: &State, (space, key): &Place, passed: usize) -> Cursor {
        match self.fault {
            Fault::CursorCountsKeys => Cursor::new(format!("{CURSOR}0:{passed}")),
            Fault::CursorRepeatsAfterWrite => Cursor::new(format!("{CURSOR}{} {space}:{key}", state.changes)),
            _ => Cursor::new(format!("{CURSOR}{space}:{key}")),
        }
    }

    /// The place behind which a page starts: no character of an encoded namespace is a colon.
    fn place_of(&self, cursor: &Cursor) -> Option<Place> {
        let text = cursor.as_str().strip_prefix(CURSOR)?;
        let text = if self.has(Fault::CursorRepeatsAfterWrite) { text.split_once(' ')?.1 } else { text };
        let (namespace, key) = text.split_once(':')?;
        Some((namespace.to_owned(), key.to_owned()))
    }

    /// Whether anything was written since the page that a cursor is of.
    fn is_outdated(&self, state: &State, cursor: Option<&Cursor>) -> bool {
        let text = cursor.and_then(|cursor| cursor.as_str().strip_prefix(CURSOR)?.split_once(' '));
        text.is_some_and(|(changes, _)| changes != state.changes.to_string())
    }

    /// Empties a namespace; how many it removed.
    pub(super) fn remove_all(&self, namespace: &Namespace) -> Result<u64> {
        if let Some(records) = self.records.as_ref().filter(|_| self.has(Fault::ClearTakesCollections)) {
            records.forget_all();
        }
        let mut state = self.open()?;
        let unreadable = self.remove_unreadable(&mut state, namespace);
        let now = self.clock.now();
        let candidates = self.candidates(&state, namespace);
        let most = if self.has(Fault::ClearEndsAfterAPage) { PAGE } else { usize::MAX };
        let inside = candidates.filter(|(_, (space, _))| self.is_cleared(space, namespace));
        let inside: Vec<_> = inside.take(most).collect();
        let counted = |(_, (space, cell)): &&Kept<'_>| {
            !cell.expires_at.is_past(now) && (!self.has(Fault::ClearMiscounts) || space == namespace)
        };
        let removed = inside.iter().filter(counted).count() as u64;
        let places: Vec<_> = inside.into_iter().map(|(place, _)| place.clone()).collect();
        places.iter().for_each(|place| drop(state.cells.remove(place)));
        Ok(removed + unreadable)
    }

    /// Removes the entries of a namespace whose keys are no text; how many.
    fn remove_unreadable(&self, state: &mut State, namespace: &Namespace) -> u64 {
        if self.has(Fault::ClearLeavesUnreadableKeys) {
            return 0;
        }
        let before = state.unreadable.len();
        state.unreadable.retain(|space| !self.is_cleared(space, namespace));
        (before - state.unreadable.len()) as u64
    }

    fn is_cleared(&self, space: &Namespace, namespace: &Namespace) -> bool {
        match self.fault {
            Fault::ClearsByPrefix => space.as_encoded().starts_with(namespace.as_encoded()),
            Fault::ClearsByGlob => {
                let pattern = text_of(namespace);
                let (exact, nested) = (pattern.clone(), pattern + "/*");
                let text = text_of(space);
                matches(exact.as_bytes(), text.as_bytes()) || matches(nested.as_bytes(), text.as_bytes())
            }
            Fault::ClearTakesEverything => true,
            Fault::ClearKeepsNested => space == namespace,
            _ => space.is_within(namespace),
        }
    }
}

fn is_inside(namespace: &Namespace, root: &Namespace, scope: Scope) -> bool {
    match scope {
        Scope::Namespace => namespace == root,
        Scope::Subtree => namespace.is_within(root),
    }
}

fn in_utf16((namespace, key): &Place) -> (String, Vec<u16>) {
    (namespace.clone(), key.encode_utf16().collect())
}

fn text_of(namespace: &Namespace) -> String {
    namespace.segments().collect::<Vec<_>>().join("/")
}

/// Whether a text is as a glob pattern has it, of which it knows `*` and `?`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => {
            matches(rest, text) || text.split_first().is_some_and(|(_, text)| matches(pattern, text))
        }
        ([b'?', pattern @ ..], [_, text @ ..]) => matches(pattern, text),
        ([one, pattern @ ..], [other, text @ ..]) => one == other && matches(pattern, text),
        _ => false,
    }
}
