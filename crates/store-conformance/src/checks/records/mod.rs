//! Collections of records.

mod auto_saved;
mod labels;
mod stores;
mod values;
mod walks;

use crate::registry::{Family, check};

use auto_saved::{
    auto_saved_ends, auto_saved_is_one_value, auto_saved_is_saved_whole, auto_saved_survives_panics,
    auto_saved_unchanged_is_not_written,
};
use labels::{content_type_limits, store_aliases, store_names};
use stores::{dropped_is_opened_anew, one_instance_each, purge_on_start};
use values::{content_type_is_inferred, nothing_is_not_the_default, values_read_as_their_type};
use walks::values_stream_out;

pub(crate) const FAMILY: Family = Family {
    name: "records",
    checks: &[
        check!(store_names, Records),
        check!(store_aliases, Records),
        check!(content_type_limits, Records),
        check!(content_type_is_inferred, Records),
        check!(values_read_as_their_type, Records),
        check!(nothing_is_not_the_default, Records),
        check!(values_stream_out, Records),
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
