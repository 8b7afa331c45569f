//! Plain reads and writes of values that are written once each, judged by zones (Gibbons and Korach, "Testing shared
//! memories", 1997).
//!
//! In an order that explains such a history the calls that mention one value stand together: its write, then its reads.
//! If one of them returned before another was called, the entry certainly has that value from the earliest return to the
//! latest call: a *forward* zone. No two of these may overlap. If all of them overlap, they can take effect at any one
//! instant of what they have in common, from the latest call to the earliest return: a *backward* zone. It must not lie
//! within a forward one. There is an order if and only if that holds, and nothing was read before its write was called.

use std::collections::HashMap;

use super::{Call, EntryAnswer, EntryOp, Value};

/// The places of a few calls that contradict each other, whatever the others did.
#[derive(Debug)]
pub(super) struct Contradiction(pub(super) Vec<usize>);

/// The verdict; `None` for a history of another kind.
pub(super) fn judge(calls: &[Call<EntryOp>]) -> Option<Result<(), Contradiction>> {
    let clusters = clusters(calls)?;
    Some(contradiction(&clusters).map_or(Ok(()), |places| Err(Contradiction(places))))
}

/// An instant of a call in the middle of a history: later than those before all of it, earlier than those after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Instant {
    Before,
    At(u64),
    After,
}

/// An end of a zone, and the place of the call that sets it.
type End = (Instant, usize);

/// The calls that mention one value, or the absence of one.
#[derive(Debug)]
struct Cluster {
    /// When the write was called, if there was one.
    written: Option<End>,
    first_return: End,
    last_call: End,
    /// Of its reads.
    first_read_returned: Option<End>,
}

impl Cluster {
    fn new(called: End, returned: End) -> Self {
        Self { written: None, first_return: returned, last_call: called, first_read_returned: None }
    }

    fn include(&mut self, called: End, returned: End) {
        self.first_return = self.first_return.min(returned);
        self.last_call = self.last_call.max(called);
    }

    fn is_forward(&self) -> bool {
        self.first_return.0 < self.last_call.0
    }

    /// Calls that give it the same zone as all of it has.
    fn witnesses(&self) -> impl Iterator<Item = usize> {
        [self.written, Some(self.first_return), Some(self.last_call)].into_iter().flatten().map(|(_, place)| place)
    }
}

/// `None` unless all are plain reads and writes of different values.
fn clusters(calls: &[Call<EntryOp>]) -> Option<Vec<Cluster>> {
    let mut clusters: HashMap<Option<Value>, Cluster> = HashMap::new();
    // As if it had been removed before everything else.
    let absence = (Instant::Before, usize::MAX);
    let mut absent = Cluster::new(absence, absence);
    absent.written = Some(absence);
    clusters.insert(None, absent);
    for (place, call) in calls.iter().enumerate() {
        let called = (Instant::At(call.called), place);
        let returned = (call.returned.map_or(Instant::After, |returned| Instant::At(returned.at)), place);
        let (value, is_write) = match (call.operation, call.returned.map(|returned| returned.answer)) {
            (EntryOp::Get, None) => continue,
            (EntryOp::Get, Some(EntryAnswer::Value(seen))) => (seen, false),
            (EntryOp::Set(value), None | Some(EntryAnswer::Done)) => (Some(value), true),
            _ => return None,
        };
        let cluster = clusters.entry(value).or_insert_with(|| Cluster::new(called, returned));
        cluster.include(called, returned);
        if !is_write {
            let earlier = cluster.first_read_returned.unwrap_or(returned);
            cluster.first_read_returned = Some(earlier.min(returned));
        } else if cluster.written.replace(called).is_some() {
            return None;
        }
    }
    // A write without an answer that nobody saw may as well never have happened.
    let happened = |cluster: &Cluster| cluster.first_return.0 != Instant::After;
    Some(clusters.into_values().filter(happened).collect())
}

/// The places of calls that no order explains.
fn contradiction(clusters: &[Cluster]) -> Option<Vec<usize>> {
    let two = |one: &Cluster, other: &Cluster| {
        let mut places: Vec<usize> = one.witnesses().chain(other.witnesses()).collect();
        places.sort_unstable();
        places.dedup();
        Some(places)
    };
    let mut forward = Vec::new();
    for cluster in clusters {
        match (cluster.written, cluster.first_read_returned) {
            (None, Some((_, read))) => return Some(vec![read]),
            (Some((called, write)), Some((returned, read))) if returned < called => return Some(vec![write, read]),
            _ => {}
        }
        if cluster.is_forward() {
            forward.push(cluster);
        }
    }
    forward.sort_unstable_by_key(|cluster| cluster.first_return);
    for pair in forward.windows(2) {
        if let [one, other] = pair
            && other.first_return.0 < one.last_call.0
        {
            return two(one, other);
        }
    }
    for cluster in clusters.iter().filter(|cluster| !cluster.is_forward()) {
        let begun = forward.partition_point(|zone| zone.first_return.0 < cluster.last_call.0);
        // Forward zones do not overlap, so only the latest can reach so far.
        if let Some(zone) = begun.checked_sub(1).and_then(|latest| forward.get(latest))
            && cluster.first_return.0 < zone.last_call.0
        {
            return two(zone, cluster);
        }
    }
    None
}
