//! Accepting connections at one port that stays ours while they are refused.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use socket2::{Domain, Socket, Type};

/// As many as the proxied server takes by default before it accepts them.
const BACKLOG: i32 = 511;

pub(super) struct Listener {
    /// Bound to the port and never listening: while nobody listens there, the kernel refuses connections, and gives the
    /// port to nobody else.
    _reservation: Socket,
    address: SocketAddr,
    accepting: Mutex<Option<Accepting>>,
}

struct Accepting {
    socket: Socket,
    stopped: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Listener {
    pub(super) fn new() -> io::Result<Self> {
        let reservation = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = reservation.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
        Ok(Self { _reservation: reservation, address, accepting: Mutex::default() })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Gives every connection to `serve`. Nothing happens when connections are accepted already.
    pub(super) fn accept(&self, serve: impl Fn(TcpStream) + Send + 'static) -> io::Result<()> {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        if accepting.is_some() {
            return Ok(());
        }
        let socket = bound(self.address)?;
        socket.listen(BACKLOG)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let (listener, stop) = (TcpListener::from(socket.try_clone()?), Arc::clone(&stopped));
        let run = move || {
            while let Some(client) = next_client(&listener, &stop) {
                serve(client);
            }
        };
        let thread = Builder::new().name("proxy-listener".to_owned()).spawn(run)?;
        *accepting = Some(Accepting { socket, stopped, thread });
        Ok(())
    }

    /// Returns when connections are refused. Those that are open stay so.
    pub(super) fn refuse(&self) {
        let mut accepting = self.accepting.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(Accepting { socket, stopped, thread }) = accepting.take() else { return };
        stopped.store(true, Ordering::SeqCst);
        // Closing it would not be enough: a server that another thread is just starting has, until it runs its own
        // program, every open file of ours, and somebody would still listen. This also wakes the thread up.
        let _ = socket.shutdown(Shutdown::Both);
        // It cannot have panicked; if it had, it would be gone as well.
        let _ = thread.join();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.refuse();
    }
}

/// `None` when told to stop.
fn next_client(listener: &TcpListener, stopped: &AtomicBool) -> Option<TcpStream> {
    loop {
        let accepted = listener.accept();
        if stopped.load(Ordering::SeqCst) {
            return None;
        }
        // What fails is the one connection, which its client has given up already.
        if let Ok((client, _)) = accepted {
            return Some(client);
        }
    }
}

/// Two sockets have the port, the reservation and the one that listens, so both have to agree to share it.
fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}
