//! What a node of a Cluster says about itself and all others.

use std::ops::RangeInclusive;

use crate::info::Info;
use crate::{Error, RedisServer};

pub(super) const SLOTS: u16 = 16_384;

/// A run of slots.
pub(super) type Slots = RangeInclusive<u16>;

/// One node's `CLUSTER NODES`.
pub(super) struct View {
    lines: Vec<Line>,
}

/// What the view says of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) id: String,
    pub(super) bus_port: u16,
    pub(super) part: Part,
    /// Of two primaries that claim the same slot, the one with the higher epoch has it.
    pub(super) epoch: u64,
    is_myself: bool,
    is_healthy: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Primary { slots: Vec<Slots> },
    Replica { of: String },
}

impl Line {
    /// The slots that the node serves, for a replica none.
    pub(super) fn slots(&self) -> &[Slots] {
        match &self.part {
            Part::Primary { slots } => slots,
            Part::Replica { .. } => &[],
        }
    }

    pub(super) fn serves(&self, slot: u16) -> bool {
        self.slots().iter().any(|range| range.contains(&slot))
    }

    /// Whether both claim a slot, and this is the later configuration. A primary that was replaced claims all it had
    /// until it hears of its successor, which has all of it.
    pub(super) fn overrules(&self, other: &Self) -> bool {
        self.epoch > other.epoch && other.slots().iter().any(|range| self.serves(*range.start()))
    }

    /// `id host:port@bus flags primary ping pong epoch link slots…`
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(' ');
        let id = fields.next()?.to_owned();
        let (_, place) = fields.next()?.split_once('@')?;
        let bus_port = place.split(',').next()?.parse().ok()?;
        let flags: Vec<_> = fields.next()?.split(',').collect();
        let primary = fields.next()?.to_owned();
        let epoch = fields.nth(2)?.parse().ok()?;
        let is_connected = fields.next()? == "connected";
        // In brackets stand slots that are on their way from one node to another, which belong to the former.
        let slots = fields.filter(|field| !field.starts_with('[')).map(parse_slots).collect::<Option<_>>()?;
        let has = |flag: &str| flags.contains(&flag);
        let part = if has("slave") { Part::Replica { of: primary } } else { Part::Primary { slots } };
        let is_sick = ["fail", "fail?", "handshake", "noaddr"].into_iter().any(has);
        let is_myself = has("myself");
        Some(Self { id, bus_port, part, epoch, is_myself, is_healthy: is_connected && !is_sick })
    }
}

fn parse_slots(field: &str) -> Option<Slots> {
    let (first, last) = field.split_once('-').unwrap_or((field, field));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

impl View {
    pub(super) fn ask(node: &RedisServer) -> Result<Self, Error> {
        let reply = node.probe(&["CLUSTER", "NODES"])?;
        reply.as_text().and_then(Self::parse).ok_or(Error::Protocol { met: "a CLUSTER NODES of another form" })
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(Line::parse).collect::<Option<Vec<_>>>()?;
        lines.sort_by(|one, other| one.id.cmp(&other.id));
        Some(Self { lines })
    }

    /// What the node says about itself.
    pub(super) fn into_myself(self) -> Option<Line> {
        self.lines.into_iter().find(|line| line.is_myself)
    }

    pub(super) fn of(&self, id: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.id == id)
    }

    pub(super) fn finds_healthy(&self, id: &str) -> bool {
        self.of(id).is_some_and(|line| line.is_healthy)
    }

    /// Whether both give every node the same part.
    pub(super) fn agrees_with(&self, other: &Self) -> bool {
        let parts =
            |view: &Self| view.lines.iter().map(|line| (line.id.clone(), line.part.clone())).collect::<Vec<_>>();
        parts(self) == parts(other)
    }
}

/// Whether the node sees `nodes` nodes, and all slots served.
pub(super) fn is_whole(node: &RedisServer, nodes: usize) -> bool {
    let Ok(info) = node.probe(&["CLUSTER", "INFO"]).and_then(|reply| Info::read(&reply)) else { return false };
    let expected = [
        ("cluster_state", "ok".to_owned()),
        ("cluster_slots_ok", SLOTS.to_string()),
        ("cluster_known_nodes", nodes.to_string()),
    ];
    expected.iter().all(|(name, value)| info.field(name) == Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES: &str = "b 127.0.0.1:7002@17002,host slave a 0 1 1 connected\n\
                         a 127.0.0.1:7001@17001 myself,master - 0 1 3 connected 0-5 7 [6->-b] [8-<-b]\n\
                         c 127.0.0.1:7003@17003 master,fail? - 0 1 2 disconnected 9-16383\n";

    #[test]
    fn parts_slots_and_epochs_are_read() {
        let view = View::parse(NODES).unwrap();
        let myself = view.of("a").unwrap();
        assert_eq!((myself.bus_port, myself.epoch), (17001, 3));
        assert_eq!(myself.slots(), [0..=5, 7..=7]);
        assert!(myself.serves(7) && !myself.serves(6));
        assert_eq!(view.of("b").unwrap().part, Part::Replica { of: "a".to_owned() });
        assert_eq!(view.into_myself().unwrap().id, "a");
    }

    #[test]
    fn of_two_claims_to_a_slot_the_later_one_counts() {
        let claim = |epoch, slots| Line::parse(&format!("a h:1@2 master - 0 1 {epoch} connected {slots}")).unwrap();
        assert!(claim(2, "0-9").overrules(&claim(1, "3-5")));
        assert!(!claim(1, "0-9").overrules(&claim(2, "3-5")));
        assert!(!claim(2, "0-2").overrules(&claim(1, "3-5")));
    }

    #[test]
    fn a_node_that_may_have_failed_is_not_healthy() {
        let view = View::parse(NODES).unwrap();
        assert!(view.finds_healthy("b"));
        assert!(!view.finds_healthy("c"));
        assert!(!view.finds_healthy("unknown"));
    }

    #[test]
    fn views_agree_whatever_their_order() {
        let view = View::parse(NODES).unwrap();
        let turned = NODES.lines().rev().collect::<Vec<_>>().join("\n");
        assert!(view.agrees_with(&View::parse(&turned).unwrap()));
        assert!(!view.agrees_with(&View::parse(&NODES.replace("0-5", "0-6")).unwrap()));
    }
}
