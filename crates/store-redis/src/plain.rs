//! Plain data as Python has it.

use bytes::Bytes;

/// A value of Python's built-in types, without any object of a class.
///
/// It is what [`cachelib`](crate::cachelib) and, with the feature `pickle`, `pickle::Pickle` read. Collections keep the
/// order in which they were written; nothing in them is compared, so that a key of a [`Dict`](Self::Dict) that was written
/// twice is there twice.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Plain {
    /// `None`.
    None,
    /// A `bool`.
    Bool(bool),
    /// An `int`. What needs more than 128 bits is not read.
    Int(i128),
    /// A `float`.
    Float(f64),
    /// A `str`. One with surrogates in it, which is no Unicode text, is not read.
    Text(String),
    /// `bytes` or a `bytearray`.
    Bytes(Bytes),
    /// A `list`.
    List(Vec<Self>),
    /// A `tuple`.
    Tuple(Vec<Self>),
    /// A `dict`.
    Dict(Vec<(Self, Self)>),
    /// A `set`.
    Set(Vec<Self>),
    /// A `frozenset`.
    FrozenSet(Vec<Self>),
}

impl Plain {
    /// What a dictionary has under a key of text; the last, as in Python. `None` for everything else.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Self::Dict(items) = self else { return None };
        items.iter().rev().find(|(name, _)| matches!(name, Self::Text(name) if name == key)).map(|(_, value)| value)
    }
}
