//! What a violation looks like.

use crate::history::{Call, EntryAnswer, EntryOp, History};

#[test]
fn a_violation_is_shown_as_lanes() {
    let history: History<_> = [
        Call::open(3, 0, EntryOp::SetIfAbsent(9)),
        Call::answered(0, 1_000..=2_000, EntryOp::Set(1), EntryAnswer::Done),
        Call::answered(1, 3_000..=4_000, EntryOp::Get, EntryAnswer::Value(Some(1))),
        Call::answered(0, 5_000..=9_000, EntryOp::Set(2), EntryAnswer::Done),
        Call::open(2, 6_000, EntryOp::Delete),
        Call::answered(1, 10_500..=11_250, EntryOp::Get, EntryAnswer::Value(Some(1))),
        Call::answered(1, 12_000..=13_000, EntryOp::Get, EntryAnswer::Value(None)),
    ]
    .into_iter()
    .collect();
    let picture = [
        "no order explains these answers, whatever came before:",
        "            µs   caller 0   caller 1   caller 2",
        "         0.000   + set 2",
        "         1.000   |                     ? delete",
        "         4.000   + done",
        "         5.500              + get",
        "         6.250              + saw 1",
        "  ? has no answer here: it may take effect at any time from its call on, or never",
        "  nor would it help if some of these took effect, which were called before: set 9 if absent",
    ];
    let shown = history.judge().unwrap_err().to_string();
    assert_eq!(shown.lines().map(str::trim_end).collect::<Vec<_>>(), picture, "\n{shown}");
}
