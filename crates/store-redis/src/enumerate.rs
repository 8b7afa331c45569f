//! Walks through the keys of a namespace: `list` and `clear`.
//!
//! A walk is a chain of SCAN steps through each server that has such keys. A step looks at a bounded number of places in
//! the server's table, so it never holds the server up for long, and it may meet none of our keys, or one twice. The
//! place between two steps means something only to the server process that gave it: the next step asks that one, and
//! where another one answers, the walk begins again. So it does where the servers at its end are not those of its
//! beginning in the same parts; [`tour`] says why that is enough.

mod tour;

use std::fmt;

use store_core::{Cursor, ListOptions, Namespace, Page, Result, Scope};

use crate::connection::ServerId;
use crate::keyspace::{Region, Spread};
use crate::operations::Operations;
use crate::reply::ScanStep;
use crate::request::{Class, Request, Route};
use crate::slot::Slot;
use crate::{command, reply};

pub(crate) use tour::Tour;
use tour::stops;

/// What one step of `list` asks SCAN for: the limit of the page, but enough that a namespace which is a small part of
/// the database needs no thousands of steps, and not so much that others wait.
const LIST_STEP: std::ops::RangeInclusive<usize> = 100..=1000;

/// What one step of `clear` asks SCAN for. The server needs well under a millisecond for it.
const CLEAR_STEP: usize = 1000;

/// How many keys are removed by one command.
const REMOVE_AT_ONCE: usize = 1000;

/// The cursor with which SCAN begins, and with which it says that it is through.
const START: u64 = 0;

impl Operations {
    /// One step, or two where a walk has to begin again or goes on to the next server.
    pub(crate) async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        let region = self.keyspace.region(namespace, options.scope)?;
        let region_print = fingerprint(self.db, &region);
        let count = options.limit.get().clamp(*LIST_STEP.start(), *LIST_STEP.end());
        let asked = options.cursor.as_ref().map(|cursor| Place::parse(cursor, &region_print)).transpose()?;
        let mut place = match asked {
            Some(place) => place,
            None => self.beginning(&region, region_print).await?,
        };
        let (mut step, by) = self.scan(scan(place.position, &region, count).at_server(place.server)).await?;
        if by != place.server {
            // The places of one server mean nothing to another.
            place = self.beginning(&region, place.region).await?;
            let again;
            (step, again) = self.scan(scan(START, &region, count).at_server(place.server)).await?;
            if again != place.server {
                return Ok(Page::new(Vec::new(), Some(place.into())));
            }
        }
        let keys = step.wire_keys.iter().filter_map(|wire_key| region.listed(wire_key)).collect();
        let next = match step.cursor {
            START => self.after_server(&region, place).await?,
            position => Some(Place { position, ..place }),
        };
        Ok(Page::new(keys, next.map(Cursor::from)))
    }

    /// Where a walk begins.
    async fn beginning(&self, region: &Region, region_print: String) -> Result<Place> {
        let placement = self.executor.placement(region.slot()).await?;
        let server = stops(region.slot(), &placement).next().ok_or_else(Cursor::invalid)?;
        Ok(Place { region: region_print, placement: placement.fingerprint(), stop: 0, server, position: START })
    }

    /// Where a walk goes on that is through with a server: at the next, or from the beginning if keys may have moved
    /// behind its back.
    async fn after_server(&self, region: &Region, place: Place) -> Result<Option<Place>> {
        let placement = self.executor.placement(region.slot()).await?;
        if placement.fingerprint() != place.placement {
            return self.beginning(region, place.region).await.map(Some);
        }
        let mut ahead = stops(region.slot(), &placement).skip(place.stop);
        if ahead.next() != Some(place.server) {
            return Err(Cursor::invalid());
        }
        let (next, stop) = (ahead.next(), place.stop + 1);
        Ok(next.map(|server| Place { stop, server, position: START, ..place }))
    }

    /// A chain of steps through each server, each with a removal where it meets something, and again from the start if
    /// the servers or their parts have changed meanwhile: one may hold now what another had when it was visited.
    pub(crate) async fn clear_subtree(&self, namespace: &Namespace) -> Result<u64> {
        let region = self.keyspace.region(namespace, Scope::Subtree)?;
        let mut removed = 0;
        match self.clear(&region, &mut removed).await {
            Ok(()) => Ok(removed),
            Err(error) => Err(error.after_steps(removed)),
        }
    }

    async fn clear(&self, region: &Region, removed: &mut u64) -> Result<()> {
        let mut tour = Tour::of(&self.executor, region.slot());
        while let Some(server) = tour.next().await? {
            if self.clear_server(region, server, removed).await? == Walk::Interrupted {
                tour.interrupt();
            }
        }
        Ok(())
    }

    async fn clear_server(&self, region: &Region, server: ServerId, removed: &mut u64) -> Result<Walk> {
        let mut position = START;
        loop {
            let (mut step, by) = self.scan(scan(position, region, CLEAR_STEP).at_server(server)).await?;
            if by != server {
                return Ok(Walk::Interrupted);
            }
            // The pattern has found them; the last word before a removal is with the spelling of our own keys.
            step.wire_keys.retain(|wire_key| region.contains(wire_key));
            for wire_keys in step.wire_keys.chunks(REMOVE_AT_ONCE) {
                if self.remove(wire_keys, server, removed).await? == Walk::Interrupted {
                    return Ok(Walk::Interrupted);
                }
            }
            match step.cursor {
                START => return Ok(Walk::Complete),
                next => position = next,
            }
        }
    }

    async fn remove(&self, wire_keys: &[Vec<u8>], server: ServerId, removed: &mut u64) -> Result<Walk> {
        match self.keyspace.spread() {
            Spread::OneServer => {
                let request = Request::one(Class::IdempotentAnswerChanges, command::delete_all(wire_keys));
                let (gone, by) = self.executor.one_with_server(request.at_server(server)).await?;
                *removed += reply::count(gone)?;
                Ok(if by == server { Walk::Complete } else { Walk::Interrupted })
            }
            // One by one, because each may have gone ahead to another node.
            Spread::Slots => {
                let requests = wire_keys.chunks(1).zip(wire_keys).map(|(one, wire_key)| {
                    let request = Request::one(Class::IdempotentAnswerChanges, command::delete_all(one));
                    request.to(Route::Slot(Slot::of_wire_key(wire_key)))
                });
                let mut failure = None;
                for outcome in self.executor.each(requests.collect()).await {
                    match outcome.and_then(reply::only).and_then(reply::count) {
                        Ok(gone) => *removed += gone,
                        Err(error) => failure = failure.or(Some(error)),
                    }
                }
                failure.map_or(Ok(Walk::Complete), Err)
            }
        }
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

/// What a cursor of `list` says: through what it leads, by way of whom, and how far it has got.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    /// The fingerprint of the region.
    region: String,
    /// The fingerprint of the placement that the walk goes by.
    placement: String,
    /// How many servers it is through with.
    stop: usize,
    /// The one that it is at.
    server: ServerId,
    position: u64,
}

/// What tells a cursor of one region from that of another, which would skip keys without a word: 16 hexadecimal digits.
fn fingerprint(db: u32, region: &Region) -> String {
    let text = format!("{db} {}", region.identity());
    let mut digits = sha1_smol::Sha1::from(text).digest().to_string();
    digits.truncate(FINGERPRINT_DIGITS);
    digits
}

const FINGERPRINT_DIGITS: usize = 16;

impl Place {
    /// The version of the spelling, so that a later one can tell its own from this.
    const VERSION: &str = "2";

    /// The place that a cursor of the region with this fingerprint stands for.
    fn parse(cursor: &Cursor, region: &str) -> Result<Self> {
        Self::read(cursor.as_str()).filter(|place| place.region == region).ok_or_else(Cursor::invalid)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix(Self::VERSION)?.strip_prefix('.')?.split('.');
        let is_fingerprint = |text: &&str| text.len() == FINGERPRINT_DIGITS;
        let region = parts.next().filter(is_fingerprint)?.to_owned();
        let placement = parts.next().filter(is_fingerprint)?.to_owned();
        let stop = parts.next()?.parse().ok()?;
        let server = ServerId::parse(parts.next()?)?;
        let place = Self { region, placement, stop, server, position: parts.next()?.parse().ok()? };
        // Number parsers take more than one spelling.
        (place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { region, placement, stop, server, position } = self;
        write!(f, "{}.{region}.{placement}.{stop}.{server}.{position}", Self::VERSION)
    }
}

impl From<Place> for Cursor {
    fn from(place: Place) -> Self {
        Self::new(place.to_string())
    }
}

#[cfg(test)]
mod tests {
    use store_core::ErrorKind;

    use super::*;
    use crate::config::Config;
    use crate::keyspace::Keyspace;
    use crate::layout::Layout;

    const REGION: &str = "0123456789abcdef";
    const PLACEMENT: &str = "fedcba9876543210";

    fn fingerprint_of(layout: Layout, db: u32, segments: &[&str], scope: Scope) -> String {
        let keyspace = Keyspace::new(&Config::tcp("localhost", 6379), layout).unwrap();
        fingerprint(db, &keyspace.region(&Namespace::try_from(segments).unwrap(), scope).unwrap())
    }

    #[test]
    fn a_cursor_reads_back_as_its_place() {
        let server = ServerId::parse("00f0a1b2c3d4e5f6").unwrap();
        let place = |stop, position| Place {
            region: REGION.to_owned(),
            placement: PLACEMENT.to_owned(),
            stop,
            server,
            position,
        };
        for (stop, position) in [(0, 0), (1, 0), (0, 1), (usize::MAX, u64::MAX)] {
            assert_eq!(Place::parse(&place(stop, position).into(), REGION).unwrap(), place(stop, position));
        }
        assert_eq!(Cursor::from(place(2, 7)).as_str(), "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.7");
    }

    #[test]
    fn every_region_of_every_database_has_a_fingerprint_of_its_own() {
        for layout in [Layout::native(), Layout::litestar(), Layout::cachelib()] {
            let fingerprints = [
                fingerprint_of(layout, 0, &[], Scope::Namespace),
                fingerprint_of(layout, 0, &[], Scope::Subtree),
                fingerprint_of(layout, 0, &["app"], Scope::Namespace),
                fingerprint_of(layout, 0, &["app"], Scope::Subtree),
                fingerprint_of(layout, 1, &["app"], Scope::Subtree),
                fingerprint_of(layout, 0, &["app", "x"], Scope::Subtree),
            ];
            let different: std::collections::BTreeSet<_> = fingerprints.iter().collect();
            assert_eq!(different.len(), fingerprints.len(), "{layout:?}");
            assert!(fingerprints.iter().all(|digits| digits.len() == 16));
        }
    }

    #[test]
    fn a_cursor_in_any_other_spelling_is_refused() {
        for text in [
            "",
            "2",
            "7",
            "1.00f0a1b2c3d4e5f6.0123456789abcdef.7",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.07",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.+7",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.-7",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.7.8",
            "2.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.18446744073709551616",
            "2.0123456789abcdef.fedcba9876543210.02.00f0a1b2c3d4e5f6.7",
            "2.0123456789abcdef.fedcba9876543210.2.00F0A1B2C3D4E5F6.7",
            "2.0123456789abcdef.fedcba9876543210.2.f6.7",
            "2.0123456789abcdef.fedcba98765432.2.00f0a1b2c3d4e5f6.7",
            "2.0123456789abcdef..2.00f0a1b2c3d4e5f6.7",
            "2.0123456789ABCDEF.fedcba9876543210.2.00f0a1b2c3d4e5f6.7",
            "2.0123456789abcdee.fedcba9876543210.2.00f0a1b2c3d4e5f6.7",
            "3.0123456789abcdef.fedcba9876543210.2.00f0a1b2c3d4e5f6.7",
        ] {
            let error = Place::parse(&Cursor::new(text), REGION).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidCursor, "{text}");
        }
    }
}
