//! Who has the keys that a walk is to visit.

use std::collections::HashSet;
use std::fmt;

use crate::connection::ServerId;
use crate::reply::OwnSlots;
use crate::slot::Slot;

/// The servers that have the keys of one slot, or of all, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Placement {
    servers: Vec<ServerId>,
    /// How often each owner has got slots of others: what was given away and taken back is no longer the same.
    epochs: Vec<(ServerId, u64)>,
    /// Slots on the move, by the server that they leave.
    moves: Vec<(ServerId, Slot)>,
}

impl Placement {
    /// Everything is on one server.
    pub(crate) fn alone(server: ServerId) -> Self {
        Self { servers: vec![server], epochs: Vec::new(), moves: Vec::new() }
    }

    fn new(servers: Vec<ServerId>, mut epochs: Vec<(ServerId, u64)>, mut moves: Vec<(ServerId, Slot)>) -> Self {
        epochs.sort_unstable();
        moves.sort_unstable();
        Self { servers, epochs, moves }
    }

    /// The servers, each once; for a single slot the one that it leaves before the one that it reaches.
    pub(crate) fn servers(&self) -> &[ServerId] {
        &self.servers
    }

    /// Whether keys move from one server to another. Then a walk over several slots has to visit all servers twice: a
    /// key may move behind its back, but for each slot the servers come in the right order in one of the two rounds.
    pub(crate) fn is_moving(&self) -> bool {
        !self.moves.is_empty()
    }

    /// Equal for equal placements, whoever computes it: 16 hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        let mut digits = sha1_smol::Sha1::from(self.to_string()).digest().to_string();
        digits.truncate(16);
        digits
    }
}

/// All of it, in a form that stays.
impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.servers.iter().try_for_each(|server| write!(f, "{server} "))?;
        self.epochs.iter().try_for_each(|(server, epoch)| write!(f, "{server}@{epoch} "))?;
        self.moves.iter().try_for_each(|(server, slot)| write!(f, "{server}>{slot} "))
    }
}

/// What one owner of slots after another says about itself, until it makes a placement.
#[derive(Default)]
pub(super) struct Survey {
    servers: Vec<ServerId>,
    epochs: Vec<(ServerId, u64)>,
    moves: Vec<(ServerId, Slot)>,
    owned: HashSet<u16>,
}

impl Survey {
    pub(super) fn note_owner(&mut self, server: ServerId, own: &OwnSlots, is_meant: impl Fn(Slot) -> bool) {
        let meant = |number: &u16| Slot::new(*number).is_some_and(&is_meant);
        self.owned.extend(own.ranges.iter().cloned().flatten().filter(meant));
        self.epochs.push((server, own.epoch));
        self.add(server);
    }

    pub(super) fn note_move(&mut self, owner: ServerId, slot: Slot, target: ServerId) {
        self.moves.push((owner, slot));
        self.add(target);
    }

    fn add(&mut self, server: ServerId) {
        if !self.servers.contains(&server) {
            self.servers.push(server);
        }
    }

    /// How many slots the owners have.
    pub(super) fn owned(&self) -> usize {
        self.owned.len()
    }

    /// The owner before those that its slot reaches.
    pub(super) fn in_order_of_moves(self) -> Placement {
        Placement::new(self.servers, self.epochs, self.moves)
    }

    /// Not as the nodes were named: each names them in an order of its own, and a placement must not differ by who was
    /// asked.
    pub(super) fn in_order_of_servers(mut self) -> Placement {
        self.servers.sort_unstable();
        self.in_order_of_moves()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(digit: char) -> ServerId {
        ServerId::parse(&digit.to_string().repeat(16)).unwrap()
    }

    fn owner_of(first: u16, last: u16) -> OwnSlots {
        OwnSlots { ranges: vec![first..=last], leaving: Vec::new(), epoch: u64::from(first) }
    }

    #[test]
    fn a_fingerprint_tells_placements_apart_and_stays() {
        let slot = Slot::new(7).unwrap();
        let (one, other) = (server('a'), server('b'));
        let placements = [
            Placement::alone(one),
            Placement::alone(other),
            Placement::new(vec![one, other], vec![(one, 1), (other, 2)], vec![]),
            Placement::new(vec![one, other], vec![(one, 1), (other, 3)], vec![]),
            Placement::new(vec![one, other], vec![(one, 1), (other, 2)], vec![(one, slot)]),
        ];
        let different: std::collections::BTreeSet<_> = placements.iter().map(Placement::fingerprint).collect();
        assert_eq!(different.len(), placements.len());
        assert_eq!(Placement::alone(one).to_string(), "aaaaaaaaaaaaaaaa ");
        assert_eq!(Placement::alone(one).fingerprint(), "55293d12e4e9bfb4");
    }

    #[test]
    fn the_placement_of_all_slots_does_not_depend_on_the_order_in_which_nodes_are_named() {
        let placements = [['a', 'b'], ['b', 'a']].map(|order| {
            let mut survey = Survey::default();
            for digit in order {
                let own = if digit == 'a' { owner_of(0, 9) } else { owner_of(10, 19) };
                survey.note_owner(server(digit), &own, |_| true);
            }
            assert_eq!(survey.owned(), 20);
            survey.in_order_of_servers()
        });
        assert_eq!(placements[0], placements[1]);
        assert_eq!(placements[0].fingerprint(), placements[1].fingerprint());
    }

    #[test]
    fn the_owner_of_a_slot_is_visited_before_the_node_that_it_moves_to() {
        let slot = Slot::new(7).unwrap();
        let mut survey = Survey::default();
        survey.note_owner(server('b'), &owner_of(0, 9), |found| found == slot);
        survey.note_move(server('b'), slot, server('a'));
        assert_eq!(survey.owned(), 1);
        assert_eq!(survey.in_order_of_moves().servers(), [server('b'), server('a')]);
    }
}
