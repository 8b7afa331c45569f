//! What is cleared, what is listed, and what is left when the data is opened again.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(ClearsByPrefix, Plain, "`clear` takes every namespace that begins with these letters", ["clearing::clear_is_exact", MODEL]),
    mutant!(ClearsByGlob, Plain, "`clear` reads `*` and `?` in a namespace as a pattern", ["clearing::clear_is_exact", MODEL]),
    mutant!(ClearTakesEverything, Plain, "`clear` empties the whole database", ["clearing::clear_is_exact", MODEL]),
    mutant!(ClearKeepsNested, Plain, "`clear` leaves nested namespaces", ["clearing::clear_is_exact", MODEL]),
    mutant!(ClearMiscounts, Plain, "`clear` does not count what it removes from nested namespaces", ["clearing::clear_is_exact", MODEL]),
    mutant!(ClearsWithoutNamespace, Plain, "`clear` without a namespace empties the whole database", ["clearing::clear_needs_a_namespace"]),
    mutant!(ClearTakesCollections, Plain, "`clear` takes collections of records with it", ["records::collections_are_not_entries"]),
    mutant!(ClearEndsAfterAPage, Plain, "`clear` ends after 1,000 entries", ["clearing::clear_is_exact"]),
    mutant!(ClearLeavesUnreadableKeys, Plain, "`clear` leaves entries whose keys are no text", ["clearing::clear_is_exact"]),
    mutant!(DroppedClearBreaksTheStore, Cancellation, "the call after a dropped `clear` fails", ["cancellation::cancel_leaves_before_or_after"]),
    mutant!(ListSkipsLastPage, Plain, "the cursor of `list` ends a page early", ["listing::list_is_complete", MODEL]),
    mutant!(ListReadsOnePage, Plain, "`list` has no page but the first", ["listing::list_is_complete", MODEL]),
    mutant!(ListRepeatsKeys, Plain, "`list` shows keys twice", ["listing::list_is_complete", MODEL]),
    mutant!(ListsInUtf16Order, Plain, "`list` follows UTF-16 where byte order is declared", ["listing::list_is_complete"]),
    mutant!(AcceptsAnyCursor, Plain, "`list` begins anew for a cursor that is none", ["listing::list_refuses_bad_input", MODEL]),
    mutant!(CursorLeadsAnywhere, Plain, "`list` goes on where the cursor leads, whichever namespace was asked for", ["listing::list_refuses_bad_input"]),
    mutant!(CursorCountsKeys, Plain, "a cursor is how many keys were listed, whatever is removed meanwhile", ["listing::list_is_complete"]),
    mutant!(CursorRepeatsAfterWrite, Plain, "a page shows the last key of the one before again where others wrote in between", [MODEL]),
    mutant!(ListNeverEnds, Plain, "behind the last page of `list` comes the first again", ["listing::list_is_complete", MODEL]),
    mutant!(ListFailsAtUnreadableKeys, Plain, "`list` fails where a key is no text", ["listing::list_is_complete"]),
    mutant!(ReopenForgetsLifetimes, Time, "lifetimes are not read back when the data is opened again", [MODEL]),
    mutant!(ReopenLosesLastStep, Plain, "the last step of every counter is lost when the data is opened again", [MODEL]),
    mutant!(ReopenRevivesDeleted, Plain, "what was deleted last is there again when the data is opened again", [MODEL]),
];
