//! A user whose password changes while connections are logged in with it.

use std::sync::Arc;

use anyhow::Result;
use store_redis::{CredentialProvider, Credentials, async_trait};
use store_testkit::ServerOptions;
use tokio::sync::watch;

use crate::topology::Deployment;

const USER: &str = "stormy";

/// One after the other. A server that was restarted takes both again, as its configuration says.
const PASSWORDS: [&str; 2] = ["odd", "even"];

/// Knows which password is the one of the moment.
pub(super) struct Rotation(watch::Sender<usize>);

impl Rotation {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Lets servers know the user.
    pub(super) fn known_to(options: ServerOptions) -> ServerOptions {
        let [one, other] = PASSWORDS;
        options.directive("user", format!("{USER} on >{one} >{other} ~* &* +@all"))
    }

    pub(super) fn provider(&self) -> Arc<dyn CredentialProvider> {
        Arc::new(Rotated(self.0.subscribe()))
    }

    /// Until the store is told, which is after the servers were, it cannot make connections.
    pub(super) fn rotate(&self, deployment: &Deployment) -> Result<()> {
        let next = (*self.0.borrow() + 1) % PASSWORDS.len();
        deployment.rotate_password(USER, PASSWORDS[next])?;
        self.0.send_replace(next);
        Ok(())
    }
}

struct Rotated(watch::Receiver<usize>);

impl Rotated {
    fn password(&self) -> &'static str {
        PASSWORDS[*self.0.borrow()]
    }
}

#[async_trait]
impl CredentialProvider for Rotated {
    async fn credentials(&self) -> store_redis::Result<Credentials> {
        Ok(Credentials::user(USER, self.password()))
    }

    async fn changed(&self, known: &Credentials) {
        let is_other = |current: &usize| PASSWORDS[*current] != known.password.reveal();
        if self.0.clone().wait_for(is_other).await.is_err() {
            // Nobody rotates any more.
            std::future::pending::<()>().await;
        }
    }
}
