//! Programs shown as the Rust that does the same.

use std::fmt;

use crate::walk::Reach;

use super::op::{Condition, KeyId, LockCall, Meanwhile, Op, Program, Step, Through};

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
pub(crate) struct Shown<'a> {
    pub(crate) program: &'a Program,
    pub(crate) step: &'a Step,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = |id: &KeyId| format!("{:?}", self.program.keys[*id]);
        let keys = |ids: &[KeyId]| ids.iter().map(key).collect::<Vec<_>>().join(", ");
        let handle = match self.step.through {
            Through::First => "first",
            Through::Second => "second",
        };
        match &self.step.op {
            Op::Pass(pass) => return write!(f, "clock.pass({pass:?});"),
            Op::Reopen => return f.write_str("reopen();"),
            _ => {}
        }
        write!(f, "{handle}.namespace({:?})?.", self.program.spaces[self.step.space])?;
        match &self.step.op {
            Op::Get(id) => write!(f, "get({})", key(id)),
            Op::GetWithExpiry(id) => write!(f, "get({}).with_expiry()", key(id)),
            Op::Renew(id, ttl) => write!(f, "get({}).renew({ttl:?})", key(id)),
            Op::Set(id, value, when, condition) => {
                write!(f, "set({}, {value:?}).expiry({when:?})", key(id))?;
                match condition {
                    Condition::Always => Ok(()),
                    Condition::IfAbsent => f.write_str(".if_absent()"),
                    Condition::IfPresent => f.write_str(".if_present()"),
                    Condition::IfValue(guess) => write!(f, ".if_value({guess:?})"),
                }
            }
            Op::Delete(id) => write!(f, "delete({})", key(id)),
            Op::DeleteIf(id, guess) => write!(f, "delete({}).if_value({guess:?})", key(id)),
            Op::Take(id) => write!(f, "take({})", key(id)),
            Op::Exists(id) => write!(f, "exists({})", key(id)),
            Op::Ttl(id) => write!(f, "ttl({})", key(id)),
            Op::Expire(id, when) => write!(f, "expire({}, {when:?})", key(id)),
            Op::List(Reach::Namespace, limit) => write!(f, "list().limit({limit})"),
            Op::List(Reach::Subtree, limit) => write!(f, "list().subtree().limit({limit})"),
            Op::ListWhileWriting(reach, limit, writes) => {
                f.write_str(if *reach == Reach::Subtree { "list().subtree()" } else { "list()" })?;
                write!(f, ".limit({limit}).while_writing([")?;
                for Meanwhile { space, key: id, value } in writes {
                    write!(f, "({:?}, {}, {value:?}), ", self.program.spaces[*space], key(id))?;
                }
                f.write_str("])")
            }
            Op::Clear => f.write_str("clear()"),
            Op::Lock(id, owner, LockCall::Acquire(ttl)) => write!(f, "acquire_lock({}, {owner:?}, {ttl:?})", key(id)),
            Op::Lock(id, owner, LockCall::Extend(ttl)) => write!(f, "extend_lock({}, {owner:?}, {ttl:?})", key(id)),
            Op::Lock(id, owner, LockCall::Release) => write!(f, "release_lock({}, {owner:?})", key(id)),
            Op::Lock(id, owner, LockCall::IsHeld) => write!(f, "lock_is_held({}, {owner:?})", key(id)),
            Op::Add(id, value, when) => write!(f, "add({}, {value:?}).expiry({when:?})", key(id)),
            Op::GetMany(ids) => write!(f, "get_many(&[{}])", keys(ids)),
            Op::SetMany(items) => {
                f.write_str("set_many([")?;
                for (id, value, when) in items {
                    write!(f, "({}, {value:?}, {when:?}), ", key(id))?;
                }
                f.write_str("])")
            }
            Op::DeleteMany(ids) => write!(f, "delete_many(&[{}])", keys(ids)),
            Op::ExpireMany(ids, when) => write!(f, "expire_many(&[{}], {when:?})", keys(ids)),
            Op::Increment(id, delta, when) => write!(f, "increment({}, {delta}).expiry_on_create({when:?})", key(id)),
            Op::Decrement(id, delta, when) => write!(f, "decrement({}, {delta}).expiry_on_create({when:?})", key(id)),
            Op::Refused(bad) => write!(f, "refuses({bad:?})"),
            Op::Pass(_) | Op::Reopen => Ok(()),
        }?;
        f.write_str(".await?;")
    }
}
