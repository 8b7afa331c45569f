//! Programs on collections of records: opened by what they are called and by id, written, listed, emptied, dropped and
//! made again, through two clients, with handles that are newer and older than the collection.

mod op;
mod oracle;
mod program;
mod regression;
mod show;

pub(super) use op::programs;
pub(super) use program::run;
