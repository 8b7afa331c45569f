//! Steps of one size on a counter, judged by sorting the sums.

use super::{Call, EntryAnswer, EntryOp};

/// Why no order explains the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// These two calls cannot both have been told the truth, whatever the others did: they were told the same, or the one
    /// that was called later was told less.
    Pair([usize; 2]),
    /// A step is missing, or nobody can have made it in time.
    Gap,
}

/// The verdict on the sums of a counter that was absent; `None` for a history of another kind.
///
/// With steps of one size the sums tell the order: each is one step more than the one before. Where steps are missing,
/// calls without an answer have to account for them, the one that was called earliest first: whichever comes later can
/// take its place later.
pub(super) fn judge(calls: &[Call<EntryOp>]) -> Option<Result<(), Contradiction>> {
    let EntryOp::Add(step) = calls.first()?.operation else { return None };
    if step == 0 || calls.iter().any(|call| call.operation != EntryOp::Add(step)) {
        return None;
    }
    let mut unanswered = Vec::new();
    let mut answered = Vec::with_capacity(calls.len());
    for (place, call) in calls.iter().enumerate() {
        match call.returned {
            None => unanswered.push(call.called),
            Some(returned) => match returned.answer {
                EntryAnswer::Sum(sum) if sum % step == 0 => {
                    answered.push(Counted { steps: sum / step, called: call.called, returned: returned.at, place });
                }
                _ => return Some(Err(Contradiction::Gap)),
            },
        }
    }
    unanswered.sort_unstable();
    answered.sort_unstable();
    Some(follow_one_another(&answered, unanswered))
}

/// A call that was told so many steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Counted {
    steps: i64,
    called: u64,
    returned: u64,
    place: usize,
}

/// Whether calls that are ordered by their steps can have come in this order, with calls without an answer, of which the
/// times are given, in the gaps.
fn follow_one_another(answered: &[Counted], unanswered: Vec<u64>) -> Result<(), Contradiction> {
    let mut unanswered = unanswered.into_iter();
    // Of those that counted before, the one before, and the ones that were called last.
    let (mut before, mut last, mut last_unanswered) = (None::<Counted>, None::<Counted>, 0);
    for one in answered {
        let more = one.steps.saturating_sub(before.map_or(0, |before| before.steps));
        let same = before.filter(|_| more == 0);
        if let Some(other) = same.or(last.filter(|last| one.returned < last.called)) {
            return Err(Contradiction::Pair([other.place, one.place]));
        }
        for _ in 1..more {
            last_unanswered = unanswered.next().ok_or(Contradiction::Gap)?;
        }
        if more < 1 || one.returned < last_unanswered {
            return Err(Contradiction::Gap);
        }
        last = last.filter(|last| last.called > one.called).or(Some(*one));
        before = Some(*one);
    }
    Ok(())
}
