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

use redb::Durability;
use store_core::{Clock, Outcome, Result, Timestamp};
use tokio::sync::oneshot;

use crate::error::{Failure, guarded};
use crate::shared::{Access, Shared};
use crate::step::{Step, Transaction};
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
            self.run_steps(steps);
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
        if self.duties.sweep_is_due() {
            // What cannot be freed now is freed later, or by whoever writes upon it.
            let swept = self.transact(|transaction| sweep::step(&transaction.begin_step()));
            self.duties.has_swept(swept.unwrap_or(Swept::All));
        }
        if self.duties.flush_is_due() {
            // Who asks for nothing is told nothing; whoever writes next learns what is wrong with the file.
            let _ = self.flush();
        }
    }

    /// Runs the steps in one transaction, and answers them.
    fn run_steps(&mut self, mut steps: Vec<Box<dyn Step>>) {
        // What nobody waits for any more, and has not begun, need not happen.
        steps.retain(|step| step.is_awaited());
        let outcome = self.transact(|transaction| {
            steps.iter_mut().try_for_each(|step| step.run(&transaction.begin_step())).map_err(Failure::Storage)
        });
        steps.into_iter().for_each(|step| step.answer(outcome.clone()));
    }

    /// Does `work` in a transaction, which is committed if something has changed.
    fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T> {
        let (has_changed, is_ending) = (Cell::new(false), Cell::new(false));
        let done = self.on_file(|shared| {
            let access = shared.database.read();
            let mut transaction = access.database()?.begin_write()?;
            let under_way = shared.timeline.begin(&shared.clock);
            let answer = work(&Transaction::new(&transaction, &shared.clock, &has_changed))?;
            if !has_changed.get() {
                transaction.abort()?;
                return Ok(answer);
            }
            transaction.open_table(META)?.insert(TIME, shared.clock.now().as_unix_millis())?;
            transaction.set_durability(self.durability());
            under_way.is_committed_now();
            is_ending.set(true);
            transaction.commit()?;
            Ok(answer)
        });
        if let (true, Flush::Within(time)) = (has_changed.get(), self.flush) {
            self.duties.flush_within(time);
        }
        // Of a commit that failed nobody knows whether the disk has it.
        done.map_err(|error| if is_ending.get() { error.with_outcome(Outcome::Unknown) } else { error })
    }

    fn durability(&self) -> Durability {
        match self.flush {
            Flush::BeforeAnswer => Durability::Immediate,
            Flush::Within(_) => Durability::None,
        }
    }

    /// Brings to the disk what was committed.
    fn flush(&mut self) -> Result<()> {
        self.duties.has_flushed();
        self.on_file(|shared| {
            let access = shared.database.read();
            let transaction = access.database()?.begin_write()?;
            transaction.open_table(META)?.insert(TIME, shared.clock.now().as_unix_millis())?;
            Ok(transaction.commit()?)
        })
    }

    /// Reads meanwhile stand in line behind it.
    fn compact(&self) -> Result<bool> {
        self.on_file(|shared| match &mut *shared.database.write() {
            Access::Open(database) => Ok(database.compact()?),
            access => access.database().map(|_| false),
        })
    }

    /// Works on the file, which is opened again first where something was wrong with it.
    fn on_file<T>(&self, work: impl FnOnce(&Shared) -> Result<T, Failure>) -> Result<T> {
        self.shared.recover().map_err(Failure::into_error)?;
        guarded(|| work(&self.shared)).map_err(|failure| {
            self.shared.lose();
            failure.into_error()
        })
    }

    fn close(&mut self) {
        // What could not be flushed is lost, as the end of the process would lose it.
        let _ = self.flush();
        self.shared.close();
    }
}
