//! Checks that no mutant is for: a mutant is a driver, and what these look at is done over any driver.

/// Each with what it looks at, which the tests of `store-core` break from within.
pub(crate) const CHECKS: &[(&str, &str)] = &[
    ("lifetimes::ttl_is_bounded", "a lifetime out of bounds is refused where it is made"),
    ("capabilities::undeclared_is_unsupported", "what is not declared is refused before a driver is asked"),
    ("errors::bad_input_is_a_typed_error", "bad input is refused before a driver is asked"),
    ("errors::errors_name_the_operation", "errors get the names of driver, operation and key on their way out"),
    ("outcomes::partly_applied_is_unknown", "walks and batches that a driver leaves to the contract are its steps"),
    ("records::auto_saved_is_one_value", "auto-saved values are kept in the process"),
    ("records::auto_saved_is_saved_whole", "auto-saved values are encoded before they are written"),
    ("records::auto_saved_unchanged_is_not_written", "auto-saved values are compared before they are written"),
    ("records::auto_saved_survives_panics", "auto-saved values are kept in the process"),
    ("records::auto_saved_ends", "auto-saving is a task of the process"),
    ("records::one_instance_each", "handles are kept by label and id in the process"),
    ("records::content_type_is_inferred", "content types are inferred before a driver is asked"),
    ("typed::corrupt_can_be_a_miss", "values are decoded behind the driver"),
    ("typed::corrupt_names_the_key", "values are decoded behind the driver"),
    ("typed::corrupt_spoils_no_other", "values are decoded behind the driver"),
    ("typed::panics_stay_with_their_caller", "codecs are called behind the driver"),
];
