//! What has to happen in one step on the server, beside a plain `set` of ours.

mod caller;

use std::sync::Arc;

use anyhow::Result;
use store_redis::{Cache, RedisCache};
use store_testkit::{RedisServer, ServerOptions};

use crate::contest::Contest;
use crate::effort::Effort;
use crate::report::{Bar, Row};
use crate::runtime::runtime;
use caller::{Caller, Operation};

const GROUP: &str = "atomic";

const TASKS: usize = 64;

/// What is compared, and what it has to reach of the throughput of `set`.
const OPERATIONS: [(&str, Operation, f64); 4] = [
    ("increment", Operation::Increment, 0.8),
    ("add, half of them to what is there", Operation::Add, 0.9),
    ("get with renewal", Operation::Renew, 0.6),
    ("set_if_value", Operation::SetIfValue, 0.5),
];

/// Measures all of it.
pub(crate) fn measure(effort: Effort) -> Result<Vec<Row>> {
    let server = RedisServer::start_process(ServerOptions::new())?;
    runtime()?.block_on(async {
        let cache: Arc<dyn Cache> = Arc::new(RedisCache::connect(server.url()).await?);
        let mut rows = Vec::new();
        for (name, operation, bar) in OPERATIONS {
            eprintln!("{GROUP}: {name}");
            let contest =
                Contest::of(|_| Caller::new(&cache, operation))
                    .against("our set", Bar::ratio_at_least(bar), |_| Caller::new(&cache, Operation::Set));
            rows.extend(contest.hold(TASKS, effort).await?.throughput(GROUP, name));
        }
        Ok(rows)
    })
}
