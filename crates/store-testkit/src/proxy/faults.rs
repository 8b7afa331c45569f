//! What a proxy does to the traffic that passes it: plain data, set as a whole.

use std::time::Duration;

/// Which moment of an exchange a connection is cut at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cut {
    /// Instead of forwarding a request: the command does not run.
    BeforeRequest,
    /// When a request has been forwarded, without waiting for the server. The command runs unless the server fails.
    AfterRequest,
    /// When a reply has arrived, which is thrown away: the command ran and nobody is told.
    BeforeReply,
    /// When half of a reply's bytes have been passed on.
    InsideReply,
    /// When a reply has been passed on whole: the exchange is done, and the connection with it.
    AfterReply,
}

impl Cut {
    pub(super) fn is_at_request(self) -> bool {
        matches!(self, Self::BeforeRequest | Self::AfterRequest)
    }

    /// How many of a reply's bytes still reach the client.
    pub(super) fn passed_on(self, length: usize) -> usize {
        match self {
            Self::BeforeRequest | Self::AfterRequest | Self::BeforeReply => 0,
            Self::InsideReply => length / 2,
            Self::AfterReply => length,
        }
    }
}

/// How a connection that is cut ends for the client.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ending {
    /// As when the server closes it (FIN): the client reads the end of the stream.
    #[default]
    Close,
    /// As when the server's machine has forgotten it (RST): the client reads an error.
    Reset,
    /// As when the network loses all that follows: it stays open, and nothing passes any more in either direction.
    Silence,
}

/// Which requests or replies a fault hits, counted from its injection over all connections.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum When {
    /// One only: the first after so many were let pass.
    After(u64),
    /// Each with this probability: 0.1 is one in ten, 0 none, 1 every one.
    Share(f64),
}

impl When {
    /// The next one, and no other.
    pub const NEXT: Self = Self::After(0);
}

/// At most so many bytes at a time, with a pause between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Trickle {
    pub(super) bytes: usize,
    pub(super) pause: Duration,
}

/// What a [`FaultProxy`](super::FaultProxy) does to what passes it. The default is nothing.
///
/// The parts combine: a reply is first held, then delayed, then perhaps changed or cut, and passed on in a trickle.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Faults {
    pub(super) seed: u64,
    pub(super) command: Option<String>,
    pub(super) hold: bool,
    pub(super) delay: Duration,
    pub(super) trickle: Option<Trickle>,
    pub(super) flip: Option<When>,
    pub(super) cut: Option<(Cut, When)>,
    pub(super) ending: Ending,
    pub(super) black_hole: bool,
}

impl Faults {
    /// No faults; those of a [`When::Share`] and the places of flipped bytes repeat from run to run.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No faults; what is random about those that are added follows from `seed`. With one connection, which sends one
    /// request at a time, the same seed hits the same replies.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Touches and counts only requests for this command, in any case, and their replies. A script is `EVALSHA`. Without
    /// this the commands by which a client sets up its connections are hit, too.
    ///
    /// Replies are matched with requests by their order, which a RESP2 connection that has subscribed does not keep.
    #[must_use]
    pub fn only(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    /// Keeps replies, and all that follow on the same connection, until the faults are replaced or healed.
    #[must_use]
    pub fn hold(mut self) -> Self {
        self.hold = true;
        self
    }

    /// Passes each reply on so much later than it arrived. Replies that arrive together still leave together.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Passes replies on at most `bytes` bytes at a time, at least one, with a pause after each.
    #[must_use]
    pub fn trickle(mut self, bytes: usize, pause: Duration) -> Self {
        self.trickle = Some(Trickle { bytes: bytes.max(1), pause });
        self
    }

    /// Changes one byte of a reply, in its value or in its framing.
    #[must_use]
    pub fn flip(mut self, when: When) -> Self {
        self.flip = Some(when);
        self
    }

    /// Cuts the connection that the request or reply is on.
    #[must_use]
    pub fn cut(mut self, cut: Cut, when: When) -> Self {
        self.cut = Some((cut, when));
        self
    }

    /// How connections that are cut end; [`Ending::Close`] unless told otherwise.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// Swallows everything in both directions and keeps connections open, new ones, too: a network that drops all
    /// packets.
    ///
    /// A connection that lost something stays dumb for good. Were it to speak again, the next reply would answer a
    /// request that was swallowed, which is an error of no network.
    #[must_use]
    pub fn black_hole(mut self) -> Self {
        self.black_hole = true;
        self
    }

    pub(super) fn concern(&self, command: &[u8]) -> bool {
        self.command.as_ref().is_none_or(|only| only.as_bytes().eq_ignore_ascii_case(command))
    }
}
