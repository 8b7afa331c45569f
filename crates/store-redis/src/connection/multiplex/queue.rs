//! What callers and the pump share: commands on their way out, and the slots that wait for replies.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use redis::{RedisError, Value};
use store_core::Outcome;
use tokio::sync::{Notify, oneshot};

use crate::connection::carrier::Commands;
use crate::connection::line::Line;
use crate::connection::lock::lock;
use crate::connection::multiplex::writer::Writer;
use crate::connection::multiplex::{Lost, watch};

/// From how many unwritten bytes on further commands wait. A server that hangs makes us hold on to two such buffers, and
/// to what single requests add to them.
const CROWDED_BYTES: usize = 1024 * 1024;

/// What a caller gets.
pub(super) type Answer = Result<Value, Lost>;

/// Commands that were taken.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) answer: oneshot::Receiver<Answer>,
    /// Whether the watch wakes the caller.
    pub(super) is_watched: bool,
}

/// Why commands were not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// There is room later.
    Crowded,
    Ended(Lost),
}

#[derive(Debug)]
pub(super) struct Queue {
    line: Arc<Line>,
    most_slots: usize,
    /// Told when there is room again.
    room: Arc<Notify>,
    /// Whether only the pump writes. Encryption takes too long to be done under the lock.
    is_encrypted: bool,
    /// Who is owed a reply and has been taken over from the state, in the order of the commands. Callers never come
    /// here: what takes as long as there are replies does not keep them from sending. Locked before the state.
    owed: Mutex<VecDeque<Slot>>,
    // Std mutexes, because nothing awaits while they are held.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Commands that are in no batch yet.
    unwritten: Vec<u8>,
    /// Where they end, in bytes from the beginning of all commands.
    end: u64,
    /// Who is owed a reply behind those of the queue, in the order of the commands.
    slots: VecDeque<Slot>,
    /// How many are owed a reply, all together.
    outstanding: usize,
    /// How many were given their replies the last time. Where they were several, several are about to go on.
    delivered: usize,
    /// Here while no batch is being written.
    writer: Option<Writer>,
    /// A write of a caller's that came to nothing. The pump ends the line.
    failure: Option<io::Error>,
    /// The pump, while it waits for commands.
    pump: Option<Waker>,
    /// Whether anybody waits for room.
    is_crowded: bool,
    watched: Watched,
    /// How often the watch has passed.
    passes: u64,
    /// For good, and why.
    ended: Option<RedisError>,
}

/// Whether somebody looks after callers that set no timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Watched {
    Never,
    /// Not while nobody waits: the watch has to be roused.
    WhenRoused,
    Now,
}

/// The place of one call among the replies. It stays when the caller goes away, and its replies are passed over.
#[derive(Debug)]
pub(super) struct Slot {
    caller: oneshot::Sender<Answer>,
    kind: Kind,
    /// Up to here the bytes may leave without anything being carried out.
    harmless_end: u64,
    /// Wakes a caller that relies on the watch, which had passed so often before.
    relies: Option<Waker>,
    passes: u64,
}

#[derive(Debug)]
enum Kind {
    One,
    /// As many replies, of which some have come.
    Many(usize, Vec<Value>),
}

impl Kind {
    fn many(replies: usize) -> Self {
        Self::Many(replies, Vec::with_capacity(replies))
    }
}

impl Slot {
    /// Takes the next reply; gives the whole answer once it is there.
    fn take(&mut self, reply: Value) -> Option<Value> {
        match &mut self.kind {
            Kind::One => Some(reply),
            Kind::Many(expected, replies) => {
                replies.push(reply);
                (replies.len() == *expected).then(|| Value::Array(std::mem::take(replies)))
            }
        }
    }

    fn fail(self, cause: RedisError, left: u64) {
        let outcome = if left <= self.harmless_end { Outcome::NotApplied } else { Outcome::Unknown };
        // Nobody minds where the caller has gone away.
        let _gone = self.caller.send(Err(Lost { cause, outcome }));
    }
}

/// A reply, and who it is for.
#[derive(Debug)]
pub(super) struct Delivery {
    caller: oneshot::Sender<Answer>,
    reply: Value,
    /// Of the slot. To drop it may end a task, which is not to be done under the lock.
    _relied: Option<Waker>,
}

impl Delivery {
    /// Hands the reply over, or drops it where the caller has gone away.
    pub(super) fn hand_over(self) {
        let _gone = self.caller.send(Ok(self.reply));
    }
}

/// Up to how many unwritten bytes the pump lets others add to a batch before it writes.
///
/// The first of several callers that go on wakes the pump, which then comes before the others, and would write one command
/// at a time. What is larger than a few commands is worth a write by itself, and a server that waits for it would work by
/// turns with us.
const SMALL_BATCH_BYTES: usize = 1024;

/// How far the pump has let others go first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    Fresh,
    /// They are going right now.
    Deferring,
    Spent,
}

/// What there is for the pump to write.
#[derive(Debug)]
pub(super) enum Work {
    Batch(Writer),
    /// Others are about to add to the batch.
    Defer,
    /// It will be woken.
    Nothing,
}

impl Queue {
    pub(super) fn new(line: Arc<Line>, writer: Writer, is_encrypted: bool, most_slots: usize) -> Self {
        let state = State {
            unwritten: Vec::new(),
            end: 0,
            slots: VecDeque::new(),
            outstanding: 0,
            delivered: 0,
            writer: Some(writer),
            failure: None,
            pump: None,
            is_crowded: false,
            watched: Watched::Never,
            passes: 0,
            ended: None,
        };
        Self {
            line,
            most_slots,
            room: Arc::new(Notify::new()),
            is_encrypted,
            owed: Mutex::default(),
            state: Mutex::new(state),
        }
    }

    pub(super) fn room(&self) -> &Arc<Notify> {
        &self.room
    }

    /// There is somebody who passes from now on.
    pub(super) fn note_watched(&self) {
        lock(&self.state).watched = Watched::WhenRoused;
    }

    /// Adds to `late` who relies on the watch and was there when it passed before. Whether anybody waits for replies.
    pub(super) fn pass(&self, late: &mut Vec<Waker>) -> bool {
        let (mut owed, mut guard) = (lock(&self.owed), lock(&self.state));
        let state = &mut *guard;
        let before = state.passes;
        state.passes += 1;
        let waiting = owed.iter_mut().chain(&mut state.slots).take_while(|slot| slot.passes < before);
        late.extend(waiting.filter_map(|slot| slot.relies.take()));
        let is_in_use = state.outstanding != 0;
        state.watched = if is_in_use { Watched::Now } else { Watched::WhenRoused };
        is_in_use
    }

    /// Puts commands on their way. A caller that `relies` on the watch is woken by it, if there is one.
    pub(super) fn send(&self, commands: Commands<'_>, relies: Option<&Waker>) -> Result<Sent, Refused> {
        let (caller, answer) = oneshot::channel();
        let mut guard = lock(&self.state);
        let state = &mut *guard;
        if let Some(cause) = &state.ended {
            return Err(Refused::Ended(Lost { cause: cause.clone(), outcome: Outcome::NotApplied }));
        }
        if state.unwritten.len() >= CROWDED_BYTES || state.outstanding >= self.most_slots {
            state.is_crowded = true;
            return Err(Refused::Crowded);
        }
        let has_begun = state.end != 0;
        let relies = relies.filter(|_| state.watched != Watched::Never);
        let rouses = relies.is_some() && state.watched == Watched::WhenRoused;
        if rouses {
            state.watched = Watched::Now;
        }
        state.push(commands, caller, relies.cloned());
        let is_alone = state.outstanding == 1 && state.delivered <= 1;
        let is_written = is_alone && has_begun && !self.is_encrypted && state.writes_at_once();
        let pump = if is_written { None } else { state.pump.take() };
        drop(guard);
        if let Some(pump) = pump {
            pump.wake();
        }
        if rouses {
            watch::rouse();
        }
        Ok(Sent { answer, is_watched: relies.is_some() })
    }

    /// Whether anything was ever sent; if not, wakes `cx` when it is.
    pub(super) fn has_begun(&self, cx: &Context<'_>) -> bool {
        let mut state = lock(&self.state);
        let has_begun = state.end != 0;
        if !has_begun {
            state.wake_for_work(cx);
        }
        has_begun
    }

    /// What is to be written next; if nothing, wakes `cx` when there is something. A `writer` that comes back has
    /// written its batch.
    pub(super) fn next_work(&self, writer: Option<Writer>, patience: Patience, cx: &Context<'_>) -> io::Result<Work> {
        let mut state = lock(&self.state);
        if let Some(writer) = writer {
            state.writer = Some(writer);
        }
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        let is_batch_begun = state.writer.as_ref().is_some_and(|writer| !writer.is_done());
        if state.unwritten.is_empty() && !is_batch_begun {
            state.wake_for_work(cx);
            return Ok(Work::Nothing);
        }
        let is_small = !is_batch_begun && state.unwritten.len() < SMALL_BATCH_BYTES;
        if patience == Patience::Fresh && is_small && state.outstanding > 1 {
            return Ok(Work::Defer);
        }
        let Some(mut writer) = state.writer.take() else { return Ok(Work::Nothing) };
        if !is_batch_begun {
            writer.begin(&mut state.unwritten);
            self.make_room(&mut state);
        }
        Ok(Work::Batch(writer))
    }

    /// Finds the callers of `replies`. `None` if there are more replies than calls.
    pub(super) fn deliver(&self, replies: &mut Vec<Value>, deliveries: &mut Vec<Delivery>) -> Option<()> {
        let mut owed = lock(&self.owed);
        for reply in replies.drain(..) {
            if owed.is_empty() {
                std::mem::swap(&mut *owed, &mut lock(&self.state).slots);
            }
            if let Some(reply) = owed.front_mut()?.take(reply) {
                let Slot { caller, relies, .. } = owed.pop_front()?;
                deliveries.push(Delivery { caller, reply, _relied: relies });
            }
        }
        let mut state = lock(&self.state);
        if !deliveries.is_empty() {
            state.delivered = deliveries.len();
        }
        state.outstanding = state.outstanding.saturating_sub(deliveries.len());
        self.make_room(&mut state);
        Some(())
    }

    /// Ends the line: nothing more is written, and every call that waits is told. `writer` is with the pump if it is
    /// not here.
    pub(super) fn end(&self, writer: Option<Writer>, cause: &RedisError) {
        // First, so that those who are told find another line.
        self.line.close();
        let (mut owed, mut state) = (lock(&self.owed), lock(&self.state));
        if state.ended.is_some() {
            return;
        }
        state.ended = Some(cause.clone());
        let mut writer = writer.or_else(|| state.writer.take());
        let left = writer.as_mut().map_or(state.end, Writer::left);
        let slots = (std::mem::take(&mut *owed), std::mem::take(&mut state.slots));
        state.outstanding = 0;
        state.unwritten = Vec::new();
        drop((owed, state));
        drop(writer);
        for slot in slots.0.into_iter().chain(slots.1) {
            slot.fail(cause.clone(), left);
        }
        self.room.notify_waiters();
    }

    fn make_room(&self, state: &mut State) {
        if std::mem::take(&mut state.is_crowded) {
            self.room.notify_waiters();
        }
    }
}

impl State {
    fn push(&mut self, commands: Commands<'_>, caller: oneshot::Sender<Answer>, relies: Option<Waker>) {
        let (begin, before) = (self.end, self.unwritten.len());
        commands.pack(&mut self.unwritten);
        self.end += (self.unwritten.len() - before) as u64;
        let (kind, harmless_end) = match commands {
            Commands::One(command) if !command.is_answered() => return answer_at_once(caller, Value::Nil),
            // Without its last byte a command is none.
            Commands::One(_) => (Kind::One, self.end.saturating_sub(1)),
            Commands::Many([]) => return answer_at_once(caller, Value::Array(Vec::new())),
            Commands::Many(commands) => (Kind::many(commands.len()), begin),
            // What begins and what executes it is answered too. Where the server refuses the first, what follows is
            // carried out as it comes.
            Commands::Atomic(commands) => (Kind::many(1 + commands.len() + 1), begin),
        };
        self.outstanding += 1;
        self.slots.push_back(Slot { caller, kind, harmless_end, relies, passes: self.passes });
    }

    fn wake_for_work(&mut self, cx: &Context<'_>) {
        if !self.pump.as_ref().is_some_and(|pump| pump.will_wake(cx.waker())) {
            self.pump = Some(cx.waker().clone());
        }
    }

    /// Writes what there is, if all of it can be written now; the pump would do so one turn of its task later. Whether
    /// nothing is left to be done.
    fn writes_at_once(&mut self) -> bool {
        if self.unwritten.is_empty() {
            return true;
        }
        let Some(writer) = self.writer.as_mut().filter(|writer| writer.is_done()) else { return false };
        writer.begin(&mut self.unwritten);
        // Should the socket be full, the pump asks again, and is woken.
        let written = writer.poll_slice(&mut Context::from_waker(Waker::noop()));
        if let Poll::Ready(Err(failure)) = written {
            self.failure = Some(failure);
        }
        writer.is_done() && self.failure.is_none()
    }
}

/// For what the server does not answer.
fn answer_at_once(caller: oneshot::Sender<Answer>, reply: Value) {
    Delivery { caller, reply, _relied: None }.hand_over();
}
