//! What is kept of an entry, and under which name.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(EmptyValueIsMissing, Plain, "`get` takes an empty value for none", ["values::value_limits", "values::get_after_set_returns_value", MODEL]),
    mutant!(OverwriteKeepsOldValue, Plain, "a write over an entry leaves its value", ["values::get_after_set_returns_value", MODEL]),
    mutant!(TruncatesLongValues, Plain, "values end after 4 KiB", ["values::value_limits"]),
    mutant!(LongestValueIsRefused, Plain, "a value as long as is declared is refused", ["values::value_limits"]),
    mutant!(StaleReadsNowAndThen, Rare, "one read in 200 finds what was overwritten", ["concurrency::operations_are_linearizable", MODEL]),
    mutant!(SecondHandleReadsStale, Plain, "a second handle remembers what it read, and looks no more", ["values::get_after_set_returns_value", "concurrency::operations_are_linearizable", MODEL]),
    mutant!(LosesOneWriteInAThousand, Rare, "one write in 1,000 is acknowledged and lost", ["concurrency::operations_are_linearizable", MODEL]),
    mutant!(TearsOneValueInAThousand, Rare, "of one value in 1,000 half is written", [MODEL]),
    mutant!(DroppedAnswerGoesToTheNext, Cancellation, "the answer to a dropped `get` goes to the next one", ["cancellation::cancel_leaves_before_or_after"]),
    mutant!(DroppedCallBreaksTheStore, Cancellation, "the call after a dropped `set` fails", ["cancellation::cancel_leaves_before_or_after"]),
    mutant!(RemovesBeforeWriting, Cancellation, "`set` removes the entry and writes it later", ["cancellation::cancel_leaves_before_or_after", "expiry::set_replaces_expiry"]),
    mutant!(AnswersAfterClose, Plain, "a closed store answers", ["lifecycle::close_is_final", "lifecycle::ping_answers"]),
    mutant!(DroppedPingBreaksTheStore, Cancellation, "the call after a dropped `ping` fails", ["cancellation::cancel_leaves_before_or_after"]),
    mutant!(EvictsWithoutSayingSo, Plain, "of more than 500 entries the first is dropped, which is not declared", ["batches::batch_limits"]),
    mutant!(ForeignIsRead, Plain, "what another program put in the place of an entry is read as one", ["foreign::wrong_type_is_an_error", "errors::refusals_are_not_applied"]),
    mutant!(FoldsCase, Plain, "keys are kept in lower case", ["keys::keys_are_exact"]),
    mutant!(NulEndsKeys, Plain, "keys end at a NUL, as in C", ["keys::keys_are_exact", MODEL]),
    mutant!(TrimsKeys, Plain, "keys are kept without white space around them", ["keys::keys_are_exact", MODEL]),
    mutant!(TruncatesLongKeys, Plain, "keys end after 1,024 characters", ["keys::keys_are_exact"]),
    mutant!(LongestKeyIsRefused, Plain, "a key as long as is declared is refused", ["keys::key_limits"]),
    mutant!(LongestNamespaceIsRefused, Plain, "a namespace as long as there may be is refused", ["namespaces::namespace_limits"]),
    mutant!(JoinsSegmentsPlainly, Plain, "segments of a namespace are joined by `/` as they are", ["namespaces::namespaces_are_injective", "namespaces::namespaces_are_isolated"]),
    mutant!(JoinsSegmentsByUnderscore, Plain, "segments of a namespace are joined by `_`, so that one nested in another is like a third", ["namespaces::namespaces_are_injective"]),
    mutant!(JoinsNamespaceAndKey, Plain, "namespace and key are joined by `:` as they are", ["namespaces::namespaces_are_injective"]),
];
