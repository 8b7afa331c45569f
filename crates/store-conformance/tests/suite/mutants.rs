//! Each broken store is found out by the checks that are there for its fault.

use store_conformance::{Options, Status};
use store_core::Listing;

use crate::fault::Fault;
use crate::harness::{Setup, run};

const MODEL: &str = "model::programs_agree_with_the_model";
const RECORDS: &str = "model::record_programs_agree_with_the_model";

#[rustfmt::skip]
const MUTANTS: &[(Fault, &[&str])] = &[
    (Fault::ReadsExpired, &["expiry::no_read_after_expiry", "values::missing_is_none", MODEL]),
    (Fault::ExistsIgnoresExpiry, &["expiry::no_read_after_expiry", "values::exists_agrees_with_get", MODEL]),
    (Fault::OnlyGetRemovesExpired, &["expiry::no_read_after_expiry", "values::exists_agrees_with_get", MODEL]),
    (Fault::BatchReadsExpired, &["expiry::no_read_after_expiry", MODEL]),
    (Fault::ListsExpired, &["expiry::no_read_after_expiry", "listing::list_is_complete", MODEL]),
    (Fault::TtlInWholeSeconds, &["lifetimes::expiry_in", "lifetimes::ttl_rounds_up", "expiry::no_loss_before_expiry", MODEL]),
    (Fault::RenewMakesLastingExpire, &["renewal::renew_only_if_expiring", MODEL]),
    (Fault::RenewTellsOldExpiry, &["renewal::renew_only_if_expiring"]),
    (Fault::RemainingEndsEarly, &["expiry::ttl_has_three_answers"]),
    (Fault::ReportsExpiryTooLate, &["lifetimes::absolute_expiry_is_kept", "lifetimes::expiry_in", MODEL]),
    (Fault::DefaultIsForgotten, &["lifetimes::expiry_default", "cache::default_ttl_applies", MODEL]),
    (Fault::PastExpiryLives, &["lifetimes::expiry_at", "batches::set_many_keeps_lifetimes", MODEL]),
    (Fault::KeepMeansDefault, &["lifetimes::expiry_keep", MODEL]),
    (Fault::ExpireForgetsToReport, &["expiry::expire_reports_existence", "batches::expire_many_reports_each", MODEL]),
    (Fault::ReadsThenWritesIfAbsent, &["conditions::set_if_absent_has_one_winner", "cache::add_stores_once"]),
    (Fault::UnlocksBeforeWritingIfAbsent, &["conditions::set_if_absent_has_one_winner", "cache::add_stores_once"]),
    (Fault::IfPresentAlwaysStores, &["conditions::set_if_present", "conditions::refused_condition_changes_nothing", MODEL]),
    (Fault::IgnoresValueConditions, &["conditions::set_if_value", "conditions::refused_condition_changes_nothing", MODEL]),
    (Fault::IfValueForgetsLifetime, &["conditions::set_if_value", MODEL]),
    (Fault::RefusalTouchesLifetime, &["conditions::refused_condition_changes_nothing", MODEL]),
    (Fault::DeleteAlwaysTrue, &["removal::delete_reports_removal", "batches::delete_many_reports_each", MODEL]),
    (Fault::DeleteIgnoresValue, &["removal::delete_if_value", "conditions::refused_condition_changes_nothing", MODEL]),
    (Fault::TakeLeavesEntry, &["removal::take_returns_and_removes", MODEL]),
    (Fault::OverwriteKeepsOldValue, &["values::get_after_set_returns_value", MODEL]),
    (Fault::FoldsCase, &["keys::keys_are_exact"]),
    (Fault::TruncatesLongKeys, &["keys::keys_are_exact"]),
    (Fault::TruncatesLongValues, &["values::value_limits"]),
    (Fault::JoinsSegmentsPlainly, &["namespaces::namespaces_are_injective", "namespaces::namespaces_are_isolated"]),
    (Fault::ClearsByPrefix, &["clearing::clear_is_exact", MODEL]),
    (Fault::ClearKeepsNested, &["clearing::clear_is_exact", MODEL]),
    (Fault::ClearsWithoutNamespace, &["clearing::clear_needs_a_namespace"]),
    (Fault::ListSkipsLastPage, &["listing::list_is_complete", MODEL]),
    (Fault::ListRepeatsKeys, &["listing::list_is_complete", MODEL]),
    (Fault::AcceptsAnyCursor, &["listing::list_refuses_bad_input", MODEL]),
    (Fault::CursorCountsKeys, &["listing::list_is_complete"]),
    (Fault::BatchDropsDuplicates, &["batches::get_many_is_positional", MODEL]),
    (Fault::FirstOfDuplicatesWins, &["batches::set_many_keeps_lifetimes", MODEL]),
    (Fault::BatchAppliedKeyByKey, &["batches::set_many_is_atomic"]),
    (Fault::BatchReadKeyByKey, &["batches::get_many_is_a_snapshot"]),
    (Fault::CounterRestartsLifetime, &["counters::counter_keeps_expiry", MODEL]),
    (Fault::CounterLosesIncrements, &["counters::increment_is_atomic", "concurrency::operations_are_linearizable"]),
    (Fault::CounterUnlocksBeforeWriting, &["counters::increment_is_atomic", "concurrency::operations_are_linearizable"]),
    (Fault::CounterAcceptsLeadingZeros, &["counters::increment_refuses"]),
    (Fault::CounterPadsText, &["counters::counter_is_decimal_text", "counters::increment_is_atomic", MODEL]),
    (Fault::ErrorShowsValue, &["errors::errors_never_show_values"]),
    (Fault::DeclaresTakeWithoutIt, &["capabilities::capabilities_are_kept", "removal::take_returns_and_removes", MODEL]),
    (Fault::RemovesBeforeWriting, &["cancellation::cancel_leaves_before_or_after", "expiry::set_replaces_expiry"]),
    (Fault::AnswersAfterClose, &["lifecycle::close_is_final", "lifecycle::ping_answers"]),
    (Fault::StaleReadsNowAndThen, &["concurrency::operations_are_linearizable", MODEL]),
    (Fault::AcknowledgesWithoutReplicas, &["outcomes::replicated_or_unknown"]),
    (Fault::CallsTooFewReplicasUnapplied, &["outcomes::replicated_or_unknown"]),
    (Fault::FailsWithEnoughReplicas, &["outcomes::replicated_or_unknown"]),
    (Fault::OutageReadsAsMiss, &["outages::outages_are_errors"]),
    (Fault::OutageHangs, &["outages::outages_are_errors"]),
    (Fault::OutageNeverPasses, &["outages::outages_pass"]),
    (Fault::LostAnswerIsSentAgain, &["outages::lost_answers_are_unknown"]),
    (Fault::LostAnswerPassesForDone, &["outages::lost_answers_are_unknown"]),
    (Fault::LostAnswerPassesForUnapplied, &["outages::lost_answers_are_unknown"]),
    (Fault::LockHasTwoHolders, &["locks::lock_has_one_holder"]),
    (Fault::LockIsTakenAfterALook, &["locks::lock_has_one_holder"]),
    (Fault::LockNeverExpires, &["locks::lock_expires", "locks::extend_sets_what_remains"]),
    (Fault::LockReleasedByStranger, &["locks::lock_is_its_owners"]),
    (Fault::LockExtendedByStranger, &["locks::lock_is_its_owners"]),
    (Fault::ExtendRevivesExpiredLock, &["locks::extend_sets_what_remains", "locks::lock_expires"]),
    (Fault::ExtendAddsToRemaining, &["locks::extend_sets_what_remains"]),
    (Fault::TokenRepeatsAfterRelease, &["locks::fencing_tokens_grow", "locks::waiting_ends"]),
    (Fault::TokenRepeatsAfterExpiry, &["locks::fencing_tokens_grow"]),
    (Fault::ReacquiringMakesNewToken, &["locks::owners_reacquire", "locks::dropped_lock_calls_keep_the_owner"]),
    (Fault::OwnerIsLockedOut, &["locks::owners_reacquire", "locks::dropped_lock_calls_keep_the_owner"]),
    (Fault::LocksAreEntries, &["locks::locks_are_not_entries"]),
    (Fault::WaitsForNoLock, &["locks::waiting_ends"]),
    (Fault::OpenForgetsLabel, &["records::store_names", "records::store_aliases", "records::ids_open_what_exists", "records::purge_on_start", RECORDS]),
    (Fault::OpenersMakeOneEach, &["records::open_is_atomic"]),
    (Fault::UnknownIdIsMade, &["records::ids_open_what_exists", RECORDS]),
    (Fault::AliasIsName, &["records::labels_are_apart", "records::store_aliases", RECORDS]),
    (Fault::TruncatesLongRecords, &["records::get_record_after_set", "records::record_limits", "records::values_stream_out", RECORDS]),
    (Fault::RecordKeysFoldCase, &["records::get_record_after_set", "records::record_keys_are_in_byte_order", RECORDS]),
    (Fault::ContentTypeStays, &["records::get_record_after_set", RECORDS]),
    (Fault::ContentTypeLosesParameters, &["records::content_type_limits", "records::get_record_after_set", RECORDS]),
    (Fault::LongestRecordIsRefused, &["records::record_limits"]),
    (Fault::RecordIsTorn, &["records::record_is_never_torn", "records::cancelled_record_calls_are_before_or_after"]),
    (Fault::RemovesRecordBeforeWriting, &["records::record_is_never_torn", "records::record_operations_are_linearizable", "records::cancelled_record_calls_are_before_or_after"]),
    (Fault::NothingIsAbsent, &["records::absent_differs_from_none", "records::nothing_is_not_the_default", "records::values_read_as_their_type", RECORDS]),
    (Fault::DeletingNothingIsTold, &["records::delete_record_reports_removal", "records::absent_differs_from_none", RECORDS]),
    (Fault::RemoversAreAllTold, &["records::delete_record_reports_removal"]),
    (Fault::SizeIsOfCharacters, &["records::record_lists_agree_with_reads", RECORDS]),
    (Fault::KeysInUtf16Order, &["records::record_keys_are_in_byte_order", RECORDS]),
    (Fault::StartKeyIsInclusive, &["records::record_pages_start_behind_a_key", "records::record_paging_is_complete", "records::values_stream_out", RECORDS]),
    (Fault::StartKeyHasToExist, &["records::record_pages_start_behind_a_key", "records::record_paging_is_complete", "records::values_stream_out", RECORDS]),
    (Fault::PageEndsEarly, &["records::record_paging_is_complete", "records::record_pages_are_bounded", "records::values_stream_out", RECORDS]),
    (Fault::LastPageNamesANext, &["records::record_paging_is_complete", RECORDS]),
    (Fault::PageOfAnyLength, &["records::record_pages_are_bounded"]),
    (Fault::PageOfAnySize, &["records::record_pages_are_bounded"]),
    (Fault::ZeroLimitMeansAll, &["records::record_pages_are_bounded", RECORDS]),
    (Fault::ReadModifies, &["records::metadata_counts", RECORDS]),
    (Fault::ReadIsNoAccess, &["records::metadata_counts", RECORDS]),
    (Fault::MetadataReadIsAccess, &["records::metadata_counts", RECORDS]),
    (Fault::DeletingNothingModifies, &["records::metadata_counts", RECORDS]),
    (Fault::PurgeMakesNewId, &["records::purge_keeps_the_store", "records::purge_on_start", RECORDS]),
    (Fault::PurgeForgetsCreation, &["records::purge_keeps_the_store", "records::metadata_counts", RECORDS]),
    (Fault::RemadeKeepsRecords, &["records::drop_removes_it", "records::dropped_is_final", "records::dropped_is_opened_anew", RECORDS]),
    (Fault::DropTakesSiblings, &["records::collections_are_isolated", RECORDS]),
    (Fault::DroppedHandleFindsRemade, &["records::dropped_is_final", RECORDS]),
    (Fault::DroppedWriteMakesAnew, &["records::dropped_is_final", RECORDS]),
    (Fault::ClearTakesCollections, &["records::collections_are_not_entries"]),
    (Fault::DamageGoesUnnoticed, &["records::damaged_collections_stay"]),
    (Fault::ErrorShowsRecord, &["records::record_errors_never_show_values"]),
    (Fault::UrlIsNotEncoded, &["records::public_urls"]),
    (Fault::ClosedClientAnswers, &["records::client_close_is_final", "records::client_ping_answers"]),
];

#[test]
fn the_healthy_store_passes_every_check() {
    let report = run(Fault::None, Setup::default(), Options::new());
    assert!(report.is_success(), "{report}");
    for check in report.checks() {
        let impossible = check.clause == "wrong_type_is_an_error";
        let expected = if impossible { Status::Unsupported } else { Status::Pass };
        assert_eq!(check.status, expected, "{}: {:?}", check.name(), check.note);
    }
}

#[test]
fn an_unordered_store_may_list_each_key_twice() {
    let setup = Setup { listing: Some(Listing::Unordered), ..Setup::default() };
    let report = run(Fault::ListRepeatsKeys, setup, Options::new());
    assert!(report.is_success(), "{report}");
}

#[test]
fn records_may_have_short_keys_only() {
    let setup = Setup { longest_record_key: Some(64), ..Setup::default() };
    let report = run(Fault::None, setup, Options::new().only("records::").only(RECORDS));
    assert!(report.is_success(), "{report}");
}

#[test]
fn every_mutant_is_killed_by_the_checks_of_its_fault() {
    let mut survivors = Vec::new();
    for (fault, killers) in MUTANTS {
        let options = killers.iter().fold(Options::new(), |options, &killer| options.only(killer));
        let report = run(*fault, Setup::default(), options);
        let all = report.checks().iter().chain(report.model()).chain(report.record_model());
        assert_eq!(all.clone().count(), killers.len(), "{fault:?} names a check that does not exist");
        survivors.extend(
            all.filter(|check| check.status != Status::Fail).map(|check| format!("{fault:?} {}", check.name())),
        );
    }
    assert!(survivors.is_empty(), "not killed: {survivors:#?}");
}

#[test]
fn a_failure_shows_the_shortest_program_and_how_to_run_it_again() {
    let first = run(Fault::DeleteAlwaysTrue, Setup::default(), Options::new().seed(7).only(MODEL));
    let note = first.model().and_then(|model| model.note.clone()).unwrap();
    assert!(note.contains("in step 1 of"), "{note}");
    let seed = note.split("STORE_CONFORMANCE_SEED=").nth(1).and_then(|rest| rest.lines().next()).unwrap();

    let again = Options::new().seed(seed.parse().unwrap()).cases(1).only(MODEL);
    let second = run(Fault::DeleteAlwaysTrue, Setup::default(), again);
    let repeated = second.model().and_then(|model| model.note.clone()).unwrap();
    assert_eq!(repeated, note);
}

#[test]
fn a_failure_of_records_shows_the_shortest_program_too() {
    let report = run(Fault::PurgeForgetsCreation, Setup::default(), Options::new().only(RECORDS));
    let note = report.record_model().and_then(|model| model.note.clone()).unwrap();
    let program = note.split("this program:").nth(1).unwrap();
    let steps: Vec<&str> = program.lines().filter(|line| line.trim_end().ends_with(';')).collect();
    assert!(steps.len() <= 4 && program.contains(".purge().await?;"), "{note}");
}
