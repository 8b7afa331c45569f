//! Batches and counters.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(BatchDropsDuplicates, Plain, "`get_many` answers once for a key that is asked twice", ["batches::get_many_is_positional", MODEL]),
    mutant!(BatchOmitsMissing, Plain, "`get_many` has no place for what is missing", ["batches::get_many_is_positional", MODEL]),
    mutant!(FirstOfDuplicatesWins, Plain, "`set_many` keeps the first of duplicates", ["batches::set_many_keeps_lifetimes", MODEL]),
    mutant!(BatchDropsLifetimes, Time, "what `set_many` writes lasts for ever", ["batches::set_many_keeps_lifetimes", "cache::default_ttl_applies", MODEL]),
    mutant!(BatchSharesOneLifetime, Time, "`set_many` gives all items the lifetime of the first", ["batches::set_many_keeps_lifetimes", MODEL]),
    mutant!(BatchAppliedKeyByKey, Concurrency, "`set_many` writes key by key, though atomic batches are declared", ["batches::set_many_is_atomic"]),
    mutant!(BatchReadKeyByKey, Concurrency, "`get_many` reads key by key, though snapshots are declared", ["batches::get_many_is_a_snapshot"]),
    mutant!(DeleteManyStopsAtMissing, Plain, "`delete_many` ends at the first key that is missing", ["batches::delete_many_reports_each", MODEL]),
    mutant!(DeleteManyTellsTwice, Plain, "`delete_many` tells of each duplicate that it was removed", ["batches::delete_many_reports_each", MODEL]),
    mutant!(DeleteManyReachesNested, Plain, "`delete_many` takes the entries of these keys in nested namespaces too", [MODEL]),
    mutant!(EmptyBatchIsRefused, Plain, "a batch of nothing is refused", ["batches::get_many_is_positional", "batches::set_many_keeps_lifetimes", "batches::delete_many_reports_each", MODEL]),
    mutant!(DeleteManyOfNothingRemovesAll, Plain, "`delete_many` of nothing empties the namespace", ["batches::delete_many_reports_each", MODEL]),
    mutant!(CounterRestartsLifetime, Time, "`increment` gives the counter a new lifetime", ["counters::counter_keeps_expiry", MODEL]),
    mutant!(CounterHasNoDefault, Time, "a new counter lasts for ever", ["cache::default_ttl_applies", MODEL]),
    mutant!(CounterExpiresLater, Cancellation, "`increment` makes a counter, and gives it its expiry later", ["cancellation::cancel_leaves_before_or_after"]),
    mutant!(CounterLosesIncrements, Concurrency, "`increment` is a `get` and then a `set`", ["counters::increment_is_atomic", "concurrency::operations_are_linearizable"]),
    mutant!(CounterUnlocksBeforeWriting, Concurrency, "`increment` lets go of the lock between reading and writing", ["counters::increment_is_atomic", "concurrency::operations_are_linearizable"]),
    mutant!(LosesOneIncrementInTwoHundred, Rare, "one increment in 200 is acknowledged and lost", ["counters::increment_is_atomic", MODEL]),
    mutant!(CounterAcceptsLeadingZeros, Plain, "`increment` reads `007` as a number", ["counters::increment_refuses"]),
    mutant!(CounterTakesTextForZero, Plain, "`increment` takes what is no number for 0", ["counters::increment_refuses", MODEL]),
    mutant!(CounterWraps, Plain, "a sum that is too large wraps around", ["counters::increment_refuses"]),
    mutant!(CounterPadsText, Plain, "a space follows the number that `increment` writes", ["counters::counter_is_decimal_text", "counters::increment_is_atomic", MODEL]),
    mutant!(CounterIgnoresSign, Plain, "a counter is only ever stepped up", ["counters::decrement_subtracts", MODEL]),
    mutant!(ErrorShowsValue, Plain, "the error of `increment` over text shows the text", ["errors::errors_never_show_values"]),
];
