//! Settings of a client.

use std::sync::Arc;

use futures_util::FutureExt;
use store_core::{AccessTimes, Result, UrlTemplate};

use super::client::RedisKeyValueStoreClient;
use crate::builder::Builder;
use crate::operations::Operations;

/// What a client for records is told beside what every handle is.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecordSettings {
    pub(super) access_times: AccessTimes,
    pub(super) url_template: Option<UrlTemplate>,
}

impl Builder<RedisKeyValueStoreClient> {
    /// Sets how exactly `accessed_at` follows reads. [`AccessTimes::Coarse`] by default.
    pub fn access_times(mut self, access_times: AccessTimes) -> Self {
        self.records.access_times = access_times;
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
    /// As [`RedisKeyValueStoreClient::connect_with`], and those of the provider and of the hook.
    ///
    /// # Cancel safety
    /// Dropping the future closes what was opened.
    pub async fn connect(self) -> Result<RedisKeyValueStoreClient> {
        // Boxed, because the compiler gives up on callers whose own futures nest deeply on top of ours.
        let operations = Operations::connect(&self.config, self.components).boxed().await?;
        Ok(RedisKeyValueStoreClient::new(Arc::new(operations), self.records))
    }
}
