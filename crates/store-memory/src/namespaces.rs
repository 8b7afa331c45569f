//! Which slots of a shard belong to which namespace.
//!
//! Because every namespace lists its own members, `clear` and `list` touch nothing but the entries they are about,
//! however full the shard is of others.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;

use store_core::{Namespace, Scope};

use crate::budget::namespace_cost;
use crate::growth;

#[derive(Default)]
pub(crate) struct Namespaces {
    by_path: BTreeMap<Path, u32>,
    parts: Vec<Part>,
    vacant: Vec<u32>,
    bytes: usize,
}

/// A namespace with its members. A vacant part has none.
#[derive(Default)]
struct Part {
    namespace: Namespace,
    members: Vec<u32>,
}

/// Where a slot is listed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Membership {
    pub(crate) part: u32,
    pub(crate) position: u32,
}

/// A namespace ordered and looked up by its encoded path, which makes a subtree a range.
#[derive(PartialEq, Eq)]
struct Path(Namespace);

impl Ord for Path {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.as_encoded().cmp(other.0.as_encoded())
    }
}

impl PartialOrd for Path {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Borrow<str> for Path {
    fn borrow(&self) -> &str {
        self.0.as_encoded()
    }
}

impl Namespaces {
    /// What the namespaces themselves cost.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn of(&self, part: u32) -> &Namespace {
        &self.parts[part as usize].namespace
    }

    /// Lists a slot under its namespace.
    pub(crate) fn join(&mut self, namespace: &Namespace, slot: u32) -> Membership {
        let part = match self.by_path.get(namespace.as_encoded()) {
            Some(&part) => part,
            None => self.open(namespace),
        };
        let members = &mut self.parts[part as usize].members;
        let position = members.len() as u32;
        growth::push(members, slot);
        Membership { part, position }
    }

    /// Takes a slot from its namespace. The last member gets its position and is returned, to be told.
    pub(crate) fn leave(&mut self, membership: Membership) -> Option<u32> {
        let part = &mut self.parts[membership.part as usize];
        part.members.swap_remove(membership.position as usize);
        growth::shrink(&mut part.members);
        if part.members.is_empty() {
            self.close(membership.part);
            return None;
        }
        part.members.get(membership.position as usize).copied()
    }

    /// Follows the shard when it gives a slot another number.
    pub(crate) fn renumber(&mut self, membership: Membership, slot: u32) {
        self.parts[membership.part as usize].members[membership.position as usize] = slot;
    }

    /// Gives memory back once less than half of the parts are in use: those in use at the end get the numbers of vacant
    /// ones, and `moved` is told of each of their members.
    ///
    /// This costs as much as the parts that move have members. A part only ever gets a lower number, and as many
    /// namespaces as are left have closed since the last time.
    pub(crate) fn shrink(&mut self, mut moved: impl FnMut(u32, Membership)) {
        let open = self.by_path.len();
        if !growth::is_sparse(open, self.parts.len()) {
            return;
        }
        let tail = self.parts.drain(open..).filter(|part| !part.members.is_empty()).collect::<Vec<_>>();
        let holes = std::mem::take(&mut self.vacant).into_iter().filter(|&part| (part as usize) < open);
        for (number, part) in holes.zip(tail) {
            for (position, &slot) in part.members.iter().enumerate() {
                moved(slot, Membership { part: number, position: position as u32 });
            }
            *self.by_path.get_mut(part.namespace.as_encoded()).expect("every part in use has its path") = number;
            self.parts[number as usize] = part;
        }
        growth::shrink(&mut self.parts);
    }

    fn open(&mut self, namespace: &Namespace) -> u32 {
        let part = self.vacant.pop().unwrap_or_else(|| {
            growth::push(&mut self.parts, Part::default());
            self.parts.len() as u32 - 1
        });
        self.parts[part as usize].namespace = namespace.clone();
        self.by_path.insert(Path(namespace.clone()), part);
        self.bytes += namespace_cost(namespace);
        part
    }

    fn close(&mut self, part: u32) {
        let Part { namespace, .. } = std::mem::take(&mut self.parts[part as usize]);
        self.bytes -= namespace_cost(&namespace);
        self.by_path.remove(namespace.as_encoded());
        growth::push(&mut self.vacant, part);
        if self.by_path.is_empty() {
            *self = Self::default();
        }
    }

    /// Appends up to `max` members of the covered namespaces to `slots`, going on from `place`. Returns where to go on,
    /// or `None` when nothing is left.
    ///
    /// The members of a namespace are walked from the last to the first, and a place says how many are still to come.
    /// A member only ever moves to a lower position (the last one, when another leaves), and new ones are appended.
    /// Whoever is still to come therefore stays so, whatever happens between two steps: a member that is present
    /// throughout is found at least once. And because the number only falls, writers cannot keep a walk from ending.
    pub(crate) fn walk(
        &self,
        covered: &Covered,
        mut place: Option<Place>,
        max: usize,
        slots: &mut Vec<u32>,
    ) -> Option<Place> {
        while slots.len() < max {
            let (part, below) = self.next(covered, place.as_ref())?;
            let first = below.saturating_sub(max - slots.len());
            slots.extend(part.members[first..below].iter().rev());
            place = Some(Place { namespace: part.namespace.clone(), below: first });
        }
        place
    }

    /// The namespace where a walk goes on, and how many of its members are still to come.
    fn next(&self, covered: &Covered, place: Option<&Place>) -> Option<(&Part, usize)> {
        let (here, below) = match place {
            None => (&covered.root, usize::MAX),
            Some(place) => (&place.namespace, place.below),
        };
        let part = match self.by_path.get(here.as_encoded()) {
            Some(part) if below > 0 => part,
            _ => return self.children_after(covered, here).next().map(|part| (part, part.members.len())),
        };
        let part = &self.parts[*part as usize];
        Some((part, part.members.len().min(below)))
    }

    fn children_after(&self, covered: &Covered, here: &Namespace) -> impl DoubleEndedIterator<Item = &Part> {
        let after = here.as_encoded().max(&covered.children_from);
        let range = (Bound::Excluded(after), covered.children_to.as_ref().map(|end| &**end));
        // A range that ends where it starts, or before, is one that `BTreeMap::range` panics on.
        let is_empty = matches!(&covered.children_to, Bound::Excluded(end) | Bound::Included(end) if &**end <= after);
        let found = (!is_empty).then(|| self.by_path.range::<str, _>(range));
        found.into_iter().flatten().map(|(_, &part)| &self.parts[part as usize])
    }

    /// What is covered, without the namespaces that sort behind all that are there now.
    ///
    /// A walk that removes entries stays within it: else writers who open one namespace after another, say for each
    /// job, could keep it busy for as long as they like.
    pub(crate) fn present(&self, covered: &Covered) -> Covered {
        let last = self.children_after(covered, &covered.root).next_back();
        let end = last.map_or(&covered.root, |part| &part.namespace).as_encoded();
        let mut present = covered.clone();
        present.children_to = Bound::Included(end.into());
        present
    }
}

/// Where a walk within a shard stands: in which namespace, and how many of its members are still to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) namespace: Namespace,
    pub(crate) below: usize,
}

/// The namespaces that a walk covers: one, and a range of those nested in it.
#[derive(Clone, Debug)]
pub(crate) struct Covered {
    root: Namespace,
    children_from: Box<str>,
    children_to: Bound<Box<str>>,
}

impl Covered {
    pub(crate) fn new(root: &Namespace, scope: Scope) -> Self {
        let path = root.as_encoded();
        let (children_from, children_to) = match scope {
            Scope::Namespace => (path.into(), Bound::Included(path.into())),
            Scope::Subtree if root.is_empty() => (path.into(), Bound::Unbounded),
            // `0` follows `/` in ASCII. Siblings with a common prefix sort before the range (`app-x`, `app.x`) or
            // behind it (`app0`, `apple`).
            Scope::Subtree => (format!("{path}/").into(), Bound::Excluded(format!("{path}0").into())),
        };
        Self { root: root.clone(), children_from, children_to }
    }

    pub(crate) fn contains(&self, namespace: &Namespace) -> bool {
        let path = namespace.as_encoded();
        let before_end = match &self.children_to {
            Bound::Included(end) => path <= &**end,
            Bound::Excluded(end) => path < &**end,
            Bound::Unbounded => true,
        };
        *namespace == self.root || (path > &*self.children_from && before_end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(encoded: &str) -> Namespace {
        Namespace::from_encoded(encoded).unwrap()
    }

    fn with_one_member_each(paths: &[&str]) -> Namespaces {
        let mut namespaces = Namespaces::default();
        for (slot, encoded) in paths.iter().enumerate() {
            namespaces.join(&path(encoded), slot as u32);
        }
        namespaces
    }

    fn walked(namespaces: &Namespaces, covered: &Covered) -> Vec<u32> {
        let mut all = Vec::new();
        let mut place = None;
        loop {
            let mut slots = Vec::new();
            place = namespaces.walk(covered, place, 2, &mut slots);
            assert!(slots.len() <= 2);
            all.extend(slots);
            if place.is_none() {
                return all;
            }
        }
    }

    const LOOK_ALIKES: [&str; 10] = ["", "ap", "app", "app-x", "app.x", "app/%00", "app/x", "app/x/y", "app0", "apple"];

    #[test]
    fn a_subtree_is_the_namespace_and_what_is_nested_in_it() {
        let namespaces = with_one_member_each(&LOOK_ALIKES);
        for root in LOOK_ALIKES.map(path) {
            let covered = Covered::new(&root, Scope::Subtree);
            for (slot, encoded) in LOOK_ALIKES.iter().enumerate() {
                let within = path(encoded).is_within(&root);
                assert_eq!(walked(&namespaces, &covered).contains(&(slot as u32)), within, "{encoded} in {root}");
                assert_eq!(covered.contains(&path(encoded)), within, "{encoded} in {root}");
            }
        }
    }

    #[test]
    fn one_namespace_is_walked_without_its_children() {
        let namespaces = with_one_member_each(&LOOK_ALIKES);
        for (slot, root) in LOOK_ALIKES.map(path).iter().enumerate() {
            assert_eq!(walked(&namespaces, &Covered::new(root, Scope::Namespace)), [slot as u32]);
        }
    }

    #[test]
    fn present_leaves_out_what_is_opened_later() {
        let mut namespaces = with_one_member_each(&["jobs/1", "jobs/2"]);
        let all = Covered::new(&path("jobs"), Scope::Subtree);
        let present = namespaces.present(&all);
        let empty = Namespaces::default().present(&all);
        namespaces.join(&path("jobs/3"), 2);
        assert_eq!(walked(&namespaces, &all), [0, 1, 2]);
        assert_eq!(walked(&namespaces, &present), [0, 1]);
        assert_eq!(walked(&namespaces, &empty), [] as [u32; 0]);
    }

    #[test]
    fn a_namespace_costs_nothing_when_its_last_member_has_left() {
        let mut namespaces = Namespaces::default();
        let one = namespaces.join(&path("a"), 0);
        let two = namespaces.join(&path("a"), 1);
        let other = namespaces.join(&path("b/c"), 2);
        assert_eq!(namespaces.bytes(), namespace_cost(&path("a")) + namespace_cost(&path("b/c")));
        assert_eq!(namespaces.leave(one), Some(1));
        assert_eq!(namespaces.leave(Membership { position: 0, ..two }), None);
        assert_eq!(namespaces.bytes(), namespace_cost(&path("b/c")));
        assert_eq!(namespaces.leave(other), None);
        assert_eq!((namespaces.bytes(), namespaces.parts.capacity()), (0, 0));
    }

    proptest! {
        /// Many namespaces close in any order; the others keep their members, and little more than their own room.
        #[test]
        fn shrinking_keeps_who_is_left_and_gives_the_rest_back(leaving in prop::collection::vec(any::<bool>(), 1..200)) {
            let mut namespaces = Namespaces::default();
            let name = |slot: usize| path(&format!("n{}", slot / 2));
            let mut memberships: Vec<_> =
                (0..2 * leaving.len()).map(|slot| namespaces.join(&name(slot), slot as u32)).collect();
            for (n, _) in leaving.iter().enumerate().filter(|&(_, &leaves)| leaves) {
                prop_assert_eq!(namespaces.leave(memberships[2 * n + 1]), None);
                prop_assert_eq!(namespaces.leave(memberships[2 * n]), None);
                namespaces.shrink(|slot, membership| memberships[slot as usize] = membership);
                prop_assert!(!growth::is_sparse(namespaces.by_path.len(), namespaces.parts.len()));
                prop_assert_eq!(namespaces.vacant.len(), namespaces.parts.len() - namespaces.by_path.len());
            }
            for (slot, &membership) in memberships.iter().enumerate().filter(|&(slot, _)| !leaving[slot / 2]) {
                prop_assert_eq!(namespaces.of(membership.part), &name(slot));
                let part = &namespaces.parts[membership.part as usize];
                prop_assert_eq!(part.members[membership.position as usize], slot as u32);
            }
            let reopened = namespaces.join(&path("new"), u32::MAX);
            prop_assert_eq!(namespaces.of(reopened.part), &path("new"));
            let all = Covered::new(&Namespace::EMPTY, Scope::Subtree);
            prop_assert_eq!(walked(&namespaces, &all).len(), 1 + 2 * leaving.iter().filter(|&&leaves| !leaves).count());
        }

        /// Members come and go between the steps of a walk; those who stay throughout are all found.
        #[test]
        fn walk_finds_everyone_who_stays(
            members in 1usize..40,
            churn in prop::collection::vec(prop::collection::vec(any::<prop::sample::Index>(), 0..6), 1..60),
            max in 1usize..7,
        ) {
            let mut namespaces = Namespaces::default();
            let mut memberships: Vec<Option<Membership>> = Vec::new();
            for slot in 0..members {
                memberships.push(Some(namespaces.join(&path(["a", "a/b"][slot % 2]), slot as u32)));
            }
            let covered = Covered::new(&path("a"), Scope::Subtree);
            let mut found = Vec::new();
            let mut place = None;
            let mut churn = churn.into_iter();
            loop {
                let mut slots = Vec::new();
                place = namespaces.walk(&covered, place, max, &mut slots);
                found.extend(slots);
                if place.is_none() {
                    break;
                }
                for index in churn.next().unwrap_or_default() {
                    let slot = index.index(memberships.len());
                    if let Some(membership) = memberships[slot].take()
                        && let Some(moved) = namespaces.leave(membership)
                    {
                        memberships[moved as usize] = Some(membership);
                    }
                    let new = memberships.len() as u32;
                    memberships.push(Some(namespaces.join(&path("a"), new)));
                }
            }
            for (slot, membership) in memberships.iter().enumerate().take(members) {
                prop_assert!(membership.is_none() || found.contains(&(slot as u32)));
            }
        }
    }
}
