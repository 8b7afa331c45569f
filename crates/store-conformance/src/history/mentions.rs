//! Which values have to be told apart, and for how long.

use std::collections::HashMap;

use super::effort::Effort;
use super::{Call, Operation, Value};

/// Which values calls mention, and how many of these calls have not returned.
pub(super) struct Mentions {
    left: HashMap<Value, usize>,
    /// What is mentioned as long as a value is: what was there before, for calls without an answer that may have written it.
    with: HashMap<Value, Vec<Value>>,
    /// Stands for all values that nobody mentions; `None` where they have to be told apart.
    nobodys: Option<Value>,
}

impl Mentions {
    pub(super) fn of<O: Operation>(calls: &[Call<O>], effort: Effort) -> Self {
        let mut mentions = Self { left: HashMap::new(), with: HashMap::new(), nobodys: None };
        if !O::tells_apart_what_it_mentions(calls) {
            return mentions;
        }
        let for_ever = effort != Effort::Quick;
        for call in calls.iter().filter(|call| for_ever || call.returned.is_some()) {
            for value in mentioned_by(call) {
                *mentions.left.entry(value).or_default() += 1;
            }
        }
        if !for_ever {
            mentions.follow(calls);
        }
        mentions.nobodys = (Value::MIN..=Value::MAX).find(|value| !mentions.left.contains_key(value));
        mentions
    }

    /// Adds what calls without an answer mention that may have written what is mentioned. Otherwise they would mention it
    /// for ever, because they never return, and there would be ever more to tell apart.
    fn follow<O: Operation>(&mut self, calls: &[Call<O>]) {
        let mut before: HashMap<Value, Vec<Value>> = HashMap::new();
        for call in calls.iter().filter(|call| call.returned.is_none()) {
            if let Some(written) = call.operation.value() {
                before.entry(written).or_default().extend(mentioned_by(call));
            }
        }
        let mut known: Vec<Value> = self.left.keys().copied().collect();
        while let Some(value) = known.pop() {
            let Some(with) = before.remove(&value) else { continue };
            for &other in &with {
                *self.left.entry(other).or_default() += 1;
                known.push(other);
            }
            self.with.insert(value, with);
        }
    }

    /// The value, or what stands for it once nobody mentions it any more.
    pub(super) fn known(&self, value: Value) -> Value {
        let is_mentioned = self.left.get(&value).is_some_and(|left| *left > 0);
        self.nobodys.filter(|_| !is_mentioned).unwrap_or(value)
    }

    /// Counts the return of a call that mentions the value. Gives what nobody mentions any more since then.
    pub(super) fn returned(&mut self, value: Value) -> Vec<Value> {
        let (mut returned, mut forgotten) = (vec![value], Vec::new());
        while let Some(value) = returned.pop() {
            let Some(left) = self.left.get_mut(&value) else { continue };
            *left = left.saturating_sub(1);
            if *left == 0 {
                forgotten.push(value);
                returned.extend(self.with.remove(&value).unwrap_or_default());
            }
        }
        forgotten
    }
}

fn mentioned_by<O: Operation>(call: &Call<O>) -> impl Iterator<Item = Value> {
    call.operation.mentions(call.returned.map(|it| it.answer)).into_iter().flatten()
}
