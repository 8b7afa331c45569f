//! What a server tells over a connection without being asked again: `MONITOR`, or a channel.

use std::io::{BufRead, BufReader, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::{Context, Result};
use store_testkit::RedisServer;

/// The lines that have been told, each with the moment at which it was read: a little later than it happened.
pub(crate) struct Feed {
    stream: TcpStream,
    lines: Arc<Mutex<Vec<Line>>>,
    reader: Option<JoinHandle<()>>,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) text: String,
}

impl Feed {
    /// Every command that the server executes.
    pub(crate) fn of_commands(server: &RedisServer) -> Result<Self> {
        Self::start(server, "MONITOR")
    }

    /// Everything that is published in a channel.
    pub(crate) fn of_channel(server: &RedisServer, channel: &str) -> Result<Self> {
        Self::start(server, &format!("SUBSCRIBE {channel}"))
    }

    /// Returns when the server has agreed.
    fn start(server: &RedisServer, command: &str) -> Result<Self> {
        let port = server.port().context("a feed needs a port")?;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).context("connecting for a feed")?;
        stream.write_all(format!("{command}\r\n").as_bytes()).context("asking for a feed")?;
        let mut reader = BufReader::new(stream.try_clone().context("reading a feed")?);
        let mut first = String::new();
        reader.read_line(&mut first).context("waiting for a feed")?;
        anyhow::ensure!(first.starts_with(['+', '*']), "a feed was refused: {}", first.trim());
        let lines = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            // An error is the end: of the feed, or of the server.
            for text in reader.lines().map_while(Result::ok) {
                lock(&told).push(Line { at: Instant::now(), text });
            }
        });
        Ok(Self { stream, lines, reader: Some(reader) })
    }

    /// The lines so far that contain `text`.
    pub(crate) fn lines_with(&self, text: &str) -> Vec<Line> {
        lock(&self.lines).iter().filter(|line| line.text.contains(text)).cloned().collect()
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        // One that has ended already cannot be ended again.
        let _ended = self.stream.shutdown(Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _joined = reader.join();
        }
    }
}

fn lock(lines: &Mutex<Vec<Line>>) -> MutexGuard<'_, Vec<Line>> {
    // A line is pushed whole or not at all.
    lines.lock().unwrap_or_else(PoisonError::into_inner)
}
