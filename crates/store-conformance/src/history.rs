//! Whether what concurrent callers saw of one entry can have happened one after another.
//!
//! A search after Wing and Gong, with Lowe's memory of what was tried: it looks for an order in which each operation
//! takes effect between its call and its return, and in which every answer is the right one. Of histories that are not
//! linearizable it tries every order, so they should be short: some hundred operations of a handful of callers.
//!
//! For tests that record histories of their own, such as those of servers that fail.

use std::collections::HashSet;
use std::fmt;

/// A value; every write of a history has its own.
pub type Value = u32;

/// What a caller did, with the answer that it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is an operation of the contract, with its arguments and its answer")]
pub enum Action {
    Get(Option<Value>),
    Set(Value),
    SetIfAbsent { value: Value, stored: bool },
    SetIfValue { expected: Value, value: Value, stored: bool },
    Delete { removed: bool },
    Take(Option<Value>),
}

/// A write whose answer was lost, with the time of its call in nanoseconds. It may have taken effect at any time since,
/// or never.
#[derive(Clone, Copy, Debug)]
pub struct Unanswered {
    /// When it was called.
    pub called: u64,
    /// What it would have done.
    pub write: Write,
}

/// What a write does, whatever is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is an operation of the contract, with its arguments")]
pub enum Write {
    Set(Value),
    SetIfAbsent(Value),
    SetIfValue {
        expected: Value,
        value: Value,
    },
    /// By `delete` or by `take`.
    Remove,
}

impl Write {
    fn apply(self, before: Option<Value>) -> Option<Value> {
        match self {
            Self::Set(value) => Some(value),
            Self::SetIfAbsent(value) => before.or(Some(value)),
            Self::SetIfValue { expected, value } => before.map(|now| if now == expected { value } else { now }),
            Self::Remove => None,
        }
    }
}

impl Action {
    /// What the entry is afterwards; `None` when the answer is wrong for what it was before.
    fn apply(self, before: Option<Value>) -> Option<Option<Value>> {
        let (right, after) = match self {
            Self::Get(seen) => (seen == before, before),
            Self::Set(value) => (true, Some(value)),
            Self::SetIfAbsent { value, stored } => (stored == before.is_none(), before.or(Some(value))),
            Self::SetIfValue { expected, value, stored } => {
                let holds = before == Some(expected);
                (stored == holds, if holds { Some(value) } else { before })
            }
            Self::Delete { removed } => (removed == before.is_some(), None),
            Self::Take(seen) => (seen == before, None),
        };
        right.then_some(after)
    }
}

/// An operation with the times of its call and its return, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Event<A> {
    /// Whose it was, for whoever reads the history.
    pub caller: usize,
    /// When it was called.
    pub called: u64,
    /// When it returned.
    pub returned: u64,
    /// What it was, and what it was answered.
    pub action: A,
}

impl<A: fmt::Debug> fmt::Display for Event<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let indent = 2 * self.caller;
        write!(f, "{:>12}..{:<12} {:indent$}{} {:?}", self.called, self.returned, "", self.caller, self.action)
    }
}

/// Whether there is an order in which the operations on an entry, absent at first, can have taken effect: all that were
/// answered, and any of those that were not.
#[must_use]
pub fn is_linearizable(answered: &[Event<Action>], unanswered: &[Unanswered]) -> bool {
    let of_answered = answered.iter().map(|event| Step {
        called: event.called,
        returned: Some(event.returned),
        effect: Effect::Answered(event.action),
    });
    let of_unanswered =
        unanswered.iter().map(|lost| Step { called: lost.called, returned: None, effect: Effect::Perhaps(lost.write) });
    let mut steps: Vec<_> = of_answered.chain(of_unanswered).collect();
    steps.sort_unstable_by_key(|step| step.called);
    let done = Done(vec![0; steps.len().div_ceil(64)].into_boxed_slice());
    Search { steps: &steps, tried: HashSet::new() }.finish(done, None)
}

/// An operation as the search sees it.
struct Step {
    called: u64,
    /// `None` of one that may never have taken effect.
    returned: Option<u64>,
    effect: Effect,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Answered(Action),
    Perhaps(Write),
}

impl Effect {
    /// What the entry is afterwards; `None` when it cannot be next, or makes no difference.
    fn apply(self, before: Option<Value>) -> Option<Option<Value>> {
        match self {
            Self::Answered(action) => action.apply(before),
            Self::Perhaps(write) => Some(write.apply(before)).filter(|after| *after != before),
        }
    }
}

/// Which operations have taken effect, one bit each.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Done(Box<[u64]>);

impl Done {
    fn contains(&self, place: usize) -> bool {
        self.0[place / 64] & (1 << (place % 64)) != 0
    }

    fn with(&self, place: usize) -> Self {
        let mut done = self.clone();
        done.0[place / 64] |= 1 << (place % 64);
        done
    }
}

struct Search<'a> {
    steps: &'a [Step],
    tried: HashSet<(Done, Option<Value>)>,
}

impl Search<'_> {
    /// Whether the operations that are not done can follow, on an entry that is `now`.
    fn finish(&mut self, done: Done, now: Option<Value>) -> bool {
        let mut untried = vec![(done, now)];
        while let Some((done, now)) = untried.pop() {
            let next = self.possible_next(&done);
            if next.iter().all(|&place| self.steps[place].returned.is_none()) {
                return true;
            }
            // A right read changes nothing and can never be in the way of another, so no other order need be tried.
            let right_read = Effect::Answered(Action::Get(now));
            if let Some(&read) = next.iter().find(|&&place| self.steps[place].effect == right_read) {
                untried.push((done.with(read), now));
                continue;
            }
            if !self.tried.insert((done.clone(), now)) {
                continue;
            }
            for place in next {
                if let Some(after) = self.steps[place].effect.apply(now) {
                    untried.push((done.with(place), after));
                }
            }
        }
        false
    }

    /// The operations that were called before any other that is not done had returned.
    fn possible_next(&self, done: &Done) -> Vec<usize> {
        let mut first_return = u64::MAX;
        let mut open = Vec::new();
        for (place, step) in self.steps.iter().enumerate() {
            if done.contains(place) {
                continue;
            }
            if step.called > first_return {
                break;
            }
            first_return = first_return.min(step.returned.unwrap_or(u64::MAX));
            open.push(place);
        }
        open.retain(|&place| self.steps[place].called <= first_return);
        open
    }
}

/// Whether a counter that starts at zero can have given these sums to callers that each added one.
#[must_use]
pub fn counts_one_by_one(events: &[Event<i64>]) -> bool {
    let mut events = events.to_vec();
    events.sort_unstable_by_key(|event| event.action);
    let mut last_call = 0;
    events.iter().zip(1..).all(|(event, sum)| {
        // Whoever got a smaller sum counted before: then it was not called after this one had returned.
        last_call = last_call.max(event.called);
        event.action == sum && event.returned >= last_call
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event<A>(called: u64, returned: u64, action: A) -> Event<A> {
        Event { caller: 0, called, returned, action }
    }

    fn linearizable(events: &[Event<Action>]) -> bool {
        is_linearizable(events, &[])
    }

    /// Set 1, then set 2 while two readers look on: both orders of what they see are possible, so far.
    fn overlapping() -> Vec<Event<Action>> {
        vec![
            event(0, 1, Action::Set(1)),
            event(2, 9, Action::Set(2)),
            event(3, 4, Action::Get(Some(1))),
            event(5, 6, Action::Get(Some(2))),
            event(10, 11, Action::Get(Some(2))),
        ]
    }

    #[test]
    fn answers_that_fit_an_order_are_accepted() {
        assert!(linearizable(&[]));
        assert!(linearizable(&overlapping()));
        assert!(linearizable(&[
            event(0, 10, Action::SetIfAbsent { value: 1, stored: true }),
            event(0, 10, Action::SetIfAbsent { value: 2, stored: false }),
            event(0, 10, Action::Take(Some(1))),
            event(0, 10, Action::Delete { removed: false }),
            event(11, 12, Action::Get(None)),
        ]));
    }

    #[test]
    fn a_stale_read_is_found() {
        let mut events = overlapping();
        events.push(event(12, 13, Action::Get(Some(1))));
        assert!(!linearizable(&events));
    }

    #[test]
    fn two_readers_that_disagree_about_the_order_are_found() {
        let mut events = overlapping();
        events.push(event(7, 8, Action::Get(Some(1))));
        assert!(!linearizable(&events));
    }

    #[test]
    fn a_lost_write_is_found() {
        let mut events = overlapping();
        events.push(event(12, 13, Action::Set(3)));
        events.push(event(14, 15, Action::Get(Some(2))));
        assert!(!linearizable(&events));
    }

    #[test]
    fn a_second_winner_is_found() {
        for second in [
            Action::SetIfAbsent { value: 2, stored: true },
            Action::SetIfValue { expected: 3, value: 2, stored: true },
            Action::Take(Some(1)),
            Action::Delete { removed: true },
        ] {
            let mut events = vec![event(0, 10, Action::SetIfAbsent { value: 1, stored: true }), event(0, 10, second)];
            let alone_is_right = matches!(second, Action::Take(_) | Action::Delete { .. });
            assert_eq!(linearizable(&events), alone_is_right, "{second:?}");
            events.push(event(0, 10, second));
            assert!(!linearizable(&events), "{second:?} twice");
        }
    }

    #[test]
    fn a_reordered_delete_is_found() {
        assert!(!linearizable(&[
            event(0, 1, Action::Set(1)),
            event(2, 3, Action::Delete { removed: true }),
            event(4, 5, Action::Get(Some(1))),
        ]));
    }

    #[test]
    fn a_write_without_an_answer_may_take_effect_late_or_never_but_not_twice() {
        let unanswered = [Unanswered { called: 2, write: Write::Set(2) }];
        let before = event(0, 1, Action::Set(1));
        let sees = |at, value| event(at, at + 1, Action::Get(Some(value)));
        for reads in [[1, 1, 1], [1, 2, 2], [2, 2, 2]] {
            let events = [before, sees(3, reads[0]), sees(5, reads[1]), sees(7, reads[2])];
            assert!(is_linearizable(&events, &unanswered), "{reads:?}");
        }
        assert!(!is_linearizable(&[before, sees(3, 2), sees(5, 1)], &unanswered));
        assert!(!is_linearizable(&[before, event(0, 1, Action::Get(Some(2)))], &unanswered));
        let again = event(5, 6, Action::Set(1));
        assert!(!is_linearizable(&[before, sees(3, 2), again, sees(7, 2)], &unanswered));
    }

    #[test]
    fn a_conditional_write_without_an_answer_takes_effect_only_where_its_condition_holds() {
        let swap = |expected| [Unanswered { called: 2, write: Write::SetIfValue { expected, value: 2 } }];
        let events = [event(0, 1, Action::Set(1)), event(3, 4, Action::Get(Some(2)))];
        assert!(is_linearizable(&events, &swap(1)));
        assert!(!is_linearizable(&events, &swap(3)));
        let removal = [Unanswered { called: 2, write: Write::Remove }];
        let absent = [event(0, 1, Action::Set(1)), event(3, 4, Action::Get(None))];
        assert!(is_linearizable(&absent, &removal));
        assert!(!is_linearizable(&absent, &[Unanswered { called: 2, write: Write::SetIfAbsent(2) }]));
    }

    #[test]
    fn sums_must_be_complete_unique_and_in_order() {
        let right = [event(0, 5, 2), event(0, 5, 1), event(6, 7, 3)];
        assert!(counts_one_by_one(&right));
        let duplicate = [event(0, 5, 1), event(0, 5, 1), event(6, 7, 2)];
        assert!(!counts_one_by_one(&duplicate));
        let lost = [event(0, 5, 1), event(6, 7, 3)];
        assert!(!counts_one_by_one(&lost));
        let reordered = [event(0, 1, 2), event(2, 3, 1)];
        assert!(!counts_one_by_one(&reordered));
    }
}
