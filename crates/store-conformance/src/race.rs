//! Tasks that are let go at the same instant, and readers that look on while a writer writes.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::Barrier;
use tokio::task::yield_now;

use crate::failure::Failure;

/// Runs all tasks at once and gives their answers in order.
pub(crate) async fn at_once<F>(tasks: impl IntoIterator<Item = F>) -> Result<Vec<F::Output>, Failure>
where
    F: Future<Output: Send> + Send + 'static,
{
    let tasks: Vec<F> = tasks.into_iter().collect();
    let start = Arc::new(Barrier::new(tasks.len()));
    let running: Vec<_> = tasks
        .into_iter()
        .map(|task| {
            let start = Arc::clone(&start);
            tokio::spawn(async move {
                start.wait().await;
                task.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(running.len());
    for task in running {
        answers.push(task.await.map_err(|error| Failure::new(format!("a concurrent caller failed: {error}")))?);
    }
    Ok(answers)
}

/// One look of a reader.
pub(crate) type Look = Box<dyn FnMut() -> BoxFuture<'static, Result<(), Failure>> + Send>;

/// Runs the writer, and has every reader look again and again until the writer is done.
pub(crate) async fn look_on(
    writer: impl Future<Output = Result<(), Failure>> + Send + 'static,
    readers: impl IntoIterator<Item = Look>,
) -> Result<(), Failure> {
    let done = Arc::new(AtomicBool::new(false));
    let mut tasks: Vec<BoxFuture<'static, Result<(), Failure>>> = Vec::new();
    for mut look in readers {
        let done = Arc::clone(&done);
        tasks.push(Box::pin(async move {
            while !done.load(Ordering::Relaxed) {
                look().await?;
                // A driver that never waits would keep the writer from running where both share a thread.
                yield_now().await;
            }
            Ok(())
        }));
    }
    let at_end = SetOnDrop(done);
    tasks.push(Box::pin(async move {
        let _at_end = at_end;
        writer.await
    }));
    at_once(tasks).await?.into_iter().collect()
}

/// Tells the readers that the writer is done, also when it failed or panicked.
struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
