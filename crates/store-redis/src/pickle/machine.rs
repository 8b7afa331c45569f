//! Carries out the instructions of a pickle that make plain data.

use std::collections::HashMap;

use bytes::Bytes;
use store_core::CodecError;

use super::graph::{Graph, Id, Kind};
use super::reader::{Reader, integer, too_large};
use super::{MAX_VALUES, damaged, opcode, too_much};
use crate::plain::Plain;

/// The last protocol that there is.
const NEWEST_PROTOCOL: u8 = 5;

pub(super) struct Machine<'a> {
    program: Reader<'a>,
    graph: Graph,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(pickle: &'a Bytes) -> Self {
        let (program, graph) = (Reader::new(pickle), Graph::default());
        Self { program, graph, stack: Vec::new(), marks: Vec::new(), memo: HashMap::new() }
    }

    /// What the pickle makes, if it ends with it.
    pub(super) fn run(mut self) -> Result<Plain, CodecError> {
        loop {
            match self.program.byte()? {
                opcode::STOP => return self.finish(),
                instruction => self.step(instruction)?,
            }
        }
    }

    fn finish(mut self) -> Result<Plain, CodecError> {
        let value = self.pop()?;
        if !(self.stack.is_empty() && self.marks.is_empty()) {
            return Err(damaged("values that belong to nothing"));
        }
        if !self.program.is_at_end() {
            return Err(damaged("bytes behind the value"));
        }
        self.graph.into_tree(value)
    }

    fn step(&mut self, instruction: u8) -> Result<(), CodecError> {
        match instruction {
            opcode::PROTO => self.protocol(),
            opcode::FRAME => self.frame(),
            opcode::MARK => self.mark(),
            opcode::POP => self.drop_top(),
            opcode::POP_MARK => self.pop_mark().map(drop),
            opcode::DUP => self.top().and_then(|top| self.push(top)),
            opcode::PUT => self.index_in_text().and_then(|index| self.put(index)),
            opcode::BINPUT => self.program.byte().and_then(|index| self.put(index.into())),
            opcode::LONG_BINPUT => self.long().and_then(|index| self.put(index.into())),
            opcode::MEMOIZE => self.put(self.memo.len() as u64),
            opcode::GET => self.index_in_text().and_then(|index| self.get(index)),
            opcode::BINGET => self.program.byte().and_then(|index| self.get(index.into())),
            opcode::LONG_BINGET => self.long().and_then(|index| self.get(index.into())),
            opcode::EMPTY_LIST => self.collect(Kind::List, Vec::new()),
            opcode::EMPTY_TUPLE => self.collect(Kind::Tuple, Vec::new()),
            opcode::EMPTY_DICT => self.collect(Kind::Dict, Vec::new()),
            opcode::EMPTY_SET => self.collect(Kind::Set, Vec::new()),
            opcode::LIST => self.collect_marked(Kind::List),
            opcode::TUPLE => self.collect_marked(Kind::Tuple),
            opcode::DICT => self.collect_marked(Kind::Dict),
            opcode::FROZENSET => self.collect_marked(Kind::FrozenSet),
            opcode::TUPLE1 => self.collect_last(Kind::Tuple, 1),
            opcode::TUPLE2 => self.collect_last(Kind::Tuple, 2),
            opcode::TUPLE3 => self.collect_last(Kind::Tuple, 3),
            opcode::APPEND => self.pop_last(1).and_then(|parts| self.extend_top(Kind::List, parts)),
            opcode::SETITEM => self.pop_last(2).and_then(|parts| self.extend_top(Kind::Dict, parts)),
            opcode::APPENDS => self.pop_mark().and_then(|parts| self.extend_top(Kind::List, parts)),
            opcode::SETITEMS => self.pop_mark().and_then(|parts| self.extend_top(Kind::Dict, parts)),
            opcode::ADDITEMS => self.pop_mark().and_then(|parts| self.extend_top(Kind::Set, parts)),
            leaf => {
                let value = self.leaf(leaf)?;
                let id = self.graph.add_leaf(value)?;
                self.push(id)
            }
        }
    }

    /// A value without parts.
    fn leaf(&mut self, instruction: u8) -> Result<Plain, CodecError> {
        let program = &mut self.program;
        Ok(match instruction {
            opcode::NONE => Plain::None,
            opcode::NEWTRUE => Plain::Bool(true),
            opcode::NEWFALSE => Plain::Bool(false),
            opcode::INT => match program.ascii_line()? {
                "00" => Plain::Bool(false),
                "01" => Plain::Bool(true),
                digits => Plain::Int(digits.parse().map_err(|_| too_large())?),
            },
            opcode::LONG => {
                let line = program.ascii_line()?;
                Plain::Int(line.strip_suffix('L').unwrap_or(line).parse().map_err(|_| too_large())?)
            }
            opcode::BININT => Plain::Int(i32::from_le_bytes(program.array()?).into()),
            opcode::BININT1 => Plain::Int(program.byte()?.into()),
            opcode::BININT2 => Plain::Int(u16::from_le_bytes(program.array()?).into()),
            opcode::LONG1 => {
                let length = program.byte()?;
                Plain::Int(integer(program.slice(length)?)?)
            }
            opcode::LONG4 => {
                let length = i32::from_le_bytes(program.array()?);
                Plain::Int(integer(program.slice(length)?)?)
            }
            opcode::FLOAT => Plain::Float(program.ascii_line()?.parse().map_err(|_| damaged("a float that is none"))?),
            opcode::BINFLOAT => Plain::Float(f64::from_be_bytes(program.array()?)),
            opcode::UNICODE => Plain::Text(program.escaped_line()?),
            opcode::SHORT_BINUNICODE => {
                let length = program.byte()?;
                Plain::Text(program.text(length)?.to_owned())
            }
            opcode::BINUNICODE => {
                let length = u32::from_le_bytes(program.array()?);
                Plain::Text(program.text(length)?.to_owned())
            }
            opcode::BINUNICODE8 => {
                let length = u64::from_le_bytes(program.array()?);
                Plain::Text(program.text(length)?.to_owned())
            }
            opcode::SHORT_BINBYTES => {
                let length = program.byte()?;
                Plain::Bytes(program.bytes(length)?)
            }
            opcode::BINBYTES => {
                let length = u32::from_le_bytes(program.array()?);
                Plain::Bytes(program.bytes(length)?)
            }
            opcode::BINBYTES8 | opcode::BYTEARRAY8 => {
                let length = u64::from_le_bytes(program.array()?);
                Plain::Bytes(program.bytes(length)?)
            }
            other => {
                return Err(damaged(&format!("instruction {other:#04x} makes no plain data, and is not carried out")));
            }
        })
    }

    fn protocol(&mut self) -> Result<(), CodecError> {
        match self.program.byte()? {
            0..=NEWEST_PROTOCOL => Ok(()),
            _ => Err(damaged("a protocol that is not known")),
        }
    }

    /// How the rest is cut into pieces is of no matter, only that none is missing.
    fn frame(&mut self) -> Result<(), CodecError> {
        let length = u64::from_le_bytes(self.program.array()?);
        self.program.check_frame(length)
    }

    fn long(&mut self) -> Result<u32, CodecError> {
        self.program.array().map(u32::from_le_bytes)
    }

    fn index_in_text(&mut self) -> Result<u64, CodecError> {
        self.program.ascii_line()?.parse().map_err(|_| damaged("a place that is no number"))
    }

    fn put(&mut self, index: u64) -> Result<(), CodecError> {
        let top = self.top()?;
        if self.memo.len() == MAX_VALUES {
            return Err(too_much("too many values are kept", MAX_VALUES));
        }
        self.memo.insert(index, top);
        Ok(())
    }

    fn get(&mut self, index: u64) -> Result<(), CodecError> {
        let id = self.memo.get(&index).copied().ok_or_else(|| damaged("a value that was not kept"))?;
        self.push(id)
    }

    fn push(&mut self, id: Id) -> Result<(), CodecError> {
        if self.stack.len() == MAX_VALUES {
            return Err(too_much("too many values at a time", MAX_VALUES));
        }
        self.stack.push(id);
        Ok(())
    }

    /// Where the values begin that belong to no mark below.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or_default()
    }

    fn top(&self) -> Result<Id, CodecError> {
        self.stack.get(self.floor()..).and_then(<[Id]>::last).copied().ok_or_else(missing)
    }

    fn pop(&mut self) -> Result<Id, CodecError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// The last so many values, in the order in which they were made.
    fn pop_last(&mut self, count: usize) -> Result<Vec<Id>, CodecError> {
        let from = self.stack.len().checked_sub(count).filter(|from| *from >= self.floor()).ok_or_else(missing)?;
        Ok(self.stack.split_off(from))
    }

    fn mark(&mut self) -> Result<(), CodecError> {
        if self.marks.len() == MAX_VALUES {
            return Err(too_much("too many marks at a time", MAX_VALUES));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// The values since the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, CodecError> {
        let from = self.marks.pop().ok_or_else(missing)?;
        Ok(self.stack.split_off(from))
    }

    /// Drops a value, or a mark that has none.
    fn drop_top(&mut self) -> Result<(), CodecError> {
        match self.stack.len() > self.floor() {
            true => self.pop().map(drop),
            false => self.pop_mark().map(drop),
        }
    }

    fn collect(&mut self, kind: Kind, parts: Vec<Id>) -> Result<(), CodecError> {
        let id = self.graph.add_collection(kind, parts)?;
        self.push(id)
    }

    fn collect_marked(&mut self, kind: Kind) -> Result<(), CodecError> {
        let parts = self.pop_mark()?;
        self.collect(kind, parts)
    }

    fn collect_last(&mut self, kind: Kind, count: usize) -> Result<(), CodecError> {
        let parts = self.pop_last(count)?;
        self.collect(kind, parts)
    }

    fn extend_top(&mut self, kind: Kind, parts: Vec<Id>) -> Result<(), CodecError> {
        let top = self.top()?;
        self.graph.extend(top, kind, parts)
    }
}

fn missing() -> CodecError {
    damaged("a value that was not made")
}
