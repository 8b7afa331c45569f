//! How long entries live, and who looks at that.

use super::{MODEL, Mutant, mutant};

#[rustfmt::skip]
pub(super) const MUTANTS: &[Mutant] = &[
    mutant!(ReadsExpired, Time, "`get` does not look at the expiry", ["expiry::no_read_after_expiry", "values::missing_is_none", MODEL]),
    mutant!(ExistsIgnoresExpiry, Time, "`exists` does not look at the expiry", ["expiry::no_read_after_expiry", "values::exists_agrees_with_get", MODEL]),
    mutant!(OnlyGetRemovesExpired, Time, "what is expired exists until a `get` removes it", ["expiry::no_read_after_expiry", "values::exists_agrees_with_get", MODEL]),
    mutant!(BatchReadsExpired, Time, "`get_many` does not look at the expiry", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(ListsExpired, Time, "`list` does not look at the expiry", ["expiry::no_read_after_expiry", "listing::list_is_complete", MODEL]),
    mutant!(IfAbsentSeesExpired, Time, "`if_absent` is refused over an expired entry", ["expiry::no_read_after_expiry", "conditions::set_if_absent_has_one_winner", MODEL]),
    mutant!(IfPresentSeesExpired, Time, "`if_present` stores over an expired entry", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(KeepSeesExpired, Time, "a write that keeps the expiry keeps one that is over", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(DeleteTellsOfExpired, Time, "`delete` tells that it removed an expired entry", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(TakesExpired, Time, "`take` gives an expired entry", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(RenewRevivesExpired, Time, "renewal finds an expired entry and gives it a new life", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(ExpireRevivesExpired, Time, "`expire` gives an expired entry a new life", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(CounterContinuesExpired, Time, "`increment` goes on from an expired counter", ["expiry::no_read_after_expiry", MODEL]),
    mutant!(LosesInTheLastMillisecond, Time, "entries end a millisecond early", ["expiry::no_loss_before_expiry", MODEL]),
    mutant!(RemainingEndsEarly, Time, "`ttl` finds nothing where a millisecond is left", ["expiry::ttl_has_three_answers"]),
    mutant!(RemainingForgetsDays, Time, "`ttl` tells the time of day that is left and leaves out whole days", ["expiry::ttl_has_three_answers", "lifetimes::expiry_in", MODEL]),
    mutant!(ReportsExpiryTooLate, Time, "the expiry that is reported is a millisecond late", ["lifetimes::absolute_expiry_is_kept", "lifetimes::expiry_in", MODEL]),
    mutant!(TtlInWholeSeconds, Time, "lifetimes are cut to whole seconds", ["lifetimes::expiry_in", "lifetimes::ttl_rounds_up", "expiry::no_loss_before_expiry", MODEL]),
    mutant!(RenewInWholeSeconds, Time, "renewal is cut to whole seconds, and of less removes the entry", ["renewal::renew_only_if_expiring", MODEL]),
    mutant!(RenewForgetsDays, Time, "renewal by a day is one by the seconds beside whole days, so the entry goes", ["renewal::renew_only_if_expiring"]),
    mutant!(RenewSkipsTheLastHalfSecond, Time, "renewal takes an entry with less than half a second left for one that never expires", ["renewal::renew_only_if_expiring", MODEL]),
    mutant!(RenewMakesLastingExpire, Time, "renewal gives an entry that never expires an expiry", ["renewal::renew_only_if_expiring", MODEL]),
    mutant!(RenewTellsOldExpiry, Time, "a read with renewal reports the expiry before it", ["renewal::renew_only_if_expiring"]),
    mutant!(RenewsInTwoSteps, Concurrency, "renewal reads, and changes the expiry of whatever is there later", ["renewal::renew_only_if_expiring"]),
    mutant!(DefaultIsForgotten, Time, "a write without an expiry lasts for ever", ["lifetimes::expiry_default", "cache::default_ttl_applies", MODEL]),
    mutant!(NeverMeansDefault, Time, "a write that is never to expire gets the default", ["lifetimes::expiry_never", MODEL]),
    mutant!(PastExpiryLives, Time, "`set` takes a past expiry for none", ["lifetimes::expiry_at", "batches::set_many_keeps_lifetimes", MODEL]),
    mutant!(PastExpireMakesLasting, Time, "`expire` takes a past expiry for none", ["expiry::expire_reports_existence", "batches::expire_many_reports_each", MODEL]),
    mutant!(KeepMeansDefault, Time, "a write that keeps the expiry gives the default", ["lifetimes::expiry_keep", MODEL]),
    mutant!(SetExpiresLater, Concurrency, "`set` writes, and gives the entry its expiry later", ["expiry::set_replaces_expiry", "cancellation::cancel_leaves_before_or_after"]),
    mutant!(ExpireForgetsToReport, Plain, "`expire` tells that nothing was there", ["expiry::expire_reports_existence", "batches::expire_many_reports_each", MODEL]),
    mutant!(ExpireRewritesValue, Concurrency, "`expire` reads the entry and writes it again", ["expiry::expire_reports_existence"]),
];
