//! One client's connection and ours to the server, and the three threads that pump between them.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::control::{Arrival, Control, Verdict};
use super::faults::{Cut, Ending};
use super::frame::{Splitter, command_name, is_push};

/// How long a write to a client that does not read waits before it looks whether the line is over.
const WRITE_LIMIT: Duration = Duration::from_millis(50);

const CHUNK: usize = 64 * 1024;

/// The sockets close when the last of the threads lets go of this value. Nothing else may keep a copy of them: a reset
/// is sent by the last close, and a copy would swallow it.
pub(super) struct Line {
    client: TcpStream,
    server: OnceLock<TcpStream>,
    control: Arc<Control>,
    /// The commands whose replies have not arrived, oldest first.
    unanswered: Mutex<VecDeque<Vec<u8>>>,
    over: AtomicBool,
    /// Something was swallowed, so nothing may pass any more.
    dumb: AtomicBool,
}

impl Line {
    /// Serves the client until one side has had enough.
    pub(super) fn open(client: TcpStream, server: SocketAddr, control: Arc<Control>) -> io::Result<()> {
        client.set_nodelay(true)?;
        client.set_write_timeout(Some(WRITE_LIMIT))?;
        let line = Arc::new(Self {
            client,
            server: OnceLock::new(),
            control,
            unanswered: Mutex::default(),
            over: AtomicBool::new(false),
            dumb: AtomicBool::new(false),
        });
        line.control.register(&line);
        spawn("proxy-requests", move || {
            // A server that cannot be reached ends the line like one that closes it.
            let _ = line.connect(server).and_then(|()| line.pump_requests());
            line.end();
        })
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Ends the line as a fault, which is counted before the client can notice it.
    pub(super) fn cut(&self, ending: Ending) {
        let ends = if ending == Ending::Silence { &self.dumb } else { &self.over };
        if !ends.swap(true, Ordering::SeqCst) {
            self.control.count(|counts| counts.cuts += 1);
            self.close(ending);
        }
    }

    fn end(&self) {
        if !self.over.swap(true, Ordering::SeqCst) {
            self.close(Ending::Close);
        }
    }

    /// What fails here fails because the other side has closed, and then there is nothing left to do.
    fn close(&self, ending: Ending) {
        let _ = match ending {
            Ending::Silence => return,
            Ending::Close => self.client.shutdown(Shutdown::Both),
            // Shutting down the writing side, too, would send the FIN that must not be seen.
            Ending::Reset => SockRef::from(&self.client)
                .set_linger(Some(Duration::ZERO))
                .and_then(|()| self.client.shutdown(Shutdown::Read)),
        };
        let _ = self.server.get().map(|server| server.shutdown(Shutdown::Both));
        self.control.line_is_over();
    }

    fn connect(self: &Arc<Self>, server: SocketAddr) -> io::Result<()> {
        if self.is_dumb() {
            return Ok(());
        }
        let server = TcpStream::connect(server)?;
        server.set_nodelay(true)?;
        self.server.get_or_init(|| server);
        let (sender, receiver) = channel();
        let (arrivals, replies) = (Arc::clone(self), Arc::clone(self));
        spawn("proxy-arrivals", move || arrivals.pump_arrivals(&sender))?;
        spawn("proxy-replies", move || replies.pump_replies(&receiver))
    }

    fn pump_requests(&self) -> io::Result<()> {
        let mut splitter = Splitter::default();
        self.pump(&self.client, |bytes| {
            splitter.push(bytes);
            std::iter::from_fn(|| splitter.next()).try_for_each(|request| self.forward(&request))
        })
    }

    fn forward(&self, request: &[u8]) -> io::Result<()> {
        // Of requests that came together, those behind one that was swallowed.
        if self.is_dumb() {
            return Ok(());
        }
        let command = command_name(request);
        let verdict = self.control.judge_request(command);
        if let Verdict::Cut(Cut::BeforeRequest, ending) = verdict {
            return self.cut_by_request(ending);
        }
        let mut server = self.server.get().ok_or(io::ErrorKind::NotConnected)?;
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).push_back(command.to_vec());
        self.control.count(|counts| counts.requests += 1);
        server.write_all(request)?;
        if let Verdict::Cut(_, ending) = verdict { self.cut_by_request(ending) } else { Ok(()) }
    }

    /// Fails when there is nothing more to read.
    fn cut_by_request(&self, ending: Ending) -> io::Result<()> {
        self.cut(ending);
        if self.is_over() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn pump_arrivals(&self, queue: &Sender<Arrival>) {
        let Some(server) = self.server.get() else { return };
        let mut splitter = Splitter::default();
        // The end of the server's side follows its last reply through the queue.
        let _ = self.pump(server, |bytes| {
            splitter.push(bytes);
            let at = Instant::now();
            for message in std::iter::from_fn(|| splitter.next()) {
                let command = if is_push(&message) { None } else { Some(self.next_unanswered()) };
                self.control.count(|counts| counts.held += u64::from(command.is_some()));
                let _ = queue.send(Arrival { message, command, at });
            }
            Ok(())
        });
    }

    /// Nothing where the server says more than it was asked.
    fn next_unanswered(&self) -> Vec<u8> {
        self.unanswered.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default()
    }

    fn pump_replies(&self, queue: &Receiver<Arrival>) {
        for mut arrival in queue {
            match self.control.judge_arrival(&mut arrival, self) {
                Verdict::Pass => self.pass_on(&arrival.message, &arrival),
                Verdict::Swallow => self.dumb.store(true, Ordering::SeqCst),
                Verdict::Cut(cut, ending) => {
                    let part = arrival.message.get(..cut.passed_on(arrival.message.len()));
                    self.pass_on(part.unwrap_or_default(), &arrival);
                    self.cut(ending);
                }
            }
        }
        // What ends inside a black hole is as silent as what is sent there.
        if !self.is_dumb() {
            self.end();
        }
    }

    fn pass_on(&self, bytes: &[u8], arrival: &Arrival) {
        if !self.is_dumb() && self.write(bytes, arrival).is_err() {
            self.end();
        }
    }

    fn write(&self, mut message: &[u8], arrival: &Arrival) -> io::Result<()> {
        while !message.is_empty() {
            let trickle = self.control.trickle(arrival);
            let chunk = trickle.map_or(message.len(), |trickle| trickle.bytes.min(message.len()));
            let (now, rest) = message.split_at(chunk);
            self.write_all(now)?;
            message = rest;
            if let Some(trickle) = trickle {
                self.control.pause(trickle.pause, self);
            }
        }
        Ok(())
    }

    fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            if self.is_over() {
                return Err(io::ErrorKind::ConnectionAborted.into());
            }
            match (&self.client).write(bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if is_momentary(&error) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads until the end of the stream or of the line.
    fn pump(&self, mut from: &TcpStream, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        while !self.is_over() {
            let read = match from.read(&mut chunk) {
                Ok(0) => break,
                Ok(read) => chunk.get(..read).unwrap_or_default(),
                Err(error) if is_momentary(&error) => continue,
                Err(error) => return Err(error),
            };
            if !self.is_dumb() {
                take(read)?;
            }
        }
        Ok(())
    }

    /// Whether nothing may pass any more, because of a black hole now or earlier.
    fn is_dumb(&self) -> bool {
        if self.control.swallows() {
            self.dumb.store(true, Ordering::SeqCst);
        }
        self.dumb.load(Ordering::SeqCst)
    }
}

fn is_momentary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(drop)
}
