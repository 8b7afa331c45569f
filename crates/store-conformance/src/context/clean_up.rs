//! Removes what a check wrote, and tells what the driver kept all the same.

use std::sync::{Arc, PoisonError};

use store_core::{ErrorKind, Listing, Namespace, Store, StoreExt};

use super::{Context, clients_of, no_longer};
use crate::collections::AllGone;
use crate::failure::Failure;
use crate::harness::{Harness, Start};
use crate::walk::{Reach, walk_set};

impl Context {
    /// Removes what the check wrote, where the driver can, and gives what is still there then.
    ///
    /// Where the check closed what it would be removed by, that is done by a harness that is started for it: what was
    /// closed is out of reach, not gone.
    pub(crate) async fn clean_up(&self, start: &Start) -> Result<Vec<String>, Failure> {
        let (collections, entries) = (self.drop_collections(&*self.harness).await, self.clear(&*self.harness).await);
        let (collections, entries) = (collections?, entries?);
        let leaks = [collections.leaks, entries.leaks].concat();
        if (collections.rest, entries.rest) == (Rest::Nothing, Rest::Nothing) {
            return Ok(leaks);
        }
        let again = start().await;
        let again = again.map_err(|error| Failure::new(format!("no harness to clean up with: {error}")))?;
        let (collections, entries) = (self.drop_collections(&*again).await?, self.clear(&*again).await?);
        if (collections.rest, entries.rest) != (Rest::Nothing, Rest::Nothing) {
            return Err(Failure::new("cleaning up: what was closed is closed in a new harness too"));
        }
        let mut leaks = [leaks, collections.leaks, entries.leaks].concat();
        // What was open is seen by both.
        leaks.sort();
        leaks.dedup();
        Ok(leaks)
    }

    async fn drop_collections(&self, harness: &dyn Harness) -> Result<Cleaned, Failure> {
        if !self.has_records() {
            return Ok(Cleaned::nothing());
        }
        let clients = clients_of(harness).ok_or_else(|| no_longer("records"))?;
        let dropped = self.labels.drop_all(&clients).await?;
        let rest = if dropped.all == AllGone::Yes { Rest::Nothing } else { Rest::OutOfReach };
        Ok(Cleaned { leaks: dropped.leaks, rest })
    }

    /// A driver that lists nothing can be rid of nothing.
    async fn clear(&self, harness: &dyn Harness) -> Result<Cleaned, Failure> {
        let mut cleaned = Cleaned::nothing();
        if self.capabilities().listing == Listing::None {
            return Ok(cleaned);
        }
        let cache = harness.cache().map(|cache| -> Arc<dyn Store> { cache });
        let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut result = Ok(());
        for store in [Some(harness.store()), cache].into_iter().flatten() {
            for namespace in beside.iter().chain([&self.root]) {
                match clear(&store, namespace).await {
                    Ok(Cleared::Yes) => {}
                    Ok(Cleared::Closed) => cleaned.rest = Rest::OutOfReach,
                    Ok(Cleared::Leaves(leak)) => cleaned.leaks.push(leak),
                    Err(failure) => result = result.and(Err(failure)),
                }
            }
        }
        result.map(|()| cleaned)
    }
}

/// What one harness could do about what a check wrote.
struct Cleaned {
    leaks: Vec<String>,
    rest: Rest,
}

impl Cleaned {
    fn nothing() -> Self {
        Self { leaks: Vec::new(), rest: Rest::Nothing }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// What could remove it is closed.
    OutOfReach,
}

enum Cleared {
    Yes,
    Closed,
    Leaves(String),
}

/// Clears a namespace and looks whether anything is left of it.
async fn clear(store: &Arc<dyn Store>, namespace: &Namespace) -> Result<Cleared, Failure> {
    const PAGE: usize = 100;

    let store = store.namespace(namespace)?;
    match store.clear().await {
        Err(error) if error.kind() == ErrorKind::Closed => return Ok(Cleared::Closed),
        Err(error) => return Err(Failure::new(format!("cleaning up: {error}"))),
        Ok(_) => {}
    }
    let left = walk_set(&store, Reach::Subtree, PAGE).await?;
    Ok(match left.first() {
        None => Cleared::Yes,
        Some((namespace, key)) => {
            let example = format!("{key:?} in {namespace:?}");
            Cleared::Leaves(format!("{} entries are left after a clear, such as {example}", left.len()))
        }
    })
}
