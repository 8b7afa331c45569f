//! A synchronous RESP2 client, as small as planting data and configuring faults allows.
//!
//! Not the client under test: a mistake in the driver's connection layer must not be able to hide itself here.

use std::fmt;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::Error;
use crate::endpoint::{Address, Endpoint};

/// Long enough for a loaded machine; a server that is stopped on purpose costs a caller this much and no more.
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A status such as `OK`.
    Status(String),
    /// An error inside an array, such as one command's of a transaction. Anywhere else it is an [`Error::Refused`].
    Error(String),
    /// An integer.
    Integer(i64),
    /// A string of bytes.
    Bulk(Vec<u8>),
    /// The absence of a string or an array.
    Nil,
    /// Replies in a row.
    Array(Vec<Self>),
}

impl Reply {
    /// The text of a status or of a bulk string that is UTF-8.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Status(text) => Some(text),
            Self::Bulk(bytes) => std::str::from_utf8(bytes).ok(),
            _ => None,
        }
    }

    /// The value of an integer reply.
    #[must_use]
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(value) => Some(*value),
            _ => None,
        }
    }
}

trait Transport: Read + Write + Send {}
impl<T: Read + Write + Send> Transport for T {}

/// One connection, already authenticated, for as many commands as wanted.
pub struct Connection {
    stream: BufReader<Box<dyn Transport>>,
    limit: Duration,
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

impl Connection {
    pub(crate) fn open(endpoint: &Endpoint) -> Result<Self, Error> {
        Self::open_within(endpoint, REPLY_LIMIT)
    }

    /// Opens a connection that waits at most `limit` for each reply.
    pub(crate) fn open_within(endpoint: &Endpoint, limit: Duration) -> Result<Self, Error> {
        let stream = dial(&endpoint.address, limit).map_err(Error::io("connecting to the server"))?;
        let mut connection = Self { stream: BufReader::new(stream), limit };
        if let Some(credentials) = &endpoint.credentials {
            let user = credentials.user.as_deref().unwrap_or("default");
            connection.command(&["AUTH", user, &credentials.password])?;
        }
        if endpoint.database != 0 {
            connection.command(&["SELECT", &endpoint.database.to_string()])?;
        }
        Ok(connection)
    }

    /// Sends one command, its name first, and reads its reply.
    ///
    /// # Errors
    /// [`Error::Refused`] for an error reply, [`Error::NotInTime`] when there is none within 5 s.
    pub fn command<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<Reply, Error> {
        self.send(arguments)?;
        match self.read_reply()? {
            Reply::Error(message) => Err(Error::Refused { command: name_of(arguments), message }),
            reply => Ok(reply),
        }
    }

    pub(crate) fn send<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Result<(), Error> {
        self.stream.get_mut().write_all(&encode(arguments)).map_err(failed("sending a command", self.limit))
    }

    /// Waits for the server to close the connection.
    pub(crate) fn await_close(&mut self) -> Result<(), Error> {
        let mut rest = Vec::new();
        self.stream.read_to_end(&mut rest).map(drop).map_err(failed("waiting for the server to end", self.limit))
    }

    fn read_reply(&mut self) -> Result<Reply, Error> {
        let line = self.read_line()?;
        let (kind, text) = line.split_at_checked(1).ok_or(Error::Protocol { met: "an empty line" })?;
        match kind {
            "+" => Ok(Reply::Status(text.to_owned())),
            "-" => Ok(Reply::Error(text.to_owned())),
            ":" => Ok(Reply::Integer(number(text)?)),
            "$" => match usize::try_from(number(text)?) {
                Ok(length) => self.read_bulk(length),
                Err(_) => Ok(Reply::Nil),
            },
            "*" => match usize::try_from(number(text)?) {
                Ok(length) => (0..length).map(|_| self.read_reply()).collect::<Result<_, _>>().map(Reply::Array),
                Err(_) => Ok(Reply::Nil),
            },
            _ => Err(Error::Protocol { met: "an unknown type byte" }),
        }
    }

    fn read_line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        self.stream.read_line(&mut line).map_err(failed("reading a reply", self.limit))?;
        let content = line.strip_suffix("\r\n").ok_or(Error::Protocol { met: "the end of the stream" })?;
        Ok(content.to_owned())
    }

    fn read_bulk(&mut self, length: usize) -> Result<Reply, Error> {
        let mut bytes = vec![0; length];
        let mut end = [0; 2];
        self.stream.read_exact(&mut bytes).map_err(failed("reading a reply", self.limit))?;
        self.stream.read_exact(&mut end).map_err(failed("reading a reply", self.limit))?;
        Ok(Reply::Bulk(bytes))
    }
}

/// A timeout of the socket is our own limit; the system's words for it (`WouldBlock`) would not say so.
fn failed(step: &'static str, limit: Duration) -> impl FnOnce(io::Error) -> Error {
    move |source| match source.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::NotInTime { awaited: step.to_owned(), limit },
        _ => Error::Io { step, source },
    }
}

fn dial(address: &Address, limit: Duration) -> io::Result<Box<dyn Transport>> {
    match address {
        Address::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port))?;
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            Ok(Box::new(stream))
        }
        Address::Unix(path) => {
            let stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(limit))?;
            stream.set_write_timeout(Some(limit))?;
            Ok(Box::new(stream))
        }
    }
}

fn encode<A: AsRef<[u8]>>(arguments: &[A]) -> Vec<u8> {
    let mut request = format!("*{}\r\n", arguments.len()).into_bytes();
    for argument in arguments.iter().map(AsRef::as_ref) {
        request.extend_from_slice(format!("${}\r\n", argument.len()).as_bytes());
        request.extend_from_slice(argument);
        request.extend_from_slice(b"\r\n");
    }
    request
}

/// Only the name: arguments may be passwords or values.
fn name_of<A: AsRef<[u8]>>(arguments: &[A]) -> String {
    arguments.first().map_or_else(String::new, |name| String::from_utf8_lossy(name.as_ref()).into_owned())
}

fn number(text: &str) -> Result<i64, Error> {
    text.parse().map_err(|_| Error::Protocol { met: "a length or integer that is not a number" })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;
    use std::net::TcpListener;

    use super::*;
    use crate::endpoint::Security;

    fn read(bytes: &[u8]) -> Result<Reply, Error> {
        let stream: Box<dyn Transport> = Box::new(Cursor::new(bytes.to_vec()));
        Connection { stream: BufReader::new(stream), limit: REPLY_LIMIT }.read_reply()
    }

    #[test]
    fn every_reply_type_is_read() {
        let reply = read(b"*6\r\n+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*-1\r\n").unwrap();
        let expected = vec![
            Reply::Status("OK".to_owned()),
            Reply::Error("ERR no".to_owned()),
            Reply::Integer(-7),
            Reply::Bulk(b"a\r\n".to_vec()),
            Reply::Nil,
            Reply::Nil,
        ];
        assert_eq!(reply, Reply::Array(expected));
    }

    #[test]
    fn a_cut_or_foreign_stream_is_a_typed_error() {
        assert!(matches!(read(b"$5\r\nab"), Err(Error::Io { .. })));
        assert!(matches!(read(b"+OK"), Err(Error::Protocol { .. })));
        assert!(matches!(read(b"HTTP/1.1 400\r\n"), Err(Error::Protocol { .. })));
        assert!(matches!(read(b":seven\r\n"), Err(Error::Protocol { .. })));
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up_at_the_limit() {
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = Address::Tcp { host: "127.0.0.1".to_owned(), port: silent.local_addr().unwrap().port() };
        let endpoint = Endpoint { address, security: Security::Plain, credentials: None, database: 0 };
        let mut connection = Connection::open_within(&endpoint, Duration::from_millis(20)).unwrap();
        assert!(matches!(connection.command(&["PING"]), Err(Error::NotInTime { .. })));
    }

    #[test]
    fn a_command_is_encoded_by_length_not_by_content() {
        assert_eq!(encode(&[b"SET".as_slice(), b"\r\n"]), b"*2\r\n$3\r\nSET\r\n$2\r\n\r\n\r\n");
    }
}
