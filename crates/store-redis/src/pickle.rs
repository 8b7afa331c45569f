//! Reads plain data that Python has pickled, and nothing else.
//!
//! A pickle is a program for a small machine. Python's own carries out instructions that import and call anything; this
//! one has no such instruction: it knows those that make plain data, and refuses the whole at the first other one.

mod graph;
mod machine;
mod opcode;
mod reader;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use store_core::{CodecError, Decode};

use crate::plain::Plain;
use machine::Machine;

/// How deeply values may be nested: as deep as other codecs allow, and far from the end of any stack. What contains
/// itself has no end to its depth.
const MAX_DEPTH: usize = 128;

/// How many values there may be, those included that stand in several places. A small pickle can put one list into
/// another twice, that one twice into a third, and so on.
const MAX_VALUES: usize = 1 << 20;

/// How many bytes of text there may be in all, for the same reason. Other bytes are not copied.
const MAX_TEXT_BYTES: usize = 64 * 1024 * 1024;

/// Plain data that Python has pickled, as by cachetory's `pickle://`. It cannot be written.
///
/// Of every protocol, 0 to 5, it reads `None`, `bool`, `int` of up to 128 bits, `float`, `str`, `bytes`, `bytearray`,
/// `list`, `tuple`, `dict`, `set` and `frozenset`, and refuses everything that imports, calls or builds something: objects
/// of any class, named tuples, enums, dates, `Decimal`, and whatever refers to persistent objects or buffers elsewhere. Old
/// protocols write some plain types as calls, and these are refused as well: `bytes` before protocol 3, sets before 4, a
/// `bytearray` before 5. Strings of Python 2 are refused too.
///
/// Reading executes nothing and takes memory in proportion to the pickle, within limits: a depth of 128, 1,048,576 values,
/// and 64 MiB of text, each counted as often as it stands somewhere. A value that contains itself exceeds the first.
///
/// ```
/// use store_redis::pickle::Pickle;
/// use store_redis::{Bytes, Decode, Plain};
///
/// // pickle.dumps((1, "é"), protocol=4)
/// let pickle = Bytes::from_static(b"\x80\x04\x95\x0a\0\0\0\0\0\0\0K\x01\x8c\x02\xc3\xa9\x94\x86\x94.");
/// assert_eq!(Pickle.decode(&pickle)?, Plain::Tuple(vec![Plain::Int(1), Plain::Text("é".to_owned())]));
/// // pickle.dumps(print)
/// assert!(Pickle.decode(&Bytes::from_static(b"cbuiltins\nprint\n.")).is_err());
/// # Ok::<(), store_redis::CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Pickle;

impl Decode<Plain> for Pickle {
    fn decode(&self, bytes: &Bytes) -> Result<Plain, CodecError> {
        Machine::new(bytes).run()
    }
}

fn damaged(what: &str) -> CodecError {
    CodecError::new(format!("pickle: {what}"))
}

fn too_much(what: &str, limit: usize) -> CodecError {
    CodecError::new(format!("pickle: {what}; limit={limit}"))
}
