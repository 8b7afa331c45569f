//! A command as servers read it.

use std::{io, iter, str};

use redis::{Cmd, RedisWrite, ToRedisArgs};

/// What a short argument takes, such as a number of 13 digits, with what goes around it.
const SHORT_ARGUMENT_BYTES: usize = 24;

const CRLF: &[u8] = b"\r\n";

/// A command, kept in the bytes that are sent, so that it is put together once and in one piece of memory.
#[derive(Clone)]
pub(crate) struct Command {
    /// The arguments, each behind its length. The first one is the name of the command.
    arguments: Vec<u8>,
    /// How many there are, which is sent ahead of them.
    count: usize,
    is_answered: bool,
}

impl Command {
    /// A command with room for a short argument behind its name.
    pub(crate) fn new(name: &str) -> Self {
        Self::with_room(name, 1, 0)
    }

    /// A command with room for so many further `arguments`; those that are not short have so many `bytes` together.
    /// Whatever comes to more is moved as it grows.
    pub(crate) fn with_room(name: &str, arguments: usize, bytes: usize) -> Self {
        let room = (1 + arguments) * SHORT_ARGUMENT_BYTES + bytes;
        Self { arguments: Vec::with_capacity(room), count: 0, is_answered: true }.arg(name)
    }

    /// Adds what comes to no, one or several arguments.
    pub(crate) fn arg(mut self, argument: impl ToRedisArgs) -> Self {
        argument.write_redis_args(&mut self);
        self
    }

    /// Whether the server answers it. To some that users send it does not.
    pub(crate) fn is_answered(&self) -> bool {
        self.is_answered
    }

    /// Adds it to `out` as it is sent.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        announce(b'*', self.count, out);
        out.extend_from_slice(&self.arguments);
    }

    /// Its arguments, the name among them.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.arguments.as_slice();
        iter::from_fn(move || {
            let (argument, behind) = split_argument(rest)?;
            rest = behind;
            Some(argument)
        })
    }
}

/// For commands of users.
impl From<&Cmd> for Command {
    fn from(command: &Cmd) -> Self {
        let mut arguments = command.get_packed_command();
        let announced = arguments.iter().position(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        arguments.drain(..announced);
        Self { arguments, count: command.args_iter().count(), is_answered: !command.is_no_response() }
    }
}

/// For connections that are not ours.
#[cfg(feature = "deadpool-redis")]
impl From<&Command> for Cmd {
    fn from(command: &Command) -> Self {
        let mut same = Self::with_capacity(command.count, command.arguments.len());
        same.set_no_response(!command.is_answered);
        for argument in command.arguments() {
            same.arg(argument);
        }
        same
    }
}

impl RedisWrite for Command {
    fn write_arg(&mut self, argument: &[u8]) {
        announce(b'$', argument.len(), &mut self.arguments);
        self.arguments.extend_from_slice(argument);
        self.end_argument();
    }

    fn writer_for_next_arg(&mut self) -> impl io::Write + '_ {
        Parts { begin: self.arguments.len(), command: self }
    }
}

impl Command {
    fn end_argument(&mut self) {
        self.arguments.extend_from_slice(CRLF);
        self.count += 1;
    }
}

/// An argument that comes in parts, so that how long it is comes last.
struct Parts<'a> {
    begin: usize,
    command: &'a mut Command,
}

impl io::Write for Parts<'_> {
    fn write(&mut self, part: &[u8]) -> io::Result<usize> {
        self.command.arguments.extend_from_slice(part);
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Parts<'_> {
    fn drop(&mut self) {
        let arguments = &mut self.command.arguments;
        let end = arguments.len();
        announce(b'$', end - self.begin, arguments);
        // What announces it trades places with it.
        let announced = arguments.len() - end;
        if let Some(argument) = arguments.get_mut(self.begin..) {
            argument.rotate_right(announced);
        }
        self.command.end_argument();
    }
}

fn announce(kind: u8, number: usize, out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
    out.extend_from_slice(CRLF);
}

/// The first argument, and what comes behind it.
fn split_argument(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\r')?;
    let length = str::from_utf8(bytes.get(1..end)?).ok()?.parse().ok()?;
    let (argument, behind) = bytes.get(end + CRLF.len()..)?.split_at_checked(length)?;
    Some((argument, behind.get(CRLF.len()..)?))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn packed(command: &Command) -> Vec<u8> {
        let mut packed = b"before".to_vec();
        command.pack(&mut packed);
        packed.split_off(b"before".len())
    }

    proptest! {
        #[test]
        fn a_command_is_packed_as_the_client_crate_does(
            name in ".{0,12}",
            arguments in vec(vec(any::<u8>(), 0..300), 0..12),
            number in any::<i64>(),
        ) {
            let (mut theirs, mut ours) = (redis::cmd(&name), Command::new(&name));
            for argument in &arguments {
                theirs.arg(argument);
                ours = ours.arg(argument);
            }
            theirs.arg((number, "text"));
            let ours = ours.arg((number, "text"));
            prop_assert_eq!(packed(&ours), theirs.get_packed_command());
            prop_assert_eq!(packed(&Command::from(&theirs)), theirs.get_packed_command());
            let of_theirs: Vec<_> = theirs.args_iter().collect();
            let of_ours: Vec<_> = ours.arguments().map(redis::Arg::Simple).collect();
            prop_assert_eq!(of_ours, of_theirs);
        }

        #[test]
        fn an_argument_may_come_in_parts(parts in vec(vec(any::<u8>(), 0..60), 0..5)) {
            let mut command = Command::new("NAME");
            let mut argument = command.writer_for_next_arg();
            for part in &parts {
                argument.write_all(part).unwrap();
            }
            drop(argument);
            let whole = Command::new("NAME").arg(parts.concat()).arg("behind");
            prop_assert_eq!(packed(&command.arg("behind")), packed(&whole));
        }
    }

    #[test]
    fn a_cursor_and_the_wish_for_no_answer_are_kept() {
        let mut scan = redis::cmd("SCAN");
        scan.cursor_arg(7).arg("COUNT").set_no_response(true);
        let command = Command::from(&scan);
        assert_eq!(command.arguments().collect::<Vec<_>>(), [b"SCAN".as_slice(), b"7", b"COUNT"]);
        assert!(!command.is_answered());
    }

    #[cfg(feature = "deadpool-redis")]
    #[test]
    fn on_the_connection_of_a_pool_it_is_the_same_command() {
        let command = Command::new("SET").arg(("key", "value"));
        assert_eq!(Cmd::from(&command).get_packed_command(), packed(&command));
    }
}
