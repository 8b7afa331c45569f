//! Who the store is to its servers, and who says so.

use std::fmt;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use store_core::{Error, ErrorKind, Outcome, Result, async_trait};

use crate::config::Secret;

/// A user of a server, and its password.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The ACL user. `None` is the server's default user.
    pub username: Option<Secret>,
    /// The password, or the token that stands for one.
    pub password: Secret,
}

impl Credentials {
    /// An ACL user.
    pub fn user(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self { username: Some(Secret::new(username)), password: Secret::new(password) }
    }

    /// The server's default user.
    pub fn password(password: impl Into<String>) -> Self {
        Self { username: None, password: Secret::new(password) }
    }
}

/// Knows the credentials of the moment, where they change while a program runs: rotated passwords, tokens that expire.
///
/// Given to a store by [`Builder::credentials`](crate::Builder::credentials), in place of a user in its
/// [`Config`](crate::Config). It is shared by all connections and called by several at a time. What it holds is never
/// shown: the `Debug` of a store does not use that of its provider.
///
/// ```
/// use store_redis::{CredentialProvider, Credentials, Result, async_trait};
/// use tokio::sync::watch;
///
/// struct Rotated(watch::Receiver<String>);
///
/// #[async_trait]
/// impl CredentialProvider for Rotated {
///     async fn credentials(&self) -> Result<Credentials> {
///         Ok(Credentials::user("app", self.0.borrow().clone()))
///     }
///
///     async fn changed(&self, known: &Credentials) {
///         let other = |password: &String| password != known.password.reveal();
///         if self.0.clone().wait_for(other).await.is_err() {
///             std::future::pending().await // Nobody rotates any more.
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait CredentialProvider: Send + Sync + 'static {
    /// The credentials of the moment. Called once for each connection that is made, within the connect timeout.
    ///
    /// # Errors
    /// The call that needed the connection fails with the kind and the advice on retrying that the error has, and
    /// with its text, which so holds no secret. An error that may pass ([`Unavailable`](ErrorKind::Unavailable) or
    /// [`Timeout`](ErrorKind::Timeout)) is tried again within the call's deadline, any other ends the call. Of a panic
    /// becomes [`Other`](ErrorKind::Other).
    ///
    /// # Cancel safety
    /// The future is dropped when the connect timeout passes.
    async fn credentials(&self) -> Result<Credentials>;

    /// Returns when [`credentials`](Self::credentials) would no longer give `known`; at once if that is already so. By
    /// default it never does: then live connections keep the user that they began with, and only new ones ask.
    ///
    /// When it returns, the connection that waits for it logs in again with what
    /// [`credentials`](Self::credentials) gives then. Calls go on meanwhile. While the provider fails, the connection
    /// stays as it is. Where the server refuses what it gives six times in a row, over 3 s at most, the connection
    /// takes no further calls: the next one makes a new connection, and tells if that is refused too.
    ///
    /// # Cancel safety
    /// The future is dropped when its connection ends.
    async fn changed(&self, known: &Credentials) {
        let _ = known;
        pending::<()>().await;
    }
}

/// Not what the provider itself would show: a derived `Debug` shows passwords.
impl fmt::Debug for dyn CredentialProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialProvider")
    }
}

/// Where the credentials for one kind of server come from.
#[derive(Clone, Debug)]
pub(crate) enum Login {
    /// Nowhere: the server lets everybody in, or nobody.
    Anonymous,
    /// From the settings.
    Fixed(Credentials),
    /// From code of the user's.
    Provided(Arc<dyn CredentialProvider>),
}

impl Login {
    /// As the settings have it. They give no user without a password.
    pub(crate) fn fixed(username: Option<&Secret>, password: Option<&Secret>) -> Self {
        match password {
            Some(password) => Self::Fixed(Credentials { username: username.cloned(), password: password.clone() }),
            None => Self::Anonymous,
        }
    }

    pub(crate) async fn credentials(&self) -> Result<Option<Credentials>> {
        match self {
            Self::Anonymous => Ok(None),
            Self::Fixed(credentials) => Ok(Some(credentials.clone())),
            Self::Provided(provider) => ask(&**provider).await.map(Some),
        }
    }

    /// Returns when connections that were made with `known` should log in again.
    pub(crate) async fn changed(&self, known: Option<&Credentials>) {
        match (self, known) {
            (Self::Provided(provider), Some(known)) => provider.changed(known).await,
            _ => pending().await,
        }
    }
}

/// A panic of foreign code would end the task that makes the connection, and leave those who wait for it without an
/// answer.
async fn ask(provider: &dyn CredentialProvider) -> Result<Credentials> {
    AssertUnwindSafe(provider.credentials()).catch_unwind().await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Other, "the credential provider panicked").with_outcome(Outcome::NotApplied))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Careless(&'static str);

    #[async_trait]
    impl CredentialProvider for Careless {
        async fn credentials(&self) -> Result<Credentials> {
            panic!("{}", self.0)
        }
    }

    #[tokio::test]
    async fn a_provider_that_panics_is_an_error_that_shows_nothing_of_it() {
        let login = Login::Provided(Arc::new(Careless("cAnArY")));
        let error = login.credentials().await.unwrap_err();
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::Other, Outcome::NotApplied));
        assert!(!format!("{error:?} {login:?}").contains("cAnArY"));
    }

    #[tokio::test]
    async fn fixed_credentials_need_a_password_and_never_change() {
        let (name, password) = (Secret::new("app"), Secret::new("cAnArY"));
        assert_eq!(Login::fixed(Some(&name), None).credentials().await.unwrap(), None);
        let login = Login::fixed(Some(&name), Some(&password));
        let credentials = login.credentials().await.unwrap();
        assert_eq!(credentials, Some(Credentials::user("app", "cAnArY")));
        assert!(!format!("{login:?}").contains("cAnArY"));
        assert_eq!(login.changed(credentials.as_ref()).now_or_never(), None);
    }
}
