//! Walks through the keys of a namespace: `list` and `clear`.
//!
//! A walk is a chain of SCAN steps. A step looks at a bounded number of places in the server's table, so it never holds
//! the server up for long, and it may meet none of our keys, or one twice. The cursor between two steps means something
//! only to the server process that gave it: where another one answers, the walk begins again.

use std::fmt;

use store_core::{Cursor, ListOptions, Namespace, Page, Result, Scope};

use crate::connection::ServerId;
use crate::keyspace::Region;
use crate::operations::Operations;
use crate::reply::ScanStep;
use crate::request::{Class, Request};
use crate::{command, reply};

/// How many places of the table one step of `list` looks at: the limit asked for, but enough that a namespace which is
/// a small part of the database needs no thousands of steps, and not so many that others wait.
const LIST_STEP: std::ops::RangeInclusive<usize> = 100..=1000;

/// How many places of the table one step of `clear` looks at. The server needs well under a millisecond for it.
const CLEAR_STEP: usize = 1000;

/// How many keys are removed by one command.
const REMOVE_AT_ONCE: usize = 1000;

/// The cursor with which SCAN begins, and with which it says that it is through.
const START: u64 = 0;

impl Operations {
    /// One step, or two where the cursor was given by a server that is gone.
    pub(crate) async fn list_page(&self, namespace: &Namespace, options: ListOptions) -> Result<Page> {
        let region = Region::new(namespace, options.scope);
        let count = options.limit.get().clamp(*LIST_STEP.start(), *LIST_STEP.end());
        let place = options.cursor.as_ref().map(Place::parse).transpose()?;
        let (step, server) = self.scan_from(place, &region, count).await?;
        let keys = step.wire_keys.iter().filter_map(|wire_key| region.listed(wire_key)).collect();
        let next = (step.cursor != START).then(|| Place { server, position: step.cursor }.into());
        Ok(Page::new(keys, next))
    }

    /// One step and one removal for every thousand places of the table, and again from the start if the server was
    /// replaced meanwhile: the new one may hold what the old one had already removed.
    pub(crate) async fn clear_subtree(&self, namespace: &Namespace) -> Result<u64> {
        let region = Region::new(namespace, Scope::Subtree);
        let mut removed = 0;
        while self.clear_once(&region, &mut removed).await? == Walk::Interrupted {}
        Ok(removed)
    }

    async fn clear_once(&self, region: &Region, removed: &mut u64) -> Result<Walk> {
        let (mut step, server) = self.scan(START, region, CLEAR_STEP).await?;
        loop {
            // The pattern has found them; the last word before a removal is with the spelling of our own keys.
            step.wire_keys.retain(|wire_key| region.contains(wire_key));
            for wire_keys in step.wire_keys.chunks(REMOVE_AT_ONCE) {
                let request = Request::one(Class::IdempotentAnswerChanges, command::delete_all(wire_keys));
                let (gone, by) = self.executor.one_with_server(request).await?;
                *removed += reply::count(gone)?;
                if by != server {
                    return Ok(Walk::Interrupted);
                }
            }
            if step.cursor == START {
                return Ok(Walk::Complete);
            }
            let by;
            (step, by) = self.scan(step.cursor, region, CLEAR_STEP).await?;
            if by != server {
                return Ok(Walk::Interrupted);
            }
        }
    }

    async fn scan_from(&self, place: Option<Place>, region: &Region, count: usize) -> Result<(ScanStep, ServerId)> {
        if let Some(place) = place {
            let (step, server) = self.scan(place.position, region, count).await?;
            if server == place.server {
                return Ok((step, server));
            }
        }
        self.scan(START, region, count).await
    }

    async fn scan(&self, position: u64, region: &Region, count: usize) -> Result<(ScanStep, ServerId)> {
        let request = Request::one(Class::Read, command::scan(position, &region.pattern(), count));
        let (step, server) = self.executor.one_with_server(request).await?;
        Ok((reply::scan_step(step)?, server))
    }
}

/// How a walk ended.
#[derive(PartialEq, Eq)]
enum Walk {
    /// One server was asked for all of it.
    Complete,
    /// Another server answered on the way.
    Interrupted,
}

/// What a cursor of `list` says: which server was asked, and how far it got.
#[derive(Debug, PartialEq, Eq)]
struct Place {
    server: ServerId,
    position: u64,
}

impl Place {
    /// The version of the spelling, so that a later one can tell its own from this.
    const VERSION: &str = "1";

    fn parse(cursor: &Cursor) -> Result<Self> {
        Self::read(cursor.as_str()).ok_or_else(Cursor::invalid)
    }

    fn read(text: &str) -> Option<Self> {
        let (server, position) = text.strip_prefix(Self::VERSION)?.strip_prefix('.')?.split_once('.')?;
        let place = Self { server: ServerId::parse(server)?, position: position.parse().ok()? };
        // Number parsers take more than one spelling, and the start is never handed out.
        (place.position != START && place.to_string() == text).then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", Self::VERSION, self.server, self.position)
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

    #[test]
    fn a_cursor_reads_back_as_its_place() {
        let server = ServerId::parse("00f0a1b2c3d4e5f6").unwrap();
        for position in [1, u64::MAX] {
            let cursor = Cursor::from(Place { server, position });
            assert_eq!(Place::parse(&cursor).unwrap(), Place { server, position });
        }
        assert_eq!(Cursor::from(Place { server, position: 7 }).as_str(), "1.00f0a1b2c3d4e5f6.7");
    }

    #[test]
    fn a_cursor_in_any_other_spelling_is_refused() {
        for text in [
            "",
            "1",
            "7",
            "1.00f0a1b2c3d4e5f6",
            "1.00f0a1b2c3d4e5f6.",
            "1.00f0a1b2c3d4e5f6.0",
            "1.00f0a1b2c3d4e5f6.07",
            "1.00f0a1b2c3d4e5f6.+7",
            "1.00f0a1b2c3d4e5f6.-7",
            "1.00f0a1b2c3d4e5f6.7.8",
            "1.00f0a1b2c3d4e5f6.18446744073709551616",
            "1.00F0A1B2C3D4E5F6.7",
            "1.+0f0a1b2c3d4e5f6.7",
            "1.f6.7",
            "2.00f0a1b2c3d4e5f6.7",
        ] {
            assert_eq!(Place::parse(&Cursor::new(text)).unwrap_err().kind(), ErrorKind::InvalidCursor, "{text}");
        }
    }
}
