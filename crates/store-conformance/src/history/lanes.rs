//! A picture of a few calls: a lane for each caller, time downwards.

use std::collections::BTreeMap;
use std::fmt;

use super::{Call, Operation};

/// One mark of a call.
struct Mark {
    at: u64,
    edge: Edge,
    lane: usize,
    text: String,
}

/// In the order in which those of one instant are drawn, so that a caller returns before it calls again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Return,
    Call,
    ReturnAtOnce,
}

/// A column of the picture. A caller has a second one where calls of it overlap.
struct Lane {
    caller: usize,
    /// The last mark in it.
    last: Option<(u64, Edge)>,
    width: usize,
}

/// Draws calls that are ordered by the time of their call. Those that were called before `from` were under way then.
pub(super) fn draw<O: Operation>(f: &mut fmt::Formatter<'_>, calls: &[Call<O>], from: u64) -> fmt::Result {
    let (lanes, marks) = lay_out(calls, from);
    let mut order: Vec<usize> = (0..lanes.len()).collect();
    order.sort_by_key(|&lane| lanes[lane].caller);
    write!(f, "  {:>12} ", "µs")?;
    for &lane in &order {
        write!(f, "  {:width$}", format!("caller {}", lanes[lane].caller), width = lanes[lane].width)?;
    }
    let first = marks.first().map_or(0, |mark| mark.at);
    let mut under_way = vec![false; lanes.len()];
    for mark in &marks {
        let after = mark.at - first;
        write!(f, "\n  {:>8}.{:03} ", after / 1000, after % 1000)?;
        for &lane in &order {
            let line = if under_way[lane] { "|" } else { "" };
            let cell = if mark.lane == lane { mark.text.as_str() } else { line };
            write!(f, "  {cell:width$}", width = lanes[lane].width)?;
        }
        under_way[mark.lane] = mark.edge == Edge::Call && !mark.text.starts_with(OPEN);
    }
    for (sign, meaning) in [(OPEN, OPEN_MEANS), (BEGUN, BEGUN_MEANS)] {
        if marks.iter().any(|mark| mark.text.starts_with(sign)) {
            write!(f, "\n  {sign} {meaning}")?;
        }
    }
    Ok(())
}

const OPEN: char = '?';
const OPEN_MEANS: &str = "has no answer here: it may take effect at any time from its call on, or never";

const BEGUN: char = '~';
const BEGUN_MEANS: &str = "may have taken effect before the others were called";

fn lay_out<O: Operation>(calls: &[Call<O>], from: u64) -> (Vec<Lane>, Vec<Mark>) {
    let (mut lanes, mut marks) = (Vec::new(), Vec::new());
    let mut of_callers = BTreeMap::<usize, Vec<usize>>::new();
    for call in calls {
        let own = of_callers.entry(call.caller).or_default();
        let begins = (call.called, Edge::Call);
        let is_free = |lane: &&usize| lanes.get(**lane).is_some_and(|lane: &Lane| lane.last < Some(begins));
        let lane = own.iter().find(is_free).copied().unwrap_or_else(|| {
            own.push(lanes.len());
            lanes.push(Lane { caller: call.caller, last: None, width: "caller 10".len() });
            lanes.len() - 1
        });
        let sign = match call.returned {
            None => OPEN,
            Some(_) if call.called < from => BEGUN,
            Some(_) => '+',
        };
        let ends = call.returned.map(|returned| {
            let edge = if returned.at > call.called { Edge::Return } else { Edge::ReturnAtOnce };
            ((returned.at, edge), format!("+ {}", returned.answer))
        });
        for ((at, edge), text) in [Some((begins, format!("{sign} {}", call.operation))), ends].into_iter().flatten() {
            lanes[lane].width = lanes[lane].width.max(text.chars().count());
            lanes[lane].last = Some((at, edge));
            marks.push(Mark { at, edge, lane, text });
        }
    }
    marks.sort_by_key(|mark| (mark.at, mark.edge));
    (lanes, marks)
}
