//! Walks through the keys of a namespace: `list` and `clear`.
//!
//! A walk is a chain of SCAN steps. A step looks at a bounded number of places in the server's table, so it never holds
//! the server up for long, and it may meet none of our keys, or one twice. The cursor between two steps means something
//! only to the server process that gave it: the next step asks that one, and where another one answers, the walk begins
//! again.

use std::fmt;

use store_core::{Cursor, Error, ErrorKind, ListOptions, Namespace, Outcome, Page, Result, Scope};

use crate::connection::ServerId;
use crate::keyspace::Region;
use crate::operations::Operations;
use crate::reply::ScanStep;
use crate::request::{Class, Request};
use crate::{command, reply};

/// What one step of `list` asks SCAN for: the limit of the page, but enough that a namespace which is a small part of
/// the database needs no thousands of steps, and not so much that others wait.
const LIST_STEP: std::ops::RangeInclusive<usize> = 100..=1000;

/// What one step of `clear` asks SCAN for. The server needs well under a millisecond for it.
const CLEAR_STEP: usize = 1000;

/// How many keys are removed by one command.
const REMOVE_AT_ONCE: usize = 1000;

/// How often `clear` begins again. More says that no walk lasts as long as a connection does.
const CLEAR_RESTARTS: usize = 16;

/// The cursor with which SCAN begins, and with which it says that it is through.
const START: u64 = 0;

impl Operations {
    /// One step, or two where the cursor was given by a server that is gone.
    pub(crate) async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        let region = Region::new(namespace, options.scope);
        let fingerprint = fingerprint(self.db, &region);
        let count = options.limit.get().clamp(*LIST_STEP.start(), *LIST_STEP.end());
        let place = options.cursor.as_ref().map(|cursor| Place::parse(cursor, &fingerprint)).transpose()?;
        let (step, server) = self.scan_from(place, &region, count).await?;
        let keys = step.wire_keys.iter().filter_map(|wire_key| region.listed(wire_key)).collect();
        let next = (step.cursor != START).then(|| Place { server, fingerprint, position: step.cursor }.into());
        Ok(Page::new(keys, next))
    }

    /// A chain of steps, each with a removal where it meets something, and again from the start if the server was
    /// replaced meanwhile: the new one may hold what the old one had already removed.
    pub(crate) async fn clear_subtree(&self, namespace: &Namespace) -> Result<u64> {
        let mut removed = 0;
        match self.clear(&Region::new(namespace, Scope::Subtree), &mut removed).await {
            Ok(()) => Ok(removed),
            Err(error) => Err(error.after_steps(removed)),
        }
    }

    async fn clear(&self, region: &Region, removed: &mut u64) -> Result<()> {
        for _ in 0..=CLEAR_RESTARTS {
            if self.clear_once(region, removed).await? == Walk::Complete {
                return Ok(());
            }
        }
        let message = format!("the server changed during every walk through its keys; limit={CLEAR_RESTARTS} restarts");
        Err(Error::new(ErrorKind::Unavailable, message).with_outcome(Outcome::NotApplied))
    }

    async fn clear_once(&self, region: &Region, removed: &mut u64) -> Result<Walk> {
        let (mut step, server) = self.scan(scan(START, region, CLEAR_STEP)).await?;
        loop {
            // The pattern has found them; the last word before a removal is with the spelling of our own keys.
            step.wire_keys.retain(|wire_key| region.contains(wire_key));
            for wire_keys in step.wire_keys.chunks(REMOVE_AT_ONCE) {
                let request = Request::one(Class::IdempotentAnswerChanges, command::delete_all(wire_keys));
                let (gone, by) = self.executor.one_with_server(request.at_server(server)).await?;
                *removed += reply::count(gone)?;
                if by != server {
                    return Ok(Walk::Interrupted);
                }
            }
            if step.cursor == START {
                return Ok(Walk::Complete);
            }
            let by;
            (step, by) = self.scan(scan(step.cursor, region, CLEAR_STEP).at_server(server)).await?;
            if by != server {
                return Ok(Walk::Interrupted);
            }
        }
    }

    async fn scan_from(&self, place: Option<Place>, region: &Region, count: usize) -> Result<(ScanStep, ServerId)> {
        if let Some(place) = place {
            let (step, server) = self.scan(scan(place.position, region, count).at_server(place.server)).await?;
            if server == place.server {
                return Ok((step, server));
            }
        }
        self.scan(scan(START, region, count)).await
    }

    async fn scan(&self, request: Request) -> Result<(ScanStep, ServerId)> {
        let (step, server) = self.executor.one_with_server(request).await?;
        Ok((reply::scan_step(step)?, server))
    }
}

/// One step through a region.
fn scan(position: u64, region: &Region, count: usize) -> Request {
    Request::one(Class::Read, command::scan(position, &region.pattern(), count))
}

/// How a walk ended.
#[derive(PartialEq, Eq)]
enum Walk {
    /// One server was asked for all of it.
    Complete,
    /// Another server answered on the way.
    Interrupted,
}

/// What a cursor of `list` says: which server was asked, for what, and how far it got.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    server: ServerId,
    fingerprint: String,
    position: u64,
}

/// What tells a cursor of one region from that of another, which would skip keys without a word: 16 hexadecimal digits.
fn fingerprint(db: u32, region: &Region) -> String {
    let text = format!("{db} {}", region.pattern());
    let mut digits = sha1_smol::Sha1::from(text).digest().to_string();
    digits.truncate(16);
    digits
}

impl Place {
    /// The version of the spelling, so that a later one can tell its own from this.
    const VERSION: &str = "1";

    /// The place that a cursor of the region with this fingerprint stands for.
    fn parse(cursor: &Cursor, fingerprint: &str) -> Result<Self> {
        let place = Self::read(cursor.as_str()).filter(|place| place.fingerprint == fingerprint);
        place.ok_or_else(Cursor::invalid)
    }

    fn read(text: &str) -> Option<Self> {
        let (server, rest) = text.strip_prefix(Self::VERSION)?.strip_prefix('.')?.split_once('.')?;
        let (fingerprint, position) = rest.split_once('.')?;
        let (server, position) = (ServerId::parse(server)?, position.parse().ok()?);
        let place = Self { server, fingerprint: fingerprint.to_owned(), position };
        // Number parsers take more than one spelling, and the start is never handed out.
        (place.position != START && place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}.{}", Self::VERSION, self.server, self.fingerprint, self.position)
    }
}

impl From<Place> for Cursor {
    fn from(place: Place) -> Self {
        Self::new(place.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINGERPRINT: &str = "0123456789abcdef";

    fn fingerprint_of(db: u32, segments: &[&str], scope: Scope) -> String {
        fingerprint(db, &Region::new(&Namespace::try_from(segments).unwrap(), scope))
    }

    #[test]
    fn a_cursor_reads_back_as_its_place() {
        let server = ServerId::parse("00f0a1b2c3d4e5f6").unwrap();
        let place = |position| Place { server, fingerprint: FINGERPRINT.to_owned(), position };
        for position in [1, u64::MAX] {
            assert_eq!(Place::parse(&place(position).into(), FINGERPRINT).unwrap(), place(position));
        }
        assert_eq!(Cursor::from(place(7)).as_str(), "1.00f0a1b2c3d4e5f6.0123456789abcdef.7");
    }

    #[test]
    fn every_region_of_every_database_has_a_fingerprint_of_its_own() {
        let fingerprints = [
            fingerprint_of(0, &[], Scope::Namespace),
            fingerprint_of(0, &[], Scope::Subtree),
            fingerprint_of(0, &["app"], Scope::Namespace),
            fingerprint_of(0, &["app"], Scope::Subtree),
            fingerprint_of(1, &["app"], Scope::Subtree),
            fingerprint_of(0, &["app", "x"], Scope::Subtree),
        ];
        let different: std::collections::BTreeSet<_> = fingerprints.iter().collect();
        assert_eq!(different.len(), fingerprints.len());
        assert!(fingerprints.iter().all(|digits| digits.len() == 16));
    }

    #[test]
    fn a_cursor_in_any_other_spelling_is_refused() {
        for text in [
            "",
            "1",
            "7",
            "1.00f0a1b2c3d4e5f6",
            "1.00f0a1b2c3d4e5f6.7",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.0",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.07",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.+7",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.-7",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.7.8",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.18446744073709551616",
            "1.00f0a1b2c3d4e5f6.0123456789ABCDEF.7",
            "1.00f0a1b2c3d4e5f6.0123456789abcdee.7",
            "1.00f0a1b2c3d4e5f6..7",
            "1.00F0A1B2C3D4E5F6.0123456789abcdef.7",
            "1.+0f0a1b2c3d4e5f6.0123456789abcdef.7",
            "1.f6.0123456789abcdef.7",
            "2.00f0a1b2c3d4e5f6.0123456789abcdef.7",
        ] {
            let error = Place::parse(&Cursor::new(text), FINGERPRINT).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCursor, "{text}");
        }
    }
}
