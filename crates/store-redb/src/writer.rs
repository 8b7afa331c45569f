//! The thread that has the file: all that is written goes through it.
//!
//! redb has one writer at a time and waits for the disk when it commits. So the steps of all callers stand in one line,
//! and those that came while a transaction was committed share the next one: a wait for the disk is paid once for all of
//! them. Each is answered after the commit of its transaction.

mod duties;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use redb::{Durability, WriteTransaction};
use store_core::{Clock, Outcome, Result, Timestamp};
use tokio::sync::oneshot;

use crate::error::{Failure, guarded};
use crate::shared::{Access, Shared};
use crate::step::{Step, Writing};
use crate::sweep::{self, Swept};
use crate::tables::{META, TIME};
use duties::Duties;

/// How many steps share a transaction at most. Their answers are late by each other's work, not by each other's waiting.
const MOST_STEPS: usize = 1024;

/// When what was written is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Flush {
    /// Before the call that wrote it is answered. What was acknowledged survives the end of the process and a power cut.
    #[default]
    BeforeAnswer,
    /// Within this time, or when the store is flushed or closed. The end of the process or a power cut may take what was
    /// acknowledged in the time before, the latest first and whole transactions alone.
    Within(Duration),
}

pub(crate) enum Message {
    Step(Box<dyn Step>),
    /// To be told when the clock shows this time.
    Alarm(Timestamp, oneshot::Sender<()>),
    Flush(oneshot::Sender<Result<()>>),
    Compact(oneshot::Sender<Result<bool>>),
    Close(oneshot::Sender<()>),
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    messages: Receiver<Message>,
    flush: Flush,
    duties: Duties,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        messages: Receiver<Message>,
        flush: Flush,
        sweep_interval: Option<Duration>,
    ) -> Self {
        Self { shared, messages, flush, duties: Duties::new(sweep_interval) }
    }

    /// Works until the store is closed or its last handle is gone.
    pub(crate) fn run(mut self) {
        let closer = loop {
            match self.messages.recv_timeout(self.duties.rest(&self.shared.clock)) {
                Ok(message) => {
                    if let Some(closer) = self.attend(message) {
                        break Some(closer);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break None,
            }
            self.do_duties();
        };
        self.close();
        if let Some(closer) = closer {
            let _ = closer.send(());
        }
    }

    /// Does what a message asks for, and all steps that stand behind it; returns who wants the store closed.
    fn attend(&mut self, first: Message) -> Option<oneshot::Sender<()>> {
        let mut next = Some(first);
        let mut steps = Vec::new();
        while let Some(Message::Step(step)) = next {
            steps.push(step);
            next = (steps.len() < MOST_STEPS).then(|| self.messages.try_recv().ok()).flatten();
        }
        if !steps.is_empty() {
            self.transact(steps);
        }
        match next? {
            // The loop above ends with none.
            Message::Step(_) => {}
            Message::Alarm(time, waiter) => self.duties.wake(time, waiter),
            Message::Flush(asker) => {
                let _ = asker.send(self.flush());
            }
            Message::Compact(asker) => {
                let _ = asker.send(self.compact());
            }
            Message::Close(closer) => return Some(closer),
        }
        None
    }

    fn do_duties(&mut self) {
        self.duties.ring(&self.shared.clock);
        self.transact(Vec::new());
        if self.duties.flush_is_due() {
            // Who asks for nothing is told nothing; whoever writes next learns what is wrong with the file.
            let _ = self.flush();
        }
    }

    /// Runs the steps in one transaction, commits it, and answers.
    fn transact(&mut self, mut steps: Vec<Box<dyn Step>>) {
        // What nobody waits for any more, and has not begun, need not happen.
        steps.retain(|step| step.is_awaited());
        if steps.is_empty() && !self.duties.sweep_is_due() {
            return;
        }
        let outcome = self.file().and_then(|()| {
            let done = guarded(|| self.commit(&mut steps)).map_err(Failure::into_error);
            done.inspect_err(|_| self.shared.lose())
        });
        steps.into_iter().for_each(|step| step.answer(outcome.clone()));
    }

    /// Opens the file again, where something went wrong with it.
    fn file(&self) -> Result<()> {
        self.shared.recover().map_err(Failure::into_error)
    }

    fn commit(&mut self, steps: &mut [Box<dyn Step>]) -> Result<(), Failure> {
        let shared = Arc::clone(&self.shared);
        let access = shared.database.read();
        let mut transaction = access.database()?.begin_write()?;
        let (under_way, has_changed) = (shared.timeline.begin(&shared.clock), Cell::new(false));
        for step in steps {
            step.run(&Writing::new(&transaction, shared.clock.now(), &has_changed)).map_err(Failure::Storage)?;
        }
        let now = shared.clock.now();
        let swept = match self.duties.sweep_is_due() {
            true => sweep::step(&Writing::new(&transaction, now, &has_changed))?,
            false => Swept::All,
        };
        if has_changed.get() {
            transaction.open_table(META)?.insert(TIME, now.as_unix_millis())?;
            transaction.set_durability(self.durability());
            under_way.is_committed_now();
            end(transaction)?;
        } else {
            transaction.abort()?;
        }
        self.duties.has_swept(swept);
        if let (true, Flush::Within(time)) = (has_changed.get(), self.flush) {
            self.duties.flush_within(time);
        }
        Ok(())
    }

    fn durability(&self) -> Durability {
        match self.flush {
            Flush::BeforeAnswer => Durability::Immediate,
            Flush::Within(_) => Durability::None,
        }
    }

    /// Brings to the disk what was committed.
    fn flush(&mut self) -> Result<()> {
        self.file()?;
        let flushed = guarded(|| {
            let access = self.shared.database.read();
            let transaction = access.database()?.begin_write()?;
            transaction.open_table(META)?.insert(TIME, self.shared.clock.now().as_unix_millis())?;
            end(transaction)
        });
        self.duties.has_flushed();
        flushed.map_err(|error| {
            self.shared.lose();
            error.into_error()
        })
    }

    /// Reads meanwhile stand in line behind it.
    fn compact(&mut self) -> Result<bool> {
        self.file()?;
        let compacted = guarded(|| match &mut *self.shared.database.write() {
            Access::Open(database) => Ok(database.compact()?),
            access => access.database().map(|_| false),
        });
        compacted.map_err(Failure::into_error)
    }

    fn close(&mut self) {
        // What could not be flushed is lost, as the end of the process would lose it.
        let _ = self.flush();
        self.shared.close();
    }
}

/// Ends a transaction that wrote. When that fails, nobody knows whether it was committed.
fn end(transaction: WriteTransaction) -> Result<(), Failure> {
    transaction.commit().map_err(|error| {
        let error = Failure::from(error).into_error();
        Failure::Storage(error.with_outcome(Outcome::Unknown))
    })
}
