//! The list of all checks for `suite!`: a macro cannot read the registry. A test of `suite.rs` writes it from there.

#[doc(hidden)]
#[macro_export]
macro_rules! __every_check {
    () => {
        $crate::__tests! {
            model {
                programs_agree_with_the_model
                record_programs_agree_with_the_model
            }
            keys {
                key_limits
                keys_are_exact
            }
            values {
                get_after_set_returns_value
                missing_is_none
                exists_agrees_with_get
                value_limits
            }
            foreign {
                wrong_type_is_an_error
            }
            lifetimes {
                ttl_rounds_up
                ttl_is_bounded
                expiry_default
                expiry_never
                expiry_in
                expiry_at
                expiry_keep
                absolute_expiry_is_kept
            }
            expiry {
                set_replaces_expiry
                no_read_after_expiry
                no_loss_before_expiry
                ttl_has_three_answers
                expire_reports_existence
            }
            renewal {
                renew_only_if_expiring
            }
            conditions {
                set_if_absent_has_one_winner
                set_if_present
                set_if_value
                refused_condition_changes_nothing
                update_loses_no_write
            }
            removal {
                delete_reports_removal
                delete_if_value
                take_returns_and_removes
            }
            namespaces {
                namespaces_are_injective
                namespace_limits
                namespaces_are_isolated
            }
            clearing {
                clear_is_exact
                clear_needs_a_namespace
            }
            listing {
                list_is_complete
                list_refuses_bad_input
            }
            cache {
                default_ttl_applies
                add_stores_once
            }
            batches {
                get_many_is_positional
                get_many_is_a_snapshot
                set_many_keeps_lifetimes
                set_many_is_atomic
                delete_many_reports_each
                expire_many_reports_each
                batch_limits
            }
            counters {
                increment_is_atomic
                decrement_subtracts
                counter_keeps_expiry
                counter_is_decimal_text
                increment_refuses
            }
            locks {
                lock_has_one_holder
                lock_expires
                lock_is_its_owners
                extend_sets_what_remains
                fencing_tokens_grow
                owners_reacquire
                dropped_lock_calls_keep_the_owner
                locks_are_not_entries
                waiting_ends
            }
            records {
                store_names
                store_aliases
                content_type_limits
                open_is_atomic
                ids_open_what_exists
                labels_are_apart
                get_record_after_set
                record_is_never_torn
                absent_differs_from_none
                delete_record_reports_removal
                record_operations_are_linearizable
                record_lists_agree_with_reads
                record_keys_are_in_byte_order
                record_pages_start_behind_a_key
                record_pages_are_bounded
                record_paging_is_complete
                metadata_counts
                purge_keeps_the_store
                drop_removes_it
                dropped_is_final
                collections_are_isolated
                collections_are_not_entries
                damaged_collections_stay
                record_limits
                record_errors_never_show_values
                public_urls
                client_close_is_final
                client_ping_answers
                cancelled_record_calls_are_before_or_after
                content_type_is_inferred
                values_read_as_their_type
                nothing_is_not_the_default
                values_stream_out
                auto_saved_is_one_value
                auto_saved_is_saved_whole
                auto_saved_unchanged_is_not_written
                auto_saved_ends
                auto_saved_survives_panics
                one_instance_each
                dropped_is_opened_anew
                purge_on_start
            }
            typed {
                corrupt_names_the_key
                corrupt_can_be_a_miss
                corrupt_spoils_no_other
                panics_stay_with_their_caller
            }
            errors {
                errors_name_the_operation
                errors_never_show_values
                refusals_are_not_applied
                bad_input_is_a_typed_error
            }
            outcomes {
                partly_applied_is_unknown
                replicated_or_unknown
            }
            outages {
                outages_are_errors
                outages_pass
                lost_answers_are_unknown
            }
            capabilities {
                capabilities_are_kept
                undeclared_is_unsupported
            }
            lifecycle {
                ping_answers
                close_is_final
            }
            cancellation {
                cancel_leaves_before_or_after
            }
            concurrency {
                operations_are_linearizable
            }
        }
    };
}
