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

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    Call,
    Return,
}

/// A column of the picture. A caller has a second one where calls of it overlap, as those that share an instant do.
struct Lane {
    caller: usize,
    /// When the last call in it returned.
    busy_until: Option<u64>,
    width: usize,
}

/// Draws calls that are ordered by the time of their call.
pub(super) fn draw<O: Operation>(f: &mut fmt::Formatter<'_>, calls: &[Call<O>]) -> fmt::Result {
    let (lanes, marks) = lay_out(calls);
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
        under_way[mark.lane] = mark.text.starts_with('+') && mark.edge == Edge::Call;
    }
    if marks.iter().any(|mark| mark.text.starts_with('?')) {
        write!(f, "\n  ? has no answer here: it may take effect at any time from its call on, or never")?;
    }
    Ok(())
}

fn lay_out<O: Operation>(calls: &[Call<O>]) -> (Vec<Lane>, Vec<Mark>) {
    let (mut lanes, mut marks) = (Vec::new(), Vec::new());
    let mut of_callers = BTreeMap::<usize, Vec<usize>>::new();
    for call in calls {
        let own = of_callers.entry(call.caller).or_default();
        let is_free = |lane: &&usize| lanes.get(**lane).is_some_and(|lane: &Lane| lane.busy_until < Some(call.called));
        let lane = own.iter().find(is_free).copied().unwrap_or_else(|| {
            own.push(lanes.len());
            lanes.push(Lane { caller: call.caller, busy_until: None, width: "caller 10".len() });
            lanes.len() - 1
        });
        let begin = if call.returned.is_some() { "+" } else { "?" };
        let ends = call.returned.map(|returned| (returned.at, Edge::Return, format!("+ {}", returned.answer)));
        let begins = (call.called, Edge::Call, format!("{begin} {}", call.operation));
        for (at, edge, text) in [Some(begins), ends].into_iter().flatten() {
            lanes[lane].width = lanes[lane].width.max(text.chars().count());
            lanes[lane].busy_until = Some(at);
            marks.push(Mark { at, edge, lane, text });
        }
    }
    marks.sort_by_key(|mark| (mark.at, mark.edge));
    (lanes, marks)
}
