//! What servers, sentinels and cluster nodes say about who is who.

use std::ops::RangeInclusive;

use redis::Value;
use store_core::Result;

use super::{array, integer, out_of_bounds, plain, unexpected};
use crate::slot::Slot;

/// What a server says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerRole {
    Primary,
    Replica,
    Sentinel,
}

impl ServerRole {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
            Self::Sentinel => "sentinel",
        }
    }
}

/// The reply of ROLE.
pub(crate) fn server_role(reply: Value) -> Result<ServerRole> {
    match array(reply)?.into_iter().next().and_then(text).as_deref() {
        Some("master") => Ok(ServerRole::Primary),
        Some("slave") => Ok(ServerRole::Replica),
        Some("sentinel") => Ok(ServerRole::Sentinel),
        _ => Err(out_of_bounds("a role")),
    }
}

/// A server as a sentinel sees it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Watched {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether the sentinel takes it to be up and doing its part.
    pub(crate) healthy: bool,
    /// How many other sentinels it knows that watch the same.
    pub(crate) other_sentinels: u32,
    /// Grows with every failover.
    pub(crate) epoch: u64,
}

/// The reply of SENTINEL MASTER. The sentinel that has just replaced a primary has no connection to the new one yet, and
/// is the first to know of it: that one counts as healthy.
pub(crate) fn watched_primary(reply: Value) -> Result<Watched> {
    watched(reply, &["s_down", "o_down"])
}

/// The reply of SENTINEL GET-MASTER-ADDR-BY-NAME: host and port. `None` where the service is not watched.
pub(crate) fn watched_address(reply: Value) -> Result<Option<(String, u16)>> {
    let reply = plain(reply);
    if reply == Value::Nil {
        return Ok(None);
    }
    let mut fields = array(reply)?.into_iter().map(text);
    let host = fields.next().flatten();
    let port = fields.next().flatten().and_then(|port| port.parse().ok());
    host.zip(port).map(Some).ok_or_else(|| out_of_bounds("an address"))
}

fn watched(reply: Value, down: &[&str]) -> Result<Watched> {
    let fields = Fields::read(reply)?;
    let address = (fields.get("ip"), fields.number("port"));
    let (Some(host), Some(port)) = address else { return Err(out_of_bounds("an address")) };
    Ok(Watched {
        host: host.to_owned(),
        port,
        healthy: fields.is_healthy(down),
        other_sentinels: fields.number("num-other-sentinels").unwrap_or(0),
        epoch: fields.number("config-epoch").unwrap_or(0),
    })
}

/// The reply of SENTINEL REPLICAS.
pub(crate) fn watched_replicas(reply: Value) -> Result<Vec<Watched>> {
    array(reply)?.into_iter().map(|replica| watched(replica, &["s_down", "o_down", "disconnected"])).collect()
}

/// Names and values, as a map or one after another.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn read(reply: Value) -> Result<Self> {
        let pairs: Vec<(Value, Value)> = match plain(reply) {
            Value::Map(pairs) => pairs,
            flat => {
                let mut values = array(flat)?.into_iter();
                std::iter::from_fn(|| Some((values.next()?, values.next()?))).collect()
            }
        };
        Ok(Self(pairs.into_iter().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect()))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find_map(|(field, value)| (field == name).then_some(value.as_str()))
    }

    fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// A primary that is taken to be down is still named until its successor is; a replica that has lost its primary
    /// answers with what it has.
    fn is_healthy(&self, down: &[&str]) -> bool {
        let up = self.get("flags").unwrap_or_default().split(',').all(|flag| !down.contains(&flag));
        up && self.get("master-link-status").is_none_or(|status| status == "ok")
    }
}

/// A node of a cluster: its name, and where it says it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClusterNode {
    /// 40 hexadecimal digits that stay with it.
    pub(crate) id: String,
    /// `None` where it does not know itself: it is where it was asked.
    pub(crate) host: Option<String>,
    pub(crate) port: u16,
}

/// Neighbouring slots, and who has them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SlotRange {
    pub(crate) first: Slot,
    pub(crate) last: Slot,
    pub(crate) primary: ClusterNode,
    pub(crate) replicas: Vec<ClusterNode>,
}

/// The reply of CLUSTER SLOTS.
pub(crate) fn slot_ranges(reply: Value) -> Result<Vec<SlotRange>> {
    array(reply)?.into_iter().map(slot_range).collect()
}

fn slot_range(reply: Value) -> Result<SlotRange> {
    let mut parts = array(reply)?.into_iter();
    let mut bound = || {
        let number = u16::try_from(integer(parts.next()?).ok()?).ok()?;
        Slot::new(number)
    };
    let (Some(first), Some(last)) = (bound(), bound()) else { return Err(out_of_bounds("a range of slots")) };
    let mut nodes = parts.map(cluster_node);
    let primary = nodes.next().ok_or_else(|| out_of_bounds("the node of a range of slots"))??;
    Ok(SlotRange { first, last, primary, replicas: nodes.collect::<Result<_>>()? })
}

fn cluster_node(reply: Value) -> Result<ClusterNode> {
    let mut parts = array(reply)?.into_iter();
    // A node that does not know its name, or was told to give one that it does not have.
    let host = parts.next().and_then(text).filter(|host| !host.is_empty() && host != "?");
    let port = parts.next().and_then(|port| u16::try_from(integer(port).ok()?).ok());
    let id = parts.next().and_then(text);
    match (port, id) {
        (Some(port), Some(id)) => Ok(ClusterNode { id, host, port }),
        _ => Err(out_of_bounds("a node")),
    }
}

/// What a node says about its own slots, in the reply of CLUSTER NODES.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OwnSlots {
    /// Those that it has, the leaving ones included.
    pub(crate) ranges: Vec<RangeInclusive<u16>>,
    /// Those that leave it, and the nodes that take them over.
    pub(crate) leaving: Vec<(Slot, ClusterNode)>,
    /// Grows when it gets slots of others.
    pub(crate) epoch: u64,
}

/// The slots of the node that answered CLUSTER NODES. Only its own line tells of any that leave.
pub(crate) fn own_slots(reply: Value) -> Result<OwnSlots> {
    let Some(nodes) = text(reply) else { return Err(unexpected("a text", &Value::Nil)) };
    let is_own =
        |line: &&str| line.split(' ').nth(2).is_some_and(|flags| flags.split(',').any(|flag| flag == "myself"));
    // `id address flags primary ping pong epoch link slots…`
    let mut fields = nodes.lines().find(is_own).unwrap_or_default().split(' ').skip(6);
    let epoch = fields.next().and_then(|epoch| epoch.parse().ok()).unwrap_or(0);
    let mut own = OwnSlots { ranges: Vec::new(), leaving: Vec::new(), epoch };
    for field in fields.skip(1) {
        match field.strip_prefix('[').and_then(|field| field.strip_suffix(']')) {
            None => own.ranges.push(numbers(field).ok_or_else(|| out_of_bounds("a range of slots"))?),
            Some(on_the_move) => {
                let Some((slot, target)) = on_the_move.split_once("->-") else { continue };
                let slot = slot.parse().ok().and_then(Slot::new);
                let leaving = slot.zip(listed_node(&nodes, target));
                own.leaving.push(leaving.ok_or_else(|| out_of_bounds("a slot on the move"))?);
            }
        }
    }
    Ok(own)
}

fn numbers(field: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = field.split_once('-').unwrap_or((field, field));
    Some(first.parse().ok()?..=last.parse().ok()?)
}

/// A node out of the lines of CLUSTER NODES: `id host:port@bus,hostname …`.
fn listed_node(nodes: &str, id: &str) -> Option<ClusterNode> {
    let line = nodes.lines().find(|line| line.split(' ').next() == Some(id))?;
    let mut names = line.split(' ').nth(1)?.split(',');
    let (address, _bus) = names.next()?.split_once('@')?;
    let (host, port) = address.rsplit_once(':')?;
    let host = names.next().filter(|name| !name.is_empty()).unwrap_or(host);
    let host = Some(host.to_owned()).filter(|host| !host.is_empty());
    Some(ClusterNode { id: id.to_owned(), host, port: port.parse().ok()? })
}

fn text(reply: Value) -> Option<String> {
    match plain(reply) {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(resp: &str) -> Value {
        redis::parse_redis_value(resp.replace('\n', "\r\n").as_bytes()).unwrap()
    }

    fn slot(number: u16) -> Slot {
        Slot::new(number).unwrap()
    }

    #[test]
    fn a_role_is_the_first_word() {
        assert_eq!(server_role(parse("*3\n$6\nmaster\n:0\n*0\n")).unwrap(), ServerRole::Primary);
        assert_eq!(server_role(parse("*2\n$5\nslave\n$1\nh\n")).unwrap(), ServerRole::Replica);
        assert!(server_role(parse("*1\n$4\nking\n")).is_err());
        assert!(server_role(parse("*0\n")).is_err());
    }

    #[test]
    fn a_sentinel_describes_a_primary_in_either_protocol() {
        let fields = "$2\nip\n$1\nh\n$4\nport\n$4\n6380\n$5\nflags\n$6\nmaster\n$19\nnum-other-sentinels\n$1\n2\n$12\nconfig-epoch\n$1\n7\n";
        let expected = Watched { host: "h".to_owned(), port: 6380, healthy: true, other_sentinels: 2, epoch: 7 };
        assert_eq!(watched_primary(parse(&format!("*10\n{fields}"))).unwrap(), expected);
        assert_eq!(watched_primary(parse(&format!("%5\n{fields}"))).unwrap(), expected);
        let down = fields.replace("$6\nmaster", "$13\nmaster,o_down");
        assert!(!watched_primary(parse(&format!("*10\n{down}"))).unwrap().healthy);
        assert!(watched_primary(parse("*2\n$2\nip\n$1\nh\n")).is_err());
    }

    #[test]
    fn a_new_primary_is_healthy_before_the_sentinel_has_reached_it_and_a_new_replica_is_not() {
        let reply = "*6\n$2\nip\n$1\nh\n$4\nport\n$1\n1\n$5\nflags\n$19\nmaster,disconnected\n";
        assert!(watched_primary(parse(reply)).unwrap().healthy);
        assert!(!watched_replicas(parse(&format!("*1\n{reply}"))).unwrap()[0].healthy);
    }

    #[test]
    fn a_sentinel_sends_clients_to_an_address_or_nowhere() {
        let address = watched_address(parse("*2\n$1\nh\n$4\n6380\n")).unwrap();
        assert_eq!(address, Some(("h".to_owned(), 6380)));
        assert_eq!(watched_address(parse("*-1\n")).unwrap(), None);
        assert!(watched_address(parse("*1\n$1\nh\n")).is_err());
    }

    #[test]
    fn a_replica_without_its_primary_is_not_healthy() {
        let replica = |status: &str| {
            let length = status.len();
            format!(
                "*1\n*8\n$2\nip\n$1\nh\n$4\nport\n$1\n1\n$5\nflags\n$5\nslave\n$18\nmaster-link-status\n${length}\n{status}\n"
            )
        };
        assert!(watched_replicas(parse(&replica("ok"))).unwrap()[0].healthy);
        assert!(!watched_replicas(parse(&replica("err"))).unwrap()[0].healthy);
    }

    #[test]
    fn slots_have_a_primary_and_replicas() {
        let reply = parse("*1\n*4\n:0\n:99\n*4\n$0\n\n:7000\n$1\na\n*0\n*4\n$1\nh\n:7001\n$1\nb\n*0\n");
        let node =
            |id: &str, host: Option<&str>, port| ClusterNode { id: id.to_owned(), host: host.map(str::to_owned), port };
        let expected = SlotRange {
            first: slot(0),
            last: slot(99),
            primary: node("a", None, 7000),
            replicas: vec![node("b", Some("h"), 7001)],
        };
        assert_eq!(slot_ranges(reply).unwrap(), [expected]);
        assert!(slot_ranges(parse("*1\n*2\n:0\n:16384\n")).is_err());
        assert!(slot_ranges(parse("*1\n*2\n:0\n:1\n")).is_err());
    }

    #[test]
    fn only_the_own_line_tells_of_moves() {
        let nodes = "aa h:1@2,name master - 0 0 1 connected 0-5 [7->-cc]\nbb h:3@4 myself,master - 0 0 1 connected 6 [6->-aa] [9-<-cc]\n";
        let own = own_slots(Value::BulkString(nodes.into())).unwrap();
        let target = ClusterNode { id: "aa".to_owned(), host: Some("name".to_owned()), port: 1 };
        assert_eq!(own, OwnSlots { ranges: vec![6..=6], leaving: vec![(slot(6), target)], epoch: 1 });
    }
}
