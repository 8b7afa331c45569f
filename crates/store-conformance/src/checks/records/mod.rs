//! Collections of records.

mod auto_saved;
mod cancellation;
mod content;
mod ending;
mod isolation;
mod labels;
mod opening;
mod operations;
mod paging;
mod races;
mod refusals;
mod stores;
mod times;
mod values;
mod walks;

use crate::registry::{Family, check};

use auto_saved::{
    auto_saved_ends, auto_saved_is_one_value, auto_saved_is_saved_whole, auto_saved_survives_panics,
    auto_saved_unchanged_is_not_written,
};
use cancellation::cancelled_record_calls_are_before_or_after;
use content::{absent_differs_from_none, delete_record_reports_removal, get_record_after_set, record_limits};
use ending::{client_close_is_final, client_ping_answers, drop_removes_it, dropped_is_final, purge_keeps_the_store};
use isolation::{collections_are_isolated, collections_are_not_entries};
use labels::{content_type_limits, store_aliases, store_names};
use opening::{ids_open_what_exists, labels_are_apart, open_is_atomic};
use paging::{
    record_keys_are_in_byte_order, record_pages_are_bounded, record_pages_start_behind_a_key, record_paging_is_complete,
};
use races::{record_is_never_torn, record_lists_agree_with_reads, record_operations_are_linearizable};
use refusals::{damaged_collections_stay, public_urls, record_errors_never_show_values};
use stores::{dropped_is_opened_anew, one_instance_each, purge_on_start};
use times::metadata_counts;
use values::{content_type_is_inferred, nothing_is_not_the_default, values_read_as_their_type};
use walks::values_stream_out;

pub(crate) const FAMILY: Family = Family {
    name: "records",
    checks: &[
        check!(store_names, Records),
        check!(store_aliases, Records),
        check!(content_type_limits, Records),
        check!(open_is_atomic, Records),
        check!(ids_open_what_exists, Records),
        check!(labels_are_apart, Records),
        check!(get_record_after_set, Records),
        check!(record_is_never_torn, Records),
        check!(absent_differs_from_none, Records),
        check!(delete_record_reports_removal, Records),
        check!(record_operations_are_linearizable, Records),
        check!(record_lists_agree_with_reads, Records),
        check!(record_keys_are_in_byte_order, Records),
        check!(record_pages_start_behind_a_key, Records),
        check!(record_pages_are_bounded, Records, Alone),
        check!(record_paging_is_complete, Records),
        check!(metadata_counts, Records),
        check!(purge_keeps_the_store, Records),
        check!(drop_removes_it, Records),
        check!(dropped_is_final, Records),
        check!(collections_are_isolated, Records),
        check!(collections_are_not_entries, Records),
        check!(damaged_collections_stay, Records),
        check!(record_limits, Records, Alone),
        check!(record_errors_never_show_values, Records),
        check!(public_urls, Records),
        check!(client_close_is_final, Records),
        check!(client_ping_answers, Records),
        check!(cancelled_record_calls_are_before_or_after, Records),
        check!(content_type_is_inferred, Records),
        check!(values_read_as_their_type, Records),
        check!(nothing_is_not_the_default, Records),
        check!(values_stream_out, Records, Alone),
        check!(auto_saved_is_one_value, Records),
        check!(auto_saved_is_saved_whole, Records),
        check!(auto_saved_unchanged_is_not_written, Records),
        check!(auto_saved_ends, Records),
        check!(auto_saved_survives_panics, Records),
        check!(one_instance_each, Records),
        check!(dropped_is_opened_anew, Records),
        check!(purge_on_start, Records),
    ],
};
