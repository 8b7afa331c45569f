//! Collections of records.

mod labels;

use crate::registry::{Family, check};

use labels::{content_type_limits, store_aliases, store_names};

pub(crate) const FAMILY: Family = Family {
    name: "records",
    checks: &[check!(store_names, Records), check!(store_aliases, Records), check!(content_type_limits, Records)],
};
