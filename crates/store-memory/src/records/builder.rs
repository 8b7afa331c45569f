//! Settings of a client, and what it is built of.

use store_core::{AccessTimes, Capabilities, Clock, SystemClock, Topology, UrlTemplate};

use super::client::MemoryKeyValueStoreClient;

/// Settings of a [`MemoryKeyValueStoreClient`]; made by its [`builder`](MemoryKeyValueStoreClient::builder).
///
/// ```
/// use store_memory::{AccessTimes, ManualClock, MemoryKeyValueStoreClient, UrlTemplate};
///
/// let client = MemoryKeyValueStoreClient::builder()
///     .clock(ManualClock::new())
///     .access_times(AccessTimes::Exact)
///     .url_template(UrlTemplate::new("https://files.example/{id}/{key}")?)
///     .build();
/// # drop(client);
/// # Ok::<(), store_memory::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is built before `build`"]
pub struct ClientBuilder {
    clock: Box<dyn Clock>,
    access_times: AccessTimes,
    url_template: Option<UrlTemplate>,
    capabilities: Capabilities,
}

impl ClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            clock: Box::new(SystemClock::new()),
            access_times: AccessTimes::default(),
            url_template: None,
            capabilities: Capabilities::minimal("memory", Topology::InProcess),
        }
    }

    /// Sets the clock that the times of collections are taken from. [`SystemClock`] by default; tests take a
    /// [`ManualClock`](store_core::ManualClock). It is read while a lock is held, so it must neither wait nor use the
    /// client.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Box::new(clock);
        self
    }

    /// Sets how exactly `accessed_at` follows reads. [`AccessTimes::Coarse`] by default.
    pub fn access_times(mut self, access_times: AccessTimes) -> Self {
        self.access_times = access_times;
        self
    }

    /// Sets how public addresses of records are made. By default there are none.
    pub fn url_template(mut self, template: UrlTemplate) -> Self {
        self.url_template = Some(template);
        self
    }

    /// Sets the longest value that is accepted, in bytes; a longer one is
    /// [`TooLarge`](store_core::ErrorKind::TooLarge). 64 MiB by default.
    pub fn max_value_bytes(mut self, bytes: usize) -> Self {
        self.capabilities = self.capabilities.with_max_value_bytes(bytes);
        self
    }

    /// Builds the client, without any collection.
    #[must_use]
    pub fn build(self) -> MemoryKeyValueStoreClient {
        MemoryKeyValueStoreClient::from_parts(self.capabilities, self.clock, self.access_times, self.url_template)
    }
}
