//! Transactions that come to nothing when somebody else has written to what they have read, and are tried again.

use std::num::NonZeroU32;
use std::time::Duration;

use redis::Value;
use store_core::{Durability, Error, ErrorKind, Outcome, Result};
use tokio::time::Instant;

use crate::command::{self, Command};
use crate::connection::answer::{self, Refusal};
use crate::connection::attempt::{Attempt, Trouble, may_serve_others};
use crate::connection::carrier::{self, Admission, Carrier, Commands, Framing};
use crate::connection::deadline::Deadline;
use crate::connection::executor::{Executor, require_runtime};
use crate::connection::retry;
use crate::error;
use crate::request::{Class, Request, Telling};

/// A transaction that is decided by what it has read.
pub(crate) struct Optimistic<D> {
    /// `WATCH` and what is read behind it, over an exclusive connection.
    pub(crate) reads: Request,
    /// Turns what was read into the commands that write, and the transaction's own result.
    pub(crate) decide: D,
    /// How far the writes have to spread.
    pub(crate) durability: Durability,
    /// How often it is tried before other writers have won.
    pub(crate) attempts: NonZeroU32,
}

/// Where an attempt has led.
pub(crate) enum Round<T, E> {
    Committed(T),
    /// Somebody has written in between.
    Lost,
    /// By the decision itself.
    Aborted(E),
}

impl Executor {
    /// Tries a transaction until nobody comes in between, within one deadline. The inner error is the decision's.
    pub(crate) async fn optimistically<D, T, E>(&self, mut transaction: Optimistic<D>) -> Result<Result<T, E>>
    where
        D: FnMut(Vec<Value>) -> Result<(Vec<Command>, T), E> + Send,
        T: Send,
        E: Send,
    {
        let under_way = self.environment.counters.begin();
        let ended = self.try_rounds(&mut transaction).await;
        match &ended {
            Ok(_) => under_way.succeed(),
            Err(error) => under_way.fail(error.kind()),
        }
        ended
    }

    async fn try_rounds<D, T, E>(&self, transaction: &mut Optimistic<D>) -> Result<Result<T, E>>
    where
        D: FnMut(Vec<Value>) -> Result<(Vec<Command>, T), E> + Send,
        T: Send,
        E: Send,
    {
        require_runtime()?;
        let (start, limit) = (Instant::now(), self.environment.config.deadline);
        let mut deadline = Deadline::new(start, limit);
        let attempts = transaction.attempts.get();
        for lost in 1..=attempts {
            match self.run(transaction, &mut deadline).await? {
                Round::Committed(answer) => return Ok(Ok(answer)),
                Round::Aborted(reason) => return Ok(Err(reason)),
                Round::Lost => {}
            }
            let pause = retry::pause(&self.environment.config.retry, lost);
            if lost == attempts || deadline.pause(pause).await.is_none() {
                return Err(contended(lost));
            }
            self.environment.counters.note_retry();
        }
        Err(contended(attempts))
    }
}

impl<D, T, E> Attempt for Optimistic<D>
where
    D: FnMut(Vec<Value>) -> Result<(Vec<Command>, T), E> + Send,
    T: Send,
    E: Send,
{
    type Output = Round<T, E>;

    fn request(&self) -> &Request {
        &self.reads
    }

    async fn on<C: Carrier>(
        &mut self,
        carrier: C,
        admission: Admission,
        deadline: &mut Deadline,
    ) -> Result<Self::Output, Trouble> {
        let read = match read(&self.reads, &carrier, admission, deadline).await? {
            Ok(read) => read,
            Err(refusal) => return Err(refused(refusal, carrier, deadline).await),
        };
        let (commands, answer) = match (self.decide)(read) {
            Ok(decided) => decided,
            Err(reason) => {
                leave(carrier, deadline).await;
                return Ok(Round::Aborted(reason));
            }
        };
        let durability = if commands.is_empty() { Durability::Acknowledged } else { self.durability };
        let writes = Request::atomic(Class::NotRepeatable, commands).payload;
        let framing = Framing::new(admission, durability, deadline);
        let replied = carrier::send(&carrier, &writes, framing, deadline).await.map_err(Trouble::Lost)?;
        let executed = match answer::settle(&writes, replied.reply) {
            Ok(executed) => executed,
            Err(refusal) => return Err(refused(refusal, carrier, deadline).await),
        };
        carrier.give_back();
        if executed == Value::Nil {
            return Ok(Round::Lost);
        }
        if let Some(error) = answer::first_refusal(&executed) {
            // The server does not undo the commands around one that fails.
            return Err(Trouble::Final(error.with_outcome(Outcome::Unknown)));
        }
        if let Some(acknowledged) = replied.acknowledged {
            answer::spread(acknowledged, &executed, Telling::Nothing).map_err(Trouble::Final)?;
        }
        Ok(Round::Committed(answer))
    }
}

/// The replies to what is read. Whatever goes wrong, nothing was written.
async fn read<C: Carrier>(
    reads: &Request,
    carrier: &C,
    admission: Admission,
    deadline: &mut Deadline,
) -> Result<Result<Vec<Value>, Refusal>, Trouble> {
    let framing = Framing::new(admission, Durability::Acknowledged, deadline);
    let replied = carrier::send(carrier, &reads.payload, framing, deadline).await;
    let reply = replied.map_err(|error| Trouble::Lost(error.with_outcome(Outcome::NotApplied)))?.reply;
    Ok(answer::each(reply).map(|replies| replies.into_iter().skip(1).collect()))
}

/// A refusal, on a connection that may still watch keys.
async fn refused<C: Carrier>(refusal: Refusal, carrier: C, deadline: &mut Deadline) -> Trouble {
    let connection = carrier.node().cloned();
    if may_serve_others(&refusal, &carrier) {
        leave(carrier, deadline).await;
    }
    Trouble::Refused(refusal, connection)
}

/// Gives a connection back that may still watch keys. One that does not answer ends instead.
async fn leave<C: Carrier>(carrier: C, deadline: &mut Deadline) {
    let unwatched = carrier.exchange(Commands::One(&command::unwatch()), Duration::ZERO, deadline).await;
    if unwatched.is_ok_and(|reply| error::checked(reply).is_ok()) {
        carrier.give_back();
    }
}

fn contended(attempts: u32) -> Error {
    Error::new(ErrorKind::Overloaded, format!("other writers kept changing the entries; attempts={attempts}"))
}
