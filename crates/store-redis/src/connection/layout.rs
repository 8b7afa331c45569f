//! Who has the keys that a walk is to visit.

use std::fmt;

use crate::connection::ServerId;
use crate::slot::Slot;

/// The servers that have the keys of one slot, or of all, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    servers: Vec<ServerId>,
    /// How often each owner has got slots of others: what was given away and taken back is no longer the same.
    epochs: Vec<(ServerId, u64)>,
    /// Slots on the move, by the server that they leave.
    moves: Vec<(ServerId, Slot)>,
}

impl Layout {
    /// Everything is on one server.
    pub(crate) fn alone(server: ServerId) -> Self {
        Self { servers: vec![server], epochs: Vec::new(), moves: Vec::new() }
    }

    pub(crate) fn new(
        servers: Vec<ServerId>,
        mut epochs: Vec<(ServerId, u64)>,
        mut moves: Vec<(ServerId, Slot)>,
    ) -> Self {
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

    /// Equal for equal layouts, whoever computes it: 16 hexadecimal digits.
    pub(crate) fn fingerprint(&self) -> String {
        let mut digits = sha1_smol::Sha1::from(self.to_string()).digest().to_string();
        digits.truncate(16);
        digits
    }
}

/// All of it, in a form that stays.
impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.servers.iter().try_for_each(|server| write!(f, "{server} "))?;
        self.epochs.iter().try_for_each(|(server, epoch)| write!(f, "{server}@{epoch} "))?;
        self.moves.iter().try_for_each(|(server, slot)| write!(f, "{server}>{slot} "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(digit: char) -> ServerId {
        ServerId::parse(&digit.to_string().repeat(16)).unwrap()
    }

    #[test]
    fn a_fingerprint_tells_layouts_apart_and_stays() {
        let slot = Slot::new(7).unwrap();
        let (one, other) = (server('a'), server('b'));
        let layouts = [
            Layout::alone(one),
            Layout::alone(other),
            Layout::new(vec![one, other], vec![(one, 1), (other, 2)], vec![]),
            Layout::new(vec![one, other], vec![(one, 1), (other, 3)], vec![]),
            Layout::new(vec![one, other], vec![(one, 1), (other, 2)], vec![(one, slot)]),
        ];
        let different: std::collections::BTreeSet<_> = layouts.iter().map(Layout::fingerprint).collect();
        assert_eq!(different.len(), layouts.len());
        assert_eq!(Layout::alone(one).to_string(), "aaaaaaaaaaaaaaaa ");
        assert_eq!(Layout::alone(one).fingerprint(), "55293d12e4e9bfb4");
    }
}
