//! Which node has which slot.

use std::iter;
use std::ops::RangeInclusive;
use std::sync::Arc;

use crate::config::Server;
use crate::connection::endpoint::Endpoint;
use crate::connection::peer::{Part, Peer};
use crate::environment::Environment;
use crate::slot::{SLOTS, Slot};

/// A primary, its replicas, and the slots that it has.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) primary: Arc<Endpoint>,
    pub(super) replicas: Vec<Arc<Endpoint>>,
    /// How many slots.
    slots: usize,
}

/// The slot table, and connections to all who are in it.
#[derive(Debug)]
pub(super) struct Shards {
    shards: Vec<Shard>,
    /// For each slot its place among the shards.
    slots: Box<[Option<u16>]>,
    /// Nodes that have no slot of their own yet, but take one over.
    guests: Vec<Arc<Endpoint>>,
}

/// Neighbouring slots and where their nodes can be reached from here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Slot,
    pub(super) last: Slot,
    pub(super) primary: Server,
    pub(super) replicas: Vec<Server>,
}

impl Span {
    /// How many slots; none where the last one comes before the first.
    pub(super) fn slots(&self) -> usize {
        (self.first.number()..=self.last.number()).len()
    }
}

/// More than a cluster ever takes in at a time; a limit, because nobody says when one has left again.
const MOST_GUESTS: usize = 64;

impl Shards {
    pub(super) fn empty() -> Self {
        Self { shards: Vec::new(), slots: vec![None; usize::from(SLOTS)].into(), guests: Vec::new() }
    }

    /// The table that these spans describe, with the connections that `before` has to the same nodes.
    pub(super) fn with_spans(before: &Self, spans: &[Span], environment: &Arc<Environment>) -> Self {
        let mut table = Self::empty();
        let make = |server: &Server, part| before.endpoint_or_new(server, part, environment);
        for span in spans {
            let place = table.place_of(&span.primary).unwrap_or_else(|| {
                let replicas = span.replicas.iter().map(|server| make(server, Part::ClusterReplica)).collect();
                table.add(make(&span.primary, Part::ClusterNode), replicas)
            });
            (span.first.number()..=span.last.number()).for_each(|slot| table.assign(slot, place));
        }
        let is_guest = |guest: &&Arc<Endpoint>| table.place_of(&guest.peer().server).is_none() && !guest.is_failing();
        table.guests = before.guests.iter().filter(is_guest).cloned().collect();
        table
    }

    /// The node of one slot, as a redirection has said.
    pub(super) fn move_slot(&mut self, slot: Slot, to: &Server, environment: &Arc<Environment>) {
        let place = self.place_of(to).unwrap_or_else(|| {
            let primary = self.endpoint_or_new(to, Part::ClusterNode, environment);
            self.guests.retain(|guest| !Arc::ptr_eq(guest, &primary));
            self.add(primary, Vec::new())
        });
        self.assign(slot.number(), place);
    }

    /// A node that is asked although no slot of the table is its own.
    pub(super) fn guest(&mut self, server: &Server, environment: &Arc<Environment>) -> Arc<Endpoint> {
        let endpoint = self.endpoint_or_new(server, Part::ClusterNode, environment);
        if !self.all().any(|known| Arc::ptr_eq(known, &endpoint)) {
            if self.guests.len() >= MOST_GUESTS {
                self.guests.remove(0);
            }
            self.guests.push(Arc::clone(&endpoint));
        }
        endpoint
    }

    pub(super) fn of_slot(&self, slot: Slot) -> Option<&Shard> {
        let place = self.slots.get(usize::from(slot.number())).copied().flatten()?;
        self.shards.get(usize::from(place))
    }

    /// Those that have slots.
    pub(super) fn shards(&self) -> impl Iterator<Item = &Shard> + Clone {
        self.shards.iter().filter(|shard| shard.slots > 0)
    }

    /// Those that have slots, with the ranges that they are.
    pub(super) fn with_slots(&self) -> impl Iterator<Item = (&Shard, Vec<RangeInclusive<Slot>>)> {
        let mut ranges = vec![Vec::new(); self.shards.len()];
        let slots = (0..SLOTS).filter_map(Slot::new);
        let owned: Vec<_> = slots.zip(&self.slots).filter_map(|(slot, place)| Some((slot, (*place)?))).collect();
        for run in owned.chunk_by(|(one, here), (next, there)| here == there && one.number() + 1 == next.number()) {
            if let (Some((first, place)), Some((last, _))) = (run.first(), run.last())
                && let Some(ranges) = ranges.get_mut(usize::from(*place))
            {
                ranges.push(*first..=*last);
            }
        }
        self.shards.iter().zip(ranges).filter(|(shard, _)| shard.slots > 0)
    }

    /// Every node there is a connection to, or could be.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.shards.iter().flat_map(|shard| iter::once(&shard.primary).chain(&shard.replicas)).chain(&self.guests)
    }

    /// How many slots no node has.
    pub(super) fn uncovered(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_none()).count()
    }

    /// Whether the same nodes have the same slots.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let servers = |endpoints: &[Arc<Endpoint>]| {
            let mut servers: Vec<_> = endpoints.iter().map(|endpoint| endpoint.peer().server.to_string()).collect();
            servers.sort_unstable();
            servers
        };
        let same = |one: &Shard, other: &Shard| {
            one.primary.peer() == other.primary.peer() && servers(&one.replicas) == servers(&other.replicas)
        };
        // Neighbouring slots mostly have the same pair of shards, which need not be compared again.
        let mut compared = None;
        self.slots.iter().zip(&other.slots).all(|(one, two)| {
            if compared == Some((one, two)) {
                return true;
            }
            compared = Some((one, two));
            let shard = |table: &'_ Self, place: &Option<u16>| {
                place.map(usize::from).filter(|place| *place < table.shards.len())
            };
            match (shard(self, one), shard(other, two)) {
                (Some(one), Some(two)) => {
                    self.shards.get(one).zip(other.shards.get(two)).is_some_and(|(one, two)| same(one, two))
                }
                (one, two) => one.is_none() && two.is_none(),
            }
        })
    }

    fn add(&mut self, primary: Arc<Endpoint>, replicas: Vec<Arc<Endpoint>>) -> u16 {
        let place = u16::try_from(self.shards.len()).unwrap_or(u16::MAX);
        self.shards.push(Shard { primary, replicas, slots: 0 });
        place
    }

    fn assign(&mut self, slot: u16, place: u16) {
        let Some(entry) = self.slots.get_mut(usize::from(slot)) else { return };
        let before = entry.replace(place);
        if let Some(loser) = before.and_then(|place| self.shards.get_mut(usize::from(place))) {
            loser.slots -= 1;
        }
        if let Some(winner) = self.shards.get_mut(usize::from(place)) {
            winner.slots += 1;
        }
    }

    fn place_of(&self, primary: &Server) -> Option<u16> {
        let place = self.shards.iter().position(|shard| shard.primary.peer().server == *primary)?;
        u16::try_from(place).ok()
    }

    fn endpoint_or_new(&self, server: &Server, part: Part, environment: &Arc<Environment>) -> Arc<Endpoint> {
        let peer = Peer::new(server.clone(), part);
        let known = self.all().find(|endpoint| *endpoint.peer() == peer).cloned();
        known.unwrap_or_else(|| Arc::new(Endpoint::new(peer, environment)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn environment() -> Arc<Environment> {
        Arc::new(Environment::new(Config::tcp("h", 1)))
    }

    fn server(port: u16) -> Server {
        Server::Tcp { host: "h".to_owned(), port }
    }

    fn slot(number: u16) -> Slot {
        Slot::new(number).unwrap()
    }

    fn span(first: u16, last: u16, primary: u16, replicas: &[u16]) -> Span {
        let replicas = replicas.iter().map(|port| server(*port)).collect();
        Span { first: slot(first), last: slot(last), primary: server(primary), replicas }
    }

    fn owner(table: &Shards, number: u16) -> Option<Server> {
        table.of_slot(slot(number)).map(|shard| shard.primary.peer().server.clone())
    }

    #[test]
    fn every_slot_of_a_span_has_its_node_and_no_other_slot_has() {
        let spans = [span(0, 9, 1, &[2]), span(20, 20, 3, &[]), span(16_383, 16_383, 1, &[2])];
        let table = Shards::with_spans(&Shards::empty(), &spans, &environment());
        for (number, expected) in [(0, Some(1)), (9, Some(1)), (10, None), (20, Some(3)), (21, None), (16_383, Some(1))]
        {
            assert_eq!(owner(&table, number), expected.map(server), "{number}");
        }
        assert_eq!(table.uncovered(), 16_384 - 12);
        assert_eq!((table.shards().count(), table.all().count()), (2, 3));
    }

    #[test]
    fn a_span_counts_both_its_ends_and_nothing_backwards() {
        assert_eq!([span(7, 7, 1, &[]), span(0, 9, 1, &[]), span(9, 0, 1, &[])].map(|span| span.slots()), [1, 10, 0]);
    }

    #[test]
    fn connections_to_nodes_that_keep_their_part_are_kept() {
        let environment = environment();
        let before = Shards::with_spans(&Shards::empty(), &[span(0, 9, 1, &[2]), span(10, 19, 3, &[])], &environment);
        let after = Shards::with_spans(&before, &[span(0, 9, 2, &[1]), span(10, 19, 3, &[])], &environment);
        let primary = |table: &Shards, number| Arc::clone(&table.of_slot(slot(number)).unwrap().primary);
        assert!(Arc::ptr_eq(&primary(&before, 10), &primary(&after, 10)));
        // The replica of old has been asked for reads, which a primary must not be told to answer for others.
        assert!(before.all().all(|old| !Arc::ptr_eq(old, &primary(&after, 0))));
        assert!(before.is_same(&before) && !before.is_same(&after));
    }

    #[test]
    fn a_slot_that_has_moved_takes_its_new_node_along() {
        let environment = environment();
        let mut table = Shards::with_spans(&Shards::empty(), &[span(0, 1, 1, &[])], &environment);
        let asked = table.guest(&server(7), &environment);
        table.move_slot(slot(1), &server(7), &environment);
        assert_eq!((owner(&table, 0), owner(&table, 1)), (Some(server(1)), Some(server(7))));
        assert!(Arc::ptr_eq(&table.of_slot(slot(1)).unwrap().primary, &asked), "the connection of the guest is kept");
        assert_eq!(table.all().count(), 2);
        table.move_slot(slot(0), &server(7), &environment);
        assert_eq!(table.shards().count(), 1, "a node without slots serves nobody");
    }

    #[test]
    fn guests_stay_until_they_have_slots() {
        let environment = environment();
        let spans = [span(0, 9, 1, &[])];
        let mut table = Shards::with_spans(&Shards::empty(), &spans, &environment);
        let guest = table.guest(&server(7), &environment);
        assert!(Arc::ptr_eq(&guest, &table.guest(&server(7), &environment)));
        let same = Shards::with_spans(&table, &spans, &environment);
        assert!(same.all().any(|known| Arc::ptr_eq(known, &guest)));
        let grown = Shards::with_spans(&same, &[span(0, 8, 1, &[]), span(9, 9, 7, &[])], &environment);
        assert!(Arc::ptr_eq(&grown.of_slot(slot(9)).unwrap().primary, &guest));
        assert_eq!(grown.all().count(), 2);
        for port in 100..200 {
            table.guest(&server(port), &environment);
        }
        assert_eq!(table.all().count(), 1 + MOST_GUESTS);
    }
}
