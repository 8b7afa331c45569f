//! The thread that has the file: all that is written goes through it.
//!
//! redb has one writer at a time and waits for the disk when it commits. So the steps of all callers stand in one line,
//! and those that came while a transaction was committed share the next one: a wait for the disk is paid once for all of
//! them. Each is answered after the commit of its transaction.

mod duties;

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use redb::Durability;
use store_core::{Clock, Result, Timestamp};
use tokio::sync::oneshot;

use crate::error::{Failure, guarded};
use crate::line::{Came, Head, Load};
use crate::shared::{Access, Shared};
use crate::step::{Effects, Step, Transaction};
use crate::sweep::{self, Swept};
use crate::tables::{META, TIME};
use crate::touched;
use duties::Duties;

/// How many steps share a transaction at most. Their answers are late by each other's work, not by each other's waiting.
const MOST_STEPS: usize = 1024;

/// When what was written is on the disk.
///
/// There may be others one day:
///
/// ```compile_fail,E0004
/// fn name(flush: store_redb::Flush) -> &'static str {
///     match flush {
///         store_redb::Flush::BeforeAnswer => "before the answer",
///         store_redb::Flush::Within(_) => "within a time",
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Flush {
    /// Before the call that wrote it is answered. What was acknowledged survives the end of the process and a power cut.
    #[default]
    BeforeAnswer,
    /// Within this time, or when the store is flushed or closed. The end of the process or a power cut may take what was
    /// acknowledged in the time before, the latest first and whole transactions alone.
    Within(Duration),
}

pub(crate) enum Message {
    Step(Box<dyn Step>, Load),
    /// To be told when the clock shows this time.
    Alarm(Timestamp, oneshot::Sender<()>),
    Flush(oneshot::Sender<Result<()>>),
    Compact(oneshot::Sender<Result<bool>>),
    Close(oneshot::Sender<Result<()>>),
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    line: Head<Message>,
    flush: Flush,
    duties: Duties,
}

impl Writer {
    pub(crate) fn new(
        shared: Arc<Shared>,
        line: Head<Message>,
        flush: Flush,
        sweep_interval: Option<Duration>,
    ) -> Self {
        Self { shared, line, flush, duties: Duties::new(sweep_interval) }
    }

    /// Works until the store is closed or its last handle is gone.
    pub(crate) fn run(mut self) {
        let closer = loop {
            match self.line.take(MOST_STEPS, self.duties.rest(&self.shared.clock)) {
                Came::Messages(messages) => {
                    if let Some(closer) = self.attend(messages) {
                        break Some(closer);
                    }
                }
                Came::Nothing => {}
                Came::End => break None,
            }
            self.do_duties();
        };
        let closed = self.close();
        if let Some(closer) = closer {
            let _ = closer.send(closed);
        }
    }

    /// Does what messages ask for, steps that follow on each other together; returns who wants the store closed.
    fn attend(&mut self, messages: Vec<Message>) -> Option<oneshot::Sender<Result<()>>> {
        let mut group = Group::default();
        for message in messages {
            if let Message::Step(step, load) = message {
                group.add(step, load);
                continue;
            }
            self.run_group(std::mem::take(&mut group));
            if let Some(closer) = self.serve(message) {
                return Some(closer);
            }
        }
        self.run_group(group);
        None
    }

    /// Does what a message asks for that is no step.
    fn serve(&mut self, message: Message) -> Option<oneshot::Sender<Result<()>>> {
        match message {
            // They go in groups.
            Message::Step(..) => {}
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

    /// Runs the steps in one transaction, and answers them. A step that cannot be done whole is answered alone, and the
    /// others are done again without it: redb has no savepoints within a transaction, so what it did half-way can only be
    /// undone with all the rest. That costs the others as much as they cost before, for each step that fails so.
    fn run_group(&mut self, group: Group) {
        let Group { mut steps, load } = group;
        if steps.is_empty() {
            return;
        }
        // What nobody waits for any more, and has not begun, need not happen.
        steps.retain(|step| step.is_awaited());
        let outcome = loop {
            let at = Cell::new(None);
            let done = self.transact(|transaction| {
                for (index, step) in steps.iter_mut().enumerate() {
                    at.set(Some(index));
                    step.run(&transaction.begin_step())?;
                }
                at.set(None);
                Ok(())
            });
            match (done, at.get()) {
                (Err(failure), Some(index)) if failure.is_of_one_step() => {
                    steps.remove(index).answer(Err(failure.into_error()));
                }
                (done, _) => break done.map_err(Failure::into_error),
            }
        };
        // Before the answers: whoever has one finds room for the next write.
        self.line.leave(load);
        steps.into_iter().for_each(|step| step.answer(outcome.clone()));
    }

    /// Does `work` in a transaction, which is committed if something has changed.
    fn transact<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>) -> Result<T, Failure> {
        let (effects, is_ending) = (Effects::default(), Cell::new(false));
        let done = self.on_file(|shared| {
            let access = shared.database.read();
            let mut transaction = access.database()?.begin_write()?;
            let under_way = shared.timeline.begin(&shared.clock);
            // A panic is caught here, so that the transaction is ended as it should: redb loses the pages of one that unwinds.
            let done = guarded(|| work(&Transaction::new(&transaction, &shared.clock, &effects)));
            if done.is_err() || !effects.has_changed() {
                touched::forget();
                return match (done, transaction.abort()) {
                    (Err(Failure::Storage(error)), _) => Err(Failure::Storage(error)),
                    (done, aborted) => Ok(aborted?).and(done),
                };
            }
            transaction.open_table(META)?.insert(TIME, shared.clock.now().as_unix_millis())?;
            transaction.set_durability(self.durability());
            under_way.is_committed_now();
            touched::forget();
            is_ending.set(true);
            transaction.commit()?;
            done
        });
        if let (true, Flush::Within(time)) = (effects.has_changed(), self.flush) {
            self.duties.flush_within(time);
        }
        if !is_ending.get() {
            return done;
        }
        self.shared.waiters.wake(&effects.into_locks());
        done.map_err(Failure::of_commit)
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
        let flushed = self.on_file(|shared| {
            let access = shared.database.read();
            let transaction = access.database()?.begin_write()?;
            transaction.open_table(META)?.insert(TIME, shared.clock.now().as_unix_millis())?;
            Ok(transaction.commit()?)
        });
        flushed.map_err(|failure| failure.of_commit().into_error())
    }

    /// Reads meanwhile stand in line behind it.
    fn compact(&self) -> Result<bool> {
        let compacted = self.on_file(|shared| match &mut *shared.database.write() {
            Access::Open(database) => Ok(database.compact()?),
            access => access.database().map(|_| false),
        });
        compacted.map_err(Failure::into_error)
    }

    /// Works on the file, which is opened again first where something was wrong with it.
    fn on_file<T>(&self, work: impl FnOnce(&Shared) -> Result<T, Failure>) -> Result<T, Failure> {
        self.shared.recover()?;
        let done = guarded(|| work(&self.shared));
        if let Err(Failure::Storage(_)) = &done {
            self.shared.lose();
        }
        done
    }

    fn close(&mut self) -> Result<()> {
        let flushed = self.flush();
        self.shared.close();
        match self.flush {
            // What was acknowledged is on the disk, whatever becomes of the last flush.
            Flush::BeforeAnswer => Ok(()),
            Flush::Within(_) => flushed,
        }
    }
}

/// Steps that share a transaction, and how much of the line they take.
#[derive(Default)]
struct Group {
    steps: Vec<Box<dyn Step>>,
    load: Load,
}

impl Group {
    fn add(&mut self, step: Box<dyn Step>, load: Load) {
        self.steps.push(step);
        self.load = self.load.and(load);
    }
}
