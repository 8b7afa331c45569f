//! Tasks that are let go at the same instant.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::Barrier;

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
