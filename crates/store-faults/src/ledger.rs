//! What became of the increments of one counter, from what its only writer was told and what the server has.

use std::time::{Duration, Instant};

/// What the writer was told of one increment by 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// It was applied, and this is the sum.
    Acknowledged(i64),
    /// It may have been applied, or may be yet.
    Unknown,
    /// It was not applied.
    Refused,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) called: Instant,
    pub(crate) returned: Instant,
    pub(crate) answer: Answer,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Balance {
    pub(crate) acknowledged: u64,
    pub(crate) unknown: u64,
    pub(crate) refused: u64,
    /// Applied more often than can be accounted for by what was acknowledged or unknown.
    pub(crate) duplicated: u64,
    /// Acknowledged, and gone.
    pub(crate) lost: u64,
    /// From the acknowledgement of the first lost increment to that of the last.
    pub(crate) window: Option<(Instant, Instant)>,
}

impl Balance {
    /// Goes through the sums in the order in which they were acknowledged. As long as none is lost each is one more than
    /// the one before, and one more for each unknown increment that was applied meanwhile. A sum that is no more than
    /// an earlier one shows that the earlier one is gone.
    pub(crate) fn of(entries: &[Entry], at_the_end: i64) -> Self {
        let mut balance = Self::default();
        let mut standing: Vec<(i64, Instant)> = Vec::new();
        // Unknown increments that no sum has accounted for.
        let mut open = 0_u64;
        for entry in entries {
            match entry.answer {
                Answer::Unknown => {
                    balance.unknown += 1;
                    open += 1;
                }
                Answer::Refused => balance.refused += 1,
                Answer::Acknowledged(sum) => {
                    balance.acknowledged += 1;
                    balance.settle(&mut standing, &mut open, sum - 1);
                    standing.push((sum, entry.returned));
                }
            }
        }
        balance.settle(&mut standing, &mut open, at_the_end);
        balance
    }

    /// Takes note that the counter stood at `sum`.
    fn settle(&mut self, standing: &mut Vec<(i64, Instant)>, open: &mut u64, sum: i64) {
        while let Some((_, at)) = standing.pop_if(|(before, _)| *before > sum) {
            self.lost += 1;
            let (first, last) = self.window.unwrap_or((at, at));
            self.window = Some((first.min(at), last.max(at)));
        }
        let before = standing.last().map_or(0, |(before, _)| *before);
        let more = u64::try_from(sum - before).unwrap_or(0);
        // Those that were lost with a primary were not applied to this one, so they account for nothing here; but which
        // of the open ones they were nobody knows.
        self.duplicated += more.saturating_sub(*open);
        *open = open.saturating_sub(more);
    }
}

/// The longest time without a success, from `start` to `end`.
pub(crate) fn longest_gap(successes: impl IntoIterator<Item = Instant>, start: Instant, end: Instant) -> Duration {
    let mut before = start;
    let mut longest = Duration::ZERO;
    for success in successes.into_iter().chain([end]) {
        longest = longest.max(success.saturating_duration_since(before));
        before = success;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Told one after the other, a millisecond apart.
    fn balance(answers: &[Answer], at_the_end: i64) -> Balance {
        let start = Instant::now();
        let entries: Vec<_> = (0..)
            .zip(answers)
            .map(|(number, &answer)| {
                let called = start + Duration::from_millis(number);
                Entry { called, returned: called, answer }
            })
            .collect();
        Balance::of(&entries, at_the_end)
    }

    fn acknowledged(sums: impl IntoIterator<Item = i64>) -> Vec<Answer> {
        sums.into_iter().map(Answer::Acknowledged).collect()
    }

    #[test]
    fn nothing_is_wrong_where_each_sum_is_one_more() {
        let balance = balance(&acknowledged(1..=5), 5);
        assert_eq!((balance.acknowledged, balance.lost, balance.duplicated), (5, 0, 0));
    }

    #[test]
    fn an_unknown_increment_may_have_been_applied_or_not_at_once_or_later() {
        use Answer::{Acknowledged as Sum, Unknown};
        for (answers, at_the_end) in [
            ([Sum(1), Unknown, Sum(2), Sum(3)], 3),
            ([Sum(1), Unknown, Sum(3), Sum(4)], 4),
            ([Sum(1), Unknown, Sum(2), Sum(4)], 4),
            ([Sum(1), Unknown, Sum(2), Sum(3)], 4),
        ] {
            let balance = balance(&answers, at_the_end);
            assert_eq!((balance.unknown, balance.lost, balance.duplicated), (1, 0, 0), "{answers:?}");
        }
    }

    #[test]
    fn an_increment_that_was_applied_twice_is_found() {
        assert_eq!(balance(&acknowledged([1, 3]), 3).duplicated, 1);
        assert_eq!(balance(&acknowledged([1, 2]), 3).duplicated, 1);
        assert_eq!(balance(&[Answer::Unknown, Answer::Acknowledged(3)], 3).duplicated, 1);
        assert_eq!(balance(&[Answer::Refused, Answer::Acknowledged(2)], 2).duplicated, 1);
    }

    #[test]
    fn lost_increments_are_counted_with_their_window() {
        let at_once = balance(&acknowledged([1, 2, 3, 4]), 2);
        assert_eq!((at_once.lost, at_once.duplicated), (2, 0));
        let (first, last) = at_once.window.unwrap();
        assert_eq!(last - first, Duration::from_millis(1));
        // The others follow on the new primary, and hide the loss from whoever looks at the end alone.
        let hidden = balance(&acknowledged([1, 2, 3, 4, 3, 4, 5]), 5);
        assert_eq!((hidden.lost, hidden.duplicated), (2, 0));
    }

    #[test]
    fn a_loss_does_not_hide_a_duplicate() {
        let balance = balance(&acknowledged([1, 2, 3, 2, 4]), 4);
        assert_eq!((balance.lost, balance.duplicated), (2, 1));
    }

    #[test]
    fn the_time_before_the_first_and_after_the_last_success_counts() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!(longest_gap([at(10), at(15)], start, at(16)), Duration::from_millis(10));
        assert_eq!(longest_gap([at(1), at(9)], start, at(10)), Duration::from_millis(8));
        assert_eq!(longest_gap([], start, at(7)), Duration::from_millis(7));
    }
}
