//! Free ports for servers that must be able to come back to them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::TcpListener;
use std::ops::RangeInclusive;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Below the ports that systems give to outgoing connections (from 32768 on Linux, from 49152 elsewhere): one of those
/// could take the place of a server that is down, and its restart would fail.
const RANGE: RangeInclusive<u16> = 10_000..=32_000;

/// Where this process looks next. It begins anywhere, so that processes that start servers at once seldom meet.
static NEXT: LazyLock<AtomicUsize> = LazyLock::new(|| {
    let anywhere = RandomState::new().build_hasher().finish();
    AtomicUsize::new(usize::try_from(anywhere % RANGE.len() as u64).unwrap_or_default())
});

/// A port of 127.0.0.1 on which nobody listens now, and which this process has not been given lately.
pub(crate) fn free() -> io::Result<u16> {
    let taken = || io::Error::new(io::ErrorKind::AddrInUse, "every port for servers is taken");
    (0..RANGE.len()).find_map(|_| next().filter(|port| is_free(*port))).ok_or_else(taken)
}

fn next() -> Option<u16> {
    RANGE.clone().nth(NEXT.fetch_add(1, Ordering::Relaxed) % RANGE.len())
}

fn is_free(port: u16) -> bool {
    TcpListener::bind(("127.0.0.1", port)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_below_those_of_outgoing_connections_and_not_given_twice_in_a_row() {
        let (first, second) = (free().unwrap(), free().unwrap());
        assert!(RANGE.contains(&first) && RANGE.contains(&second));
        assert_ne!(first, second);
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_free() {
        let stranger = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        assert!(!is_free(stranger.local_addr().unwrap().port()));
    }
}
