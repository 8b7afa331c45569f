//! The bytes on the server, past both sides, and what a case may expect of them.

use std::fmt::Debug;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use store_testkit::{Connection, Reply};

/// A connection that belongs to neither side.
pub(crate) struct Wire {
    connection: Mutex<Connection>,
    /// When the case began, in microseconds of the server's clock.
    began: AtomicI64,
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
        Self { connection: Mutex::new(connection), began: AtomicI64::new(0) }
    }

    pub(crate) fn command<A: AsRef<[u8]>>(&self, arguments: &[A]) -> Result<Reply> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(connection.command(arguments)?)
    }

    /// Begins a case with nothing on the server, which is ours alone.
    pub(crate) fn begin(&self) -> Result<()> {
        self.command(&["FLUSHALL"])?;
        self.began.store(self.now()?, Ordering::Relaxed);
        Ok(())
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

    /// A key that was given so many milliseconds to live since the case began: exactly, as far as its course allows. One
    /// that was given so few that it may be gone by now need not be there.
    pub(crate) fn lives(&self, key: impl AsRef<[u8]>, lifetime: i64) -> Result<()> {
        let key = key.as_ref();
        let left = self.left(key)?;
        let course = self.course()?;
        let holds = match left {
            Left::Milliseconds(left) => (left..=left + course).contains(&lifetime),
            Left::Missing => lifetime <= course,
            Left::Forever => false,
        };
        ensure!(holds, "{}: {left:?} left {course} ms after the case began, given {lifetime} ms", shown(key));
        Ok(())
    }

    /// How long the case has been running, in milliseconds of the server's clock and rounded up.
    pub(crate) fn course(&self) -> Result<i64> {
        let began = self.began.load(Ordering::Relaxed);
        Ok((self.now()? - began) / 1_000 + 1)
    }

    /// In microseconds.
    fn now(&self) -> Result<i64> {
        let Reply::Array(parts) = self.command(&["TIME"])? else { bail!("TIME gave no list") };
        let number = |part: &Reply| part.as_text().and_then(|text| text.parse::<i64>().ok());
        match parts.iter().map(number).collect::<Option<Vec<_>>>().as_deref() {
            Some([seconds, micros]) => Ok(seconds * 1_000_000 + micros),
            _ => bail!("TIME gave no two numbers"),
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
