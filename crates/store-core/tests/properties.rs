//! Properties of namespaces and lifetimes over generated input.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::{Duration, SystemTime};

use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use store_core::{ExpiresAt, Expiry, Lifetime, Namespace, Timestamp, Ttl};

/// Segments that differ little and hurt much.
fn segment() -> impl Strategy<Value = String> {
    prop::string::string_regex(r"[ab/:_%{}*?\[\]\\2Fé\x00\n. -]{1,6}").unwrap()
}

fn path() -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(segment(), 0..4)
}

proptest! {
    #[test]
    fn different_paths_are_different_namespaces(one in path(), other in path()) {
        let (a, b) = (Namespace::new(&one).unwrap(), Namespace::new(&other).unwrap());
        prop_assert_eq!(one == other, a == b);
        prop_assert_eq!(one == other, a.as_encoded() == b.as_encoded());
        prop_assert_eq!(one.starts_with(&other), a.is_within(&b));
    }

    #[test]
    fn a_path_is_read_back_from_its_encoded_form(given in path()) {
        let namespace = Namespace::new(&given).unwrap();
        let back: Vec<String> = namespace.segments().map(Into::into).collect();
        prop_assert_eq!(&back, &given);
        prop_assert_eq!(Namespace::from_encoded(namespace.as_encoded()), Some(namespace.clone()));
        prop_assert!(namespace.as_encoded().bytes().all(|b| b.is_ascii_alphanumeric() || b"._-%/".contains(&b)));
    }

    #[test]
    fn text_that_reads_as_a_path_is_its_own_spelling(text in "[a-c/%2F0A:é]{0,12}") {
        if let Some(namespace) = Namespace::from_encoded(&text) {
            prop_assert_eq!(namespace.as_encoded(), &text);
        }
    }

    #[test]
    fn joining_and_taking_off_a_path_are_inverse(parent in path(), child in path()) {
        let (parent, child) = (Namespace::new(parent).unwrap(), Namespace::new(child).unwrap());
        let joined = parent.join(&child).unwrap();
        prop_assert!(joined.is_within(&parent));
        prop_assert_eq!(joined.relative_to(&parent), Some(child));
    }

    #[test]
    fn a_lifetime_is_never_shorter_than_asked_and_less_than_a_millisecond_longer(nanos in 1..=36_525u64 * 86_400_000_000_000) {
        let asked = Duration::from_nanos(nanos);
        let ttl = Ttl::new(asked).unwrap().as_duration();
        prop_assert!(ttl >= asked && ttl - asked < Duration::from_millis(1));
    }

    #[test]
    fn no_duration_and_no_time_panics_or_wraps(seconds in any::<u64>(), nanos in 0..1_000_000_000u32, now in any::<u64>()) {
        let duration = Duration::new(seconds, nanos);
        let now = Timestamp::from_unix_millis(now).unwrap_or(Timestamp::MAX);
        if let Ok(ttl) = Ttl::new(duration) {
            prop_assert!(ttl <= Ttl::MAX);
            let ExpiresAt::At(end) = Lifetime::In(ttl).expires_at(now) else { panic!("a lifetime ends") };
            prop_assert!(end >= now);
        }
        for time in [SystemTime::UNIX_EPOCH.checked_add(duration), SystemTime::UNIX_EPOCH.checked_sub(duration)].into_iter().flatten() {
            prop_assert!(Timestamp::reached_at(time) <= Timestamp::MAX);
            if let Ok(expiry) = Timestamp::not_before(time) {
                prop_assert!(expiry >= Timestamp::reached_at(time));
            }
        }
    }

    #[test]
    fn any_numeric_timeout_is_translated_or_refused(seconds in any::<f64>()) {
        if let Ok(Expiry::In(ttl)) = Expiry::from_cachelib_timeout(Some(seconds)) {
            prop_assert_eq!(ttl.as_millis().get() % 1000, 0);
        }
    }
}
