//! What a complete reply says. The types of nearly all replies are read here; the others by the client crate's parser.

use std::str;

use redis::Value;

use crate::connection::multiplex::frame::{CRLF, Frame, Malformed, Progress, find_crlf, integer, length};

/// The value of one whole reply, of which a [`Frame`] has seen the end.
pub(super) fn parse(reply: &[u8]) -> Result<Value, Malformed> {
    Rest(reply).value()
}

/// Whether it is no reply to anything, but something that the server has to say.
pub(super) fn is_push(value: &Value) -> bool {
    match value {
        Value::Push { .. } => true,
        Value::Attribute { data, .. } => is_push(data),
        _ => false,
    }
}

/// What is still to be read of a reply. As deep as it is nested, which the frame has limited, values are read within
/// values.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn value(&mut self) -> Result<Value, Malformed> {
        let element = self.0;
        let tag = element.first().ok_or(Malformed)?;
        let line = self.line()?;
        Ok(match tag {
            b'+' if line == b"OK" => Value::Okay,
            b'+' => Value::SimpleString(str::from_utf8(line).map_err(|_| Malformed)?.to_owned()),
            b':' => Value::Int(integer(line)?),
            b'$' => match length(line)? {
                Some(length) => Value::BulkString(self.string(length)?.to_vec()),
                None => Value::Nil,
            },
            b'*' => match length(line)? {
                Some(count) => self.values(count)?,
                None => Value::Nil,
            },
            b'_' if line.is_empty() => Value::Nil,
            _ => self.rare(element)?,
        })
    }

    fn values(&mut self, count: usize) -> Result<Value, Malformed> {
        // The frame has seen them all; it is a limit for whoever forgets to ask it.
        let mut values = Vec::with_capacity(count.min(self.0.len()));
        for _ in 0..count {
            values.push(self.value()?);
        }
        Ok(Value::Array(values))
    }

    /// An element of a type that is not read here.
    fn rare(&mut self, element: &'a [u8]) -> Result<Value, Malformed> {
        let Progress::Complete(end) = Frame::default().advance(element)? else { return Err(Malformed) };
        let (element, rest) = element.split_at_checked(end).ok_or(Malformed)?;
        self.0 = rest;
        redis::parse_redis_value(element).map_err(|_| Malformed)
    }

    /// The first line, without the tag before it.
    fn line(&mut self) -> Result<&'a [u8], Malformed> {
        let behind_tag = self.0.get(1..).ok_or(Malformed)?;
        let end = find_crlf(behind_tag).ok_or(Malformed)?;
        let (line, rest) = behind_tag.split_at_checked(end).ok_or(Malformed)?;
        self.0 = rest.get(CRLF.len()..).ok_or(Malformed)?;
        Ok(line)
    }

    fn string(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (string, rest) = self.0.split_at_checked(length).ok_or(Malformed)?;
        self.0 = rest.strip_prefix(CRLF).ok_or(Malformed)?;
        Ok(string)
    }
}
