//! Writes and removals under conditions, and what they tell.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(ReadsThenWritesIfAbsent, Concurrency, "`if_absent` is a `get` and then a `set`", ["conditions::set_if_absent_has_one_winner", "cache::add_stores_once"]),
    mutant!(UnlocksBeforeWritingIfAbsent, Concurrency, "`if_absent` lets go of the lock between looking and writing", ["conditions::set_if_absent_has_one_winner", "cache::add_stores_once"]),
    mutant!(IfAbsentExpiresLater, Cancellation, "`if_absent` writes, and gives the entry its expiry later", ["cancellation::cancel_leaves_before_or_after"]),
    mutant!(IfPresentAlwaysStores, Plain, "`if_present` stores over nothing", ["conditions::set_if_present", "conditions::refused_condition_changes_nothing", MODEL]),
    mutant!(IgnoresValueConditions, Plain, "`if_value` stores over any value", ["conditions::set_if_value", "conditions::refused_condition_changes_nothing", MODEL]),
    mutant!(ComparesThenWritesIfValue, Concurrency, "`if_value` compares and then writes", ["conditions::set_if_value", "conditions::update_loses_no_write", "concurrency::operations_are_linearizable"]),
    mutant!(IfValueForgetsLifetime, Time, "`if_value` stores without the lifetime", ["conditions::set_if_value", MODEL]),
    mutant!(IfValueStoresNowAndThen, Rare, "of 200 refusals of `if_value` one stores", ["concurrency::operations_are_linearizable"]),
    mutant!(RefusalTouchesLifetime, Time, "a refused write changes the expiry", ["conditions::refused_condition_changes_nothing", MODEL]),
    mutant!(RefusalPassesForStored, Plain, "a refused write tells that it stored", ["conditions::set_if_absent_has_one_winner", "conditions::set_if_present", "conditions::set_if_value", MODEL]),
    mutant!(DeleteAlwaysTrue, Plain, "`delete` tells that it removed something, whatever was there", ["removal::delete_reports_removal", "batches::delete_many_reports_each", MODEL]),
    mutant!(DeleteIgnoresValue, Plain, "`delete` under a condition removes any value", ["removal::delete_if_value", "conditions::refused_condition_changes_nothing", MODEL]),
    mutant!(ForgetsOneDeleteInTwoHundred, Rare, "one `delete` in 200 is acknowledged and forgotten", ["concurrency::operations_are_linearizable", MODEL]),
    mutant!(TakeLeavesEntry, Plain, "`take` removes nothing", ["removal::take_returns_and_removes", MODEL]),
    mutant!(TakesInTwoSteps, Concurrency, "`take` reads and then removes", ["removal::take_returns_and_removes", "concurrency::operations_are_linearizable"]),
];
