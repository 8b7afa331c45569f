//! Answers in lines of `name:value`, as `INFO` and `CLUSTER INFO` give them.

use crate::Error;
use crate::resp::{Connection, Reply};

pub(crate) struct Info(String);

impl Info {
    /// Asks for one section of `INFO`.
    pub(crate) fn ask(connection: &mut Connection, section: &str) -> Result<Self, Error> {
        Self::read(&connection.command(&["INFO", section])?)
    }

    pub(crate) fn read(reply: &Reply) -> Result<Self, Error> {
        reply.as_text().map(|text| Self(text.to_owned())).ok_or(Error::Protocol { met: "an INFO that is not text" })
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let info = Info("# Server\r\nredis_version_x:1\r\nredis_version:7.0.15\r\n".to_owned());
        assert_eq!(info.field("redis_version"), Some("7.0.15"));
        assert_eq!(info.field("redis"), None);
    }
}
