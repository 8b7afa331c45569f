//! Keeps a live connection logged in while its credentials change.

use std::sync::Arc;
use std::time::Duration;

use redis::Value;
use tokio::time::sleep;

use crate::command;
use crate::config::RetryPolicy;
use crate::connection::line::Line;
use crate::connection::multiplex::Multiplexer;
use crate::connection::retry;
use crate::connection::task::Task;
use crate::credentials::{Credentials, Login};

/// The least time between two logins, should a provider see changes where there are none.
const BREATH: Duration = Duration::from_millis(50);

/// How long to wait before another attempt: random, up to the first, and up to twice as long each time.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// After how many refusals in a row the connection is given up. A server may learn of new credentials a little later
/// than the provider.
const MOST_REFUSALS: u32 = 6;

/// Logs the connection in again whenever the credentials that it was made with have changed.
pub(super) fn spawn(login: &Login, known: Option<Credentials>, line: &Arc<Line>, shared: &Multiplexer) -> Option<Task> {
    let (Login::Provided(_), Some(known)) = (login, known) else { return None };
    Some(Task::spawn(renew(login.clone(), known, Arc::clone(line), shared.clone())))
}

async fn renew(login: Login, mut known: Credentials, line: Arc<Line>, shared: Multiplexer) {
    loop {
        login.changed(Some(&known)).await;
        match log_in(&login, &shared).await {
            Some(accepted) => known = accepted,
            // Who may no longer be who he was is not to be served for ever. The next connection asks again, and tells.
            None => return line.close(),
        }
        sleep(BREATH).await;
    }
}

/// Gives what the server has accepted; `None` if it does not, or the line has ended.
async fn log_in(login: &Login, shared: &Multiplexer) -> Option<Credentials> {
    let pauses = RetryPolicy::default().with_pauses(PAUSES.0, PAUSES.1);
    let (mut attempts, mut refusals) = (0, 0);
    loop {
        // A provider that fails has not said that the user of old is no longer good.
        if let Ok(Some(credentials)) = login.credentials().await {
            match shared.ask(&command::auth(&credentials)).await {
                Ok(Value::ServerError(_)) => refusals += 1,
                Ok(_) => return Some(credentials),
                Err(_) => return None,
            }
        }
        if refusals >= MOST_REFUSALS {
            return None;
        }
        attempts += 1;
        sleep(retry::pause(&pauses, attempts)).await;
    }
}
