//! What is declared, and what is told of what failed.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(DeclaresTakeWithoutIt, Plain, "`take` is declared and not there", ["capabilities::capabilities_are_kept", "removal::take_returns_and_removes", MODEL]),
    mutant!(DeclaresRenewalWithoutIt, Plain, "renewal is declared and not there", ["capabilities::capabilities_are_kept", "renewal::renew_only_if_expiring", MODEL]),
    mutant!(DeclaresConditionsWithoutThem, Plain, "conditions on the value are declared and not there", ["capabilities::capabilities_are_kept", "conditions::set_if_value", MODEL]),
    mutant!(DeclaresCountersWithoutThem, Plain, "counters are declared and not there", ["capabilities::capabilities_are_kept", "counters::increment_is_atomic", MODEL]),
    mutant!(DeclaresLocksWithoutThem, Plain, "locks are declared and not there", ["capabilities::capabilities_are_kept", "locks::lock_has_one_holder", MODEL]),
    mutant!(SecondHandleDeclaresLess, Plain, "a second handle does not declare what both can do", ["capabilities::capabilities_are_kept"]),
    mutant!(AcknowledgesWithoutReplicas, Plain, "a write is acknowledged that reached fewer replicas than it was to", ["outcomes::replicated_or_unknown"]),
    mutant!(CallsTooFewReplicasUnapplied, Plain, "a write that reached too few replicas is called not applied", ["outcomes::replicated_or_unknown"]),
    mutant!(FailsWithEnoughReplicas, Plain, "a write fails that reached enough replicas", ["outcomes::replicated_or_unknown"]),
    mutant!(OutageReadsAsMiss, Plain, "`get` finds nothing while the backend is away", ["outages::outages_are_errors"]),
    mutant!(OutageHangs, Plain, "calls wait as long as nothing answers", ["outages::outages_are_errors"]),
    mutant!(OutageNeverPasses, Plain, "after an outage nothing works any more", ["outages::outages_pass"]),
    mutant!(LostAnswerIsSentAgain, Plain, "a write whose answer was lost is sent again", ["outages::lost_answers_are_unknown"]),
    mutant!(LostAnswerPassesForDone, Plain, "a write whose answer was lost passes for done", ["outages::lost_answers_are_unknown"]),
    mutant!(LostAnswerPassesForUnapplied, Plain, "a write whose answer was lost is called not applied", ["outages::lost_answers_are_unknown"]),
    mutant!(LostRequestPassesForDone, Plain, "`set` is acknowledged whether or not the request arrived", ["outages::lost_answers_are_unknown", "outages::outages_are_errors"]),
];
