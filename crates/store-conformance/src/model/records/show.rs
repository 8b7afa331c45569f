//! Programs on collections shown as the Rust that does the same.

use std::fmt;

use crate::model::op::Through;

use super::op::{Age, Called, KeyId, Op, Page, Program, Step};

/// The program as Rust that does the same.
impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "this program:")?;
        for step in &self.steps {
            writeln!(f, "    {}", Shown { program: self, step })?;
        }
        Ok(())
    }
}

/// One step of a program as Rust.
pub(super) struct Shown<'a> {
    pub(super) program: &'a Program,
    pub(super) step: &'a Step,
}

impl Shown<'_> {
    fn key(&self, id: KeyId) -> String {
        format!("{:?}", self.program.keys[id])
    }

    fn page(&self, page: &Page) -> String {
        let behind = page.behind.map(|id| format!(".with_exclusive_start_key({})", self.key(id)));
        let limit = page.limit.map(|limit| format!(".with_limit({limit})"));
        format!("page(){}{}", behind.unwrap_or_default(), limit.unwrap_or_default())
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = match self.step.through {
            Through::First => "first",
            Through::Second => "second",
        };
        let label = match self.step.collection {
            Called::Name => "name(\"app\")",
            Called::Alias => "alias(\"app\")",
            Called::LongerName => "name(\"app-le\")",
        };
        let handle = match self.step.age {
            Age::Newest => "newest",
            Age::Oldest => "oldest",
        };
        match &self.step.op {
            Op::Pass(duration) => return write!(f, "clock.pass({duration:?});"),
            Op::Reopen => return f.write_str("reopen();"),
            Op::Open => return write!(f, "{client}.open({label}).await?;"),
            _ => write!(f, "{client}.{handle}({label}).")?,
        }
        match &self.step.op {
            Op::OpenById => f.write_str("open_again_by_id()"),
            Op::Get(id) => write!(f, "get_record({})", self.key(*id)),
            Op::Set(id, content_type, value) => write!(f, "set_record({}, {content_type:?}, {value:?})", self.key(*id)),
            Op::Has(id) => write!(f, "record_exists({})", self.key(*id)),
            Op::Delete(id) => write!(f, "delete_value({})", self.key(*id)),
            Op::ListKeys(page) => write!(f, "list_keys({})", self.page(page)),
            Op::ListRecords(page) => write!(f, "list_records({})", self.page(page)),
            Op::Metadata => f.write_str("metadata()"),
            Op::Purge => f.write_str("purge()"),
            Op::Drop => f.write_str("drop()"),
            Op::Refused(bad) => write!(f, "refuses({bad:?})"),
            Op::Open | Op::Pass(_) | Op::Reopen => Ok(()),
        }?;
        f.write_str(".await?;")
    }
}
