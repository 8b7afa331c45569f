//! Faults that are planted into long histories are found, and shown.

use super::brute_force::Entry;
use super::simulation::{Mix, Plan, Simulated, simulate};
use crate::choices::Choices;
use crate::history::{Call, EntryAnswer, EntryOp, History};

const CALLS: usize = 100_000;

/// No picture should be larger.
const MOST_SHOWN: usize = 20;

/// What an entry does wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// A read gives the value before the last one.
    StaleRead,
    /// A write is answered, and nothing happened.
    LostWrite,
    /// A step is counted twice.
    DuplicateStep,
    /// A removal is answered, but the write before it comes after it.
    ReorderedDelete,
}

/// An entry that does one thing wrong, as soon as that can be seen.
struct Faulty {
    fault: Fault,
    /// It does nothing wrong before so many calls took effect.
    from: usize,
    now: Entry,
    /// The value before, and the call that replaced it.
    before: (Option<i64>, usize),
    planted: Option<Planted>,
}

/// Where among all calls that took effect.
#[derive(Clone, Copy)]
struct Planted {
    at: usize,
    /// The last call before that changed the entry.
    change: usize,
}

impl Faulty {
    fn new(fault: Fault, from: usize) -> Self {
        Self { fault, from, now: Entry(None), before: (None, 0), planted: None }
    }

    fn answer(&mut self, effects: usize, operation: EntryOp, last_change_has_returned: bool) -> EntryAnswer {
        let before = self.now;
        let answer = self.now.answer(operation);
        let is_settled = last_change_has_returned || self.fault == Fault::DuplicateStep;
        let is_due = self.planted.is_none() && effects >= self.from && is_settled;
        let wrong = match (self.fault, operation) {
            (Fault::StaleRead, EntryOp::Get) => self.before.0.map(|stale| (EntryAnswer::Value(Some(stale)), before)),
            (Fault::LostWrite, EntryOp::Set(_)) if before.0.is_some() => Some((answer, before)),
            (Fault::DuplicateStep, EntryOp::Add(step)) => Some((answer, Entry(self.now.0.map(|sum| sum + step)))),
            (Fault::ReorderedDelete, EntryOp::Delete) if before.0.is_some() => Some((answer, before)),
            _ => None,
        };
        match wrong.filter(|_| is_due) {
            Some((answer, after)) => {
                self.planted = Some(Planted { at: effects, change: self.before.1 });
                self.now = after;
                answer
            }
            None => {
                if self.now.0 != before.0 {
                    self.before = (before.0, effects);
                }
                answer
            }
        }
    }
}

/// A history with one fault, and the call that it was planted in.
fn history(fault: Fault, mix: Mix, one_is_given_up_of: u64, seed: u64) -> (Vec<Simulated<EntryOp>>, Planted) {
    let plan = Plan { callers: 4, calls: CALLS, one_is_given_up_of };
    let mut faulty = Faulty::new(fault, CALLS / 2);
    let (mut written, mut returned) = (0, Vec::new());
    let choose = |choices: &mut Choices, _| {
        written += 1;
        mix.choose_anew(choices, written)
    };
    let answer = |_: &mut Choices, effects: usize, call: &Call<EntryOp>| {
        // It has returned for certain if its caller was called again before this call was.
        returned.push((call.caller, call.called));
        let (_, change) = faulty.before;
        let (changer, _) = returned[change];
        let since = &returned[change + 1..];
        let has_returned = since.iter().any(|&(caller, called)| caller == changer && called < call.called);
        faulty.answer(effects, call.operation, has_returned)
    };
    let all = simulate::<Entry>(&plan, &mut Choices::named(seed, "planted"), choose, answer);
    (all, faulty.planted.unwrap())
}

/// Whether the fault cannot be missed: what was written before was written by calls that were answered, so it cannot have
/// been written later; and the next call was called after the planted one had returned, and it looks.
fn can_be_seen(all: &[Simulated<EntryOp>], fault: Fault, planted: Planted) -> bool {
    let at = |effect| all.iter().find(|it| it.effect == Some(effect)).and_then(|it| Some((it.call, it.call.returned?)));
    let looks = |call: Call<EntryOp>| matches!(call.operation, EntryOp::Get | EntryOp::Add(_));
    let is_answered = |value| {
        let mut writes = all.iter().filter(|it| it.call.operation.written() == Some(value));
        writes.all(|it| it.call.returned.is_some())
    };
    match [planted.change, planted.at, planted.at + 1].map(at) {
        [Some(_), Some((_, returned)), _] if fault == Fault::StaleRead => {
            matches!(returned.answer, EntryAnswer::Value(Some(stale)) if is_answered(stale))
        }
        [Some(_), Some((_, returned)), Some((next, _))] => looks(next) && returned.at < next.called,
        _ => false,
    }
}

fn is_found(fault: Fault, mix: Mix, one_is_given_up_of: u64) {
    let (all, planted) = (0..200)
        .map(|seed| history(fault, mix, one_is_given_up_of, seed))
        .find(|(all, planted)| can_be_seen(all, fault, *planted))
        .unwrap();
    let wrong = all.iter().find(|simulated| simulated.effect == Some(planted.at)).unwrap().call;
    let violation = all.iter().map(|simulated| simulated.call).collect::<History<_>>().judge().unwrap_err();
    assert!(violation.calls().any(|call| *call == wrong), "{fault:?} {wrong:?}\n{violation}");
    assert!(violation.calls().count() <= MOST_SHOWN, "{violation}");
}

#[test]
fn a_stale_read_is_found() {
    is_found(Fault::StaleRead, Mix::Plain, 0);
    is_found(Fault::StaleRead, Mix::Plain, 100);
    is_found(Fault::StaleRead, Mix::Conditions, 100);
    is_found(Fault::StaleRead, Mix::All, 0);
}

#[test]
fn a_lost_write_is_found() {
    is_found(Fault::LostWrite, Mix::Plain, 0);
    is_found(Fault::LostWrite, Mix::Plain, 100);
    is_found(Fault::LostWrite, Mix::Conditions, 100);
    is_found(Fault::LostWrite, Mix::All, 0);
}

#[test]
fn a_step_that_is_counted_twice_is_found() {
    is_found(Fault::DuplicateStep, Mix::Steps, 0);
    is_found(Fault::DuplicateStep, Mix::All, 0);
}

#[test]
fn a_delete_that_changes_places_with_the_write_before_it_is_found() {
    is_found(Fault::ReorderedDelete, Mix::Conditions, 100);
    is_found(Fault::ReorderedDelete, Mix::All, 0);
}
