//! Who holds a lock.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(LockHasTwoHolders, Concurrency, "a lock is looked at and taken later", ["locks::lock_has_one_holder"]),
    mutant!(LockIsTakenAfterALook, Concurrency, "the mutex is let go of between looking at a lock and taking it", ["locks::lock_has_one_holder"]),
    mutant!(LockNeverExpires, Time, "a lock is held until it is released", ["locks::lock_expires", "locks::extend_sets_what_remains", MODEL]),
    mutant!(LockExpiresLater, Cancellation, "a lock is taken, and gets its expiry later", ["locks::dropped_lock_calls_keep_the_owner"]),
    mutant!(LockReleasedByStranger, Plain, "anybody may release a lock", ["locks::lock_is_its_owners", MODEL]),
    mutant!(LockExtendedByStranger, Plain, "anybody may extend a lock", ["locks::lock_is_its_owners", MODEL]),
    mutant!(ExtendRevivesExpiredLock, Time, "`extend` gives an expired lock a new life", ["locks::extend_sets_what_remains", "locks::lock_expires"]),
    mutant!(ExtendAddsToRemaining, Time, "`extend` adds to what is left", ["locks::extend_sets_what_remains"]),
    mutant!(TokenRepeatsAfterRelease, Plain, "the next holder after a release gets the same token", ["locks::fencing_tokens_grow", "locks::waiting_ends"]),
    mutant!(TokenRepeatsAfterExpiry, Time, "the next holder after an expiry gets the same token", ["locks::fencing_tokens_grow", MODEL]),
    mutant!(ReacquiringMakesNewToken, Plain, "an owner that has the lock gets a new token", ["locks::owners_reacquire", "locks::dropped_lock_calls_keep_the_owner", MODEL]),
    mutant!(OwnerIsLockedOut, Plain, "an owner does not get the lock that it has", ["locks::owners_reacquire", "locks::dropped_lock_calls_keep_the_owner", MODEL]),
    mutant!(LocksAreEntries, Plain, "a lock is an entry of its name", ["locks::locks_are_not_entries", MODEL]),
    mutant!(WaitsForNoLock, Plain, "nobody waits for a lock that is held", ["locks::waiting_ends"]),
];
