//! Steps of one size on a counter, judged by sorting the sums.

use super::{Call, EntryAnswer, EntryOp};

/// Whether a counter that was absent can have given these sums; `None` for a history of another kind.
///
/// With steps of one size the sums tell the order: each is one step more than the one before. Where steps are missing,
/// calls without an answer have to account for them, the one that was called earliest first: whichever comes later can
/// take its place later.
pub(super) fn are_explained(calls: &[Call<EntryOp>]) -> Option<bool> {
    let EntryOp::Add(step) = calls.first()?.operation else { return None };
    if step == 0 || calls.iter().any(|call| call.operation != EntryOp::Add(step)) {
        return None;
    }
    let mut unanswered = Vec::new();
    let mut answered = Vec::with_capacity(calls.len());
    for call in calls {
        match call.returned {
            None => unanswered.push(call.called),
            Some(returned) => match returned.answer {
                EntryAnswer::Sum(sum) if sum % step == 0 => answered.push((sum / step, call.called, returned.at)),
                _ => return Some(false),
            },
        }
    }
    unanswered.sort_unstable();
    answered.sort_unstable();
    Some(follow_one_another(&answered, &unanswered))
}

/// Of numbers of steps with the times of call and return, and of the times of calls without an answer.
fn follow_one_another(answered: &[(i64, u64, u64)], unanswered: &[u64]) -> bool {
    let mut unanswered = unanswered.iter();
    let (mut steps, mut last_call) = (0_i64, 0);
    for &(sum, called, returned) in answered {
        let Some(missing) = sum.checked_sub(steps).filter(|more| *more > 0) else { return false };
        for _ in 1..missing {
            let Some(called) = unanswered.next() else { return false };
            last_call = last_call.max(*called);
        }
        // Nobody counts after someone who had not been called when this one returned.
        last_call = last_call.max(called);
        if returned < last_call {
            return false;
        }
        steps = sum;
    }
    true
}
