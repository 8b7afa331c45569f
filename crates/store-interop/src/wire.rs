//! The bytes on the server, past both sides, and what a case may expect of them.

use std::fmt::Debug;
use std::ops::RangeInclusive;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use store_testkit::{Connection, Reply};

/// A connection that belongs to neither side.
pub(crate) struct Wire {
    connection: Mutex<Connection>,
}

/// How long a key has left, as the server says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    Missing,
    Forever,
    Milliseconds(i64),
}

impl Wire {
    pub(crate) fn new(connection: Connection) -> Self {
        Self { connection: Mutex::new(connection) }
    }

    pub(crate) fn command<A: AsRef<[u8]>>(&self, arguments: &[A]) -> Result<Reply> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connection.command(arguments)?)
    }

    /// The server is ours alone.
    pub(crate) fn clear(&self) -> Result<()> {
        self.command(&["FLUSHALL"]).map(drop)
    }

    pub(crate) fn put(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        self.command(&[b"SET", key.as_ref(), value.as_ref()]).map(drop)
    }

    /// A string key that has exactly these bytes.
    pub(crate) fn has(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<()> {
        let (key, value) = (key.as_ref(), value.as_ref());
        let kind = self.command(&[b"TYPE", key])?;
        same(&format!("the type of {}", shown(key)), kind.as_text(), Some("string"))?;
        let Reply::Bulk(stored) = self.command(&[b"GET", key])? else { bail!("GET gave no bytes") };
        same(&format!("the bytes of {}", shown(key)), shown(&stored), shown(value))
    }

    pub(crate) fn left(&self, key: impl AsRef<[u8]>) -> Result<Left> {
        let left = self.command(&[b"PTTL", key.as_ref()])?.as_integer().context("PTTL gave no number")?;
        Ok(match left {
            -2 => Left::Missing,
            -1 => Left::Forever,
            left => Left::Milliseconds(left),
        })
    }

    pub(crate) fn stays_forever(&self, key: impl AsRef<[u8]>) -> Result<()> {
        let key = key.as_ref();
        same(&format!("the time that {} has left", shown(key)), self.left(key)?, Left::Forever)
    }

    /// A key with so many milliseconds left, and at least one that has passed may be missing.
    pub(crate) fn expires_within(&self, key: impl AsRef<[u8]>, range: RangeInclusive<i64>) -> Result<()> {
        let key = key.as_ref();
        match self.left(key)? {
            Left::Milliseconds(left) if range.contains(&left) => Ok(()),
            other => bail!("{} has {other:?} left, and not {range:?} ms", shown(key)),
        }
    }

    /// All keys there are, and no other.
    pub(crate) fn has_only(&self, keys: &[impl AsRef<[u8]>]) -> Result<()> {
        let Reply::Array(replies) = self.command(&["KEYS", "*"])? else { bail!("KEYS gave no list") };
        let name = |reply: Reply| match reply {
            Reply::Bulk(name) => Ok(shown(&name)),
            other => bail!("KEYS gave {other:?}"),
        };
        let mut there = replies.into_iter().map(name).collect::<Result<Vec<_>>>()?;
        let mut expected: Vec<_> = keys.iter().map(|key| shown(key.as_ref())).collect();
        there.sort_unstable();
        expected.sort_unstable();
        same("the keys on the server", there, expected)
    }
}

/// Fails unless both are equal. `what` is what is compared.
pub(crate) fn same<T: Debug + PartialEq<U>, U: Debug>(what: &str, is: T, should: U) -> Result<()> {
    ensure!(is == should, "{what}: is {is:?}, should be {should:?}");
    Ok(())
}

fn shown(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string()
}
