//! Removes what a check wrote, and tells what the driver kept all the same.

use std::sync::{Arc, PoisonError};

use store_core::{ErrorKind, Listing, Namespace, Store, StoreExt};

use super::{Context, clients_of, no_longer};
use crate::collections::AllGone;
use crate::failure::Failure;
use crate::harness::Start;
use crate::walk::{Reach, walk_set};

impl Context {
    /// Removes what the check wrote, where the driver can: by a harness that is started for it, where the check closed all
    /// clients of its own. Gives what is still there then.
    pub(crate) async fn clean_up(&self, start: &Start) -> Result<Vec<String>, Failure> {
        let (collections, entries) = (self.drop_collections(start).await, self.clear_entries().await);
        Ok([collections?, entries?].concat())
    }

    async fn drop_collections(&self, start: &Start) -> Result<Vec<String>, Failure> {
        let Some(clients) = self.record_clients() else { return Ok(Vec::new()) };
        let dropped = self.labels.drop_all(&clients).await?;
        if dropped.all == AllGone::Yes {
            return Ok(dropped.leaks);
        }
        let harness = start().await?;
        let clients = clients_of(&*harness).ok_or_else(|| no_longer("records"))?;
        let rest = self.labels.drop_all(&clients).await?;
        Ok([dropped.leaks, rest.leaks].concat())
    }

    /// A driver that lists nothing can be rid of nothing.
    async fn clear_entries(&self) -> Result<Vec<String>, Failure> {
        if self.capabilities().listing == Listing::None {
            return Ok(Vec::new());
        }
        let cache = self.harness.cache().map(|cache| -> Arc<dyn Store> { cache });
        let beside = self.beside.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (mut result, mut leaks) = (Ok(()), Vec::new());
        for store in [Some(self.harness.store()), cache].into_iter().flatten() {
            for namespace in beside.iter().chain([&self.root]) {
                match clear(&store, namespace).await {
                    Ok(left) => leaks.extend(left),
                    Err(failure) => result = result.and(Err(failure)),
                }
            }
        }
        result.map(|()| leaks)
    }
}

/// Clears a namespace and looks whether anything is left of it.
async fn clear(store: &Arc<dyn Store>, namespace: &Namespace) -> Result<Option<String>, Failure> {
    const PAGE: usize = 100;

    let store = store.namespace(namespace)?;
    match store.clear().await {
        // A check that closed its stores wrote nothing that lasts.
        Err(error) if error.kind() == ErrorKind::Closed => return Ok(None),
        Err(error) => return Err(Failure::new(format!("cleaning up: {error}"))),
        Ok(_) => {}
    }
    let left = walk_set(&store, Reach::Subtree, PAGE).await?;
    let example = left.first().map(|(namespace, key)| format!("{key:?} in {namespace:?}"));
    Ok(example.map(|example| format!("{} entries are left after a clear, such as {example}", left.len())))
}
