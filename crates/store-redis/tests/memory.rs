//! What a server that hangs makes the process hold on to.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use store_redis::prelude::*;
use store_redis::{Config, RedisCache};
use store_testkit::{RedisServer, ServerOptions};

/// The system's allocator, counting.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(layout.size(), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CALLS: usize = 600;
const VALUE_BYTES: usize = 128 * 1024;

/// The only test here, because the allocator counts for the whole process.
#[tokio::test]
async fn calls_that_timed_out_on_a_server_that_hangs_leave_a_short_queue_behind() {
    let server = RedisServer::start_process(ServerOptions::new()).unwrap();
    let config = server.url().parse::<Config>().unwrap().with_deadline(Duration::from_millis(500));
    let cache = RedisCache::connect_with(config).await.unwrap();
    let value = Bytes::from(vec![b'v'; VALUE_BYTES]);
    server.stop().unwrap();
    let before = ALLOCATED.load(Ordering::Relaxed);
    let calls: Vec<_> = (0..CALLS)
        .map(|_| {
            let (cache, value) = (cache.clone(), value.clone());
            tokio::spawn(async move { cache.set("k", value).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    }
    let held = ALLOCATED.load(Ordering::Relaxed) - before;
    assert!(held < CALLS * VALUE_BYTES / 3, "{held}");
    server.cont().unwrap();
}
