//! Settings of a client.

use std::sync::Arc;

use futures_util::FutureExt;
use store_core::{AccessTimes, Error, ErrorKind, Result, UrlTemplate};

use super::client::RedisKeyValueStoreClient;
use super::layout::{Layout, RecordLayout};
use crate::builder::Builder;
use crate::operations::Operations;

/// What a client for records is told beside what every handle is.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordSettings {
    pub(super) layout: RecordLayout,
    pub(super) access_times: AccessTimes,
    pub(super) url_template: Option<UrlTemplate>,
}

impl Builder<RedisKeyValueStoreClient> {
    /// Sets how exactly `accessed_at` follows reads. [`AccessTimes::Coarse`] by default.
    pub fn access_times(mut self, access_times: AccessTimes) -> Self {
        self.records.access_times = access_times;
        self
    }

    /// Sets how collections are laid out on the server. [`RecordLayout::native`] by default.
    pub fn layout(mut self, layout: RecordLayout) -> Self {
        self.records.layout = layout;
        self
    }

    /// Sets how public addresses of records are made. By default there are none.
    pub fn url_template(mut self, template: UrlTemplate) -> Self {
        self.records.url_template = Some(template);
        self
    }

    /// Connects to the server. It has answered when this returns.
    ///
    /// # Errors
    /// As [`RedisKeyValueStoreClient::connect_with`], those of the provider and of the hook, and those that the
    /// [layout](RecordLayout) names.
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    pub async fn connect(self) -> Result<RedisKeyValueStoreClient> {
        let layout = self.records.layout.layout();
        layout.check(&self.config)?;
        // Boxed, because the compiler gives up on callers whose own futures nest deeply on top of ours.
        let operations = Operations::connect(&self.config, self.layout, self.components).boxed().await?;
        probe(layout, &operations).await?;
        Ok(RedisKeyValueStoreClient::new(Arc::new(operations), self.records))
    }
}

/// Finds out whether the server can keep this layout.
async fn probe(layout: Layout, operations: &Operations) -> Result<()> {
    let Some(probe) = layout.probe() else { return Ok(()) };
    match operations.executor.one(probe).await {
        Err(unknown) if unknown.kind() == ErrorKind::Unsupported => Err(no_json()),
        // A key of another type is found when somebody opens it.
        Err(error) if error.kind() != ErrorKind::WrongType => Err(error),
        _ => Ok(()),
    }
}

fn no_json() -> Error {
    Error::new(
        ErrorKind::Unsupported,
        "the layout of Crawlee needs a server with JSON commands (RedisJSON, or Redis 8 with its modules), and this one \
         has none",
    )
}
