//! Callers that are let go at the same instant, and readers that look on while a writer writes.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::yield_now;

use crate::failure::Failure;

/// How many threads a runtime needs room for in which checks race beside each other: one that waits at the start for a
/// thread that is never made waits for ever.
pub(crate) const MOST_THREADS: usize = 4096;

/// How many callers contend for one entry: more than run at once anywhere that the suite is run, so that some are taken
/// off their processor in the middle of a call.
pub(crate) const CONTENDERS: usize = 8;

/// How many keys are contended for in one race.
const CONTENDED_KEYS: usize = 32;

/// Runs all tasks at once and gives their answers in order.
///
/// Each has a thread of its own: the operations of a driver in memory never wait, so tasks on a few shared threads would
/// run one after another, each to its end. The system takes a thread off its processor anywhere. They are threads of the
/// runtime's that were used before, because a race is over long before as many new ones are made.
pub(crate) async fn at_once<F>(tasks: impl IntoIterator<Item = F>) -> Result<Vec<F::Output>, Failure>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<F> = tasks.into_iter().collect();
    let start = Arc::new(Barrier::new(tasks.len()));
    let mut running = Vec::with_capacity(tasks.len());
    for task in tasks {
        running.push(Running::spawn(task, Arc::clone(&start)));
    }
    let mut answers = Vec::with_capacity(running.len());
    for caller in &mut running {
        let answer = (&mut caller.answer).await;
        answers.push(answer.unwrap_or_else(|_| Err(Failure::new("a concurrent caller ended without an answer")))?);
    }
    Ok(answers)
}

/// A task on a thread of its own. It is given up when this is dropped, so that a caller that hangs outlives no check.
struct Running<T> {
    answer: oneshot::Receiver<Result<T, Failure>>,
    abort: AbortHandle,
}

impl<T: Send + 'static> Running<T> {
    fn spawn(task: impl Future<Output = T> + Send + 'static, start: Arc<Barrier>) -> Self {
        let (sender, answer) = oneshot::channel();
        let (abort, registration) = AbortHandle::new_pair();
        let task = AssertUnwindSafe(Abortable::new(giving_way(task), registration)).catch_unwind();
        let runtime = Handle::current();
        let callers = runtime.clone();
        let body = move || {
            start.wait();
            let answer = match callers.block_on(task) {
                Ok(Ok(answer)) => Ok(answer),
                Ok(Err(_)) => return,
                Err(panic) => Err(Failure::of_panic(&*panic)),
            };
            // Nobody waits for it any more where another caller failed first.
            drop(sender.send(answer));
        };
        drop(runtime.spawn_blocking(body));
        Self { answer, abort }
    }
}

/// The same task, whose thread lets others run wherever it waits: with fewer processors than callers, those that are ready
/// would otherwise wait until it has done all it can.
async fn giving_way<F: Future>(task: F) -> F::Output {
    let mut task = pin!(task);
    poll_fn(move |context| {
        let answer = task.as_mut().poll(context);
        if answer.is_pending() {
            thread::yield_now();
        }
        answer
    })
    .await
}

impl<T> Drop for Running<T> {
    fn drop(&mut self) {
        self.abort.abort();
    }
}

/// Where callers on threads of their own wait for each other, so that the first to come is not alone.
struct Rendezvous {
    callers: usize,
    arrivals: AtomicUsize,
}

impl Rendezvous {
    /// How often one looks for the others: who is held up longer, or has failed, is not waited for.
    const LOOKS: usize = 1000;

    fn new(callers: usize) -> Self {
        Self { callers, arrivals: AtomicUsize::new(0) }
    }

    /// Waits until all have come as often as this one. By looking, because whoever is woken comes too late.
    fn meet(&self, times: usize) {
        self.arrivals.fetch_add(1, Ordering::AcqRel);
        let all_are_here = || self.arrivals.load(Ordering::Acquire) >= times * self.callers;
        for _ in 0..Self::LOOKS {
            if all_are_here() {
                return;
            }
            thread::yield_now();
        }
    }
}

/// Has so many callers do the same to each of many keys, one key after the other and all at once, and gives for each key
/// what each caller was answered. The callers alternate between the handles.
pub(crate) async fn contend<H, T, F>(
    callers: usize,
    handles: &[H],
    act: impl Fn(H, String, usize) -> F + Clone + Send + 'static,
) -> Result<BTreeMap<String, Vec<T>>, Failure>
where
    H: Clone + Send + 'static,
    T: Send + 'static,
    F: Future<Output = store_core::Result<T>> + Send,
{
    let rendezvous = Arc::new(Rendezvous::new(callers));
    let tasks = (0..callers).zip(handles.iter().cycle()).map(|(caller, handle)| {
        let (handle, act, rendezvous) = (handle.clone(), act.clone(), Arc::clone(&rendezvous));
        async move {
            let mut answers = Vec::with_capacity(CONTENDED_KEYS);
            for (key, times) in contended_keys().zip(1..) {
                rendezvous.meet(times);
                answers.push(act(handle.clone(), key, caller).await?);
            }
            Ok::<_, store_core::Error>(answers)
        }
    });
    let mut by_key: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for answers in at_once(tasks).await? {
        for (key, answer) in contended_keys().zip(answers?) {
            by_key.entry(key).or_default().push(answer);
        }
    }
    Ok(by_key)
}

/// The keys that callers contend for.
pub(crate) fn contended_keys() -> impl Iterator<Item = String> {
    (0..CONTENDED_KEYS).map(|number| number.to_string())
}

/// One look of a reader.
pub(crate) type Look = Box<dyn FnMut() -> BoxFuture<'static, Result<(), Failure>> + Send>;

/// Has every reader look again and again until the writer is done, which writes round by round: as often as it is told to,
/// and then on until each reader has had its looks at what is being written.
///
/// To begin at the same instant is not enough. In memory a writer may be through before the thread of a reader gets a
/// processor, and one that waits for the readers writes in step with them from then on, always at the same place of a look.
pub(crate) async fn look_on<W>(
    rounds: usize,
    write: impl FnOnce(Rounds) -> W,
    readers: impl IntoIterator<Item = Look>,
) -> Result<(), Failure>
where
    W: Future<Output = Result<(), Failure>> + Send + 'static,
{
    let race = Arc::new(Race::default());
    let mut tasks: Vec<BoxFuture<'static, Result<(), Failure>>> = Vec::new();
    for look in readers {
        let reader = Reader::of(&race);
        tasks.push(Box::pin(reader.look_on(look)));
    }
    let written = write(Rounds { race, least: rounds, begun: 0, ends: None });
    tasks.push(Box::pin(written));
    at_once(tasks).await?.into_iter().collect()
}

/// What the writer and its readers know of each other.
#[derive(Debug, Default)]
struct Race {
    writing: AtomicBool,
    done: AtomicBool,
    /// How many readers have not had their looks yet.
    waiting: AtomicUsize,
}

/// The rounds of a writer, as numbers from 0 on.
#[derive(Debug)]
pub(crate) struct Rounds {
    race: Arc<Race>,
    least: usize,
    begun: usize,
    /// When it waits no longer for readers.
    ends: Option<Instant>,
}

impl Rounds {
    /// How long a writer goes on for readers that do not come to look: because one hangs, which the case has to find out.
    const PATIENCE: Duration = Duration::from_secs(5);

    /// Whether somebody has still to see what is written.
    fn goes_on(&mut self) -> bool {
        if self.begun < self.least {
            return true;
        }
        let ends = *self.ends.get_or_insert_with(|| Instant::now() + Self::PATIENCE);
        self.race.waiting.load(Ordering::Acquire) > 0 && Instant::now() < ends
    }
}

impl Iterator for Rounds {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if !self.goes_on() {
            return None;
        }
        if self.begun >= self.least {
            // To the readers that it goes on for, of which each has a thread of its own.
            thread::yield_now();
        }
        let number = self.begun;
        self.begun += 1;
        // From the second round on there is something that was written.
        self.race.writing.store(number > 0, Ordering::Release);
        Some(number)
    }
}

/// Tells the readers that the writer is done, also when it failed or panicked.
impl Drop for Rounds {
    fn drop(&mut self) {
        self.race.done.store(true, Ordering::Release);
    }
}

/// A reader, for which the writer goes on.
struct Reader {
    race: Arc<Race>,
    /// How many looks it has had at what is being written.
    looks: usize,
}

impl Reader {
    /// How many looks at what is being written each reader has.
    const LOOKS: usize = 4;

    /// After how many looks its pauses are of the same lengths again.
    const PAUSES: usize = 3;

    fn of(race: &Arc<Race>) -> Self {
        race.waiting.fetch_add(1, Ordering::AcqRel);
        Self { race: Arc::clone(race), looks: 0 }
    }

    async fn look_on(mut self, mut look: Look) -> Result<(), Failure> {
        for pause in (0..Self::PAUSES).cycle() {
            let done = self.race.done.load(Ordering::Acquire);
            if done {
                break;
            }
            let writing = self.race.writing.load(Ordering::Acquire);
            look().await?;
            if writing {
                self.has_looked();
            }
            // Of different lengths, so that looks and writes which take turns do not do so in step.
            for _ in 0..=pause {
                yield_now().await;
            }
        }
        Ok(())
    }

    fn has_looked(&mut self) {
        self.looks += 1;
        if self.looks == Self::LOOKS {
            self.race.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

/// A reader that failed or panicked has no more looks to wait for.
impl Drop for Reader {
    fn drop(&mut self) {
        if self.looks < Self::LOOKS {
            self.race.waiting.fetch_sub(1, Ordering::AcqRel);
        }
    }
}
