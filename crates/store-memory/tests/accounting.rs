//! The bytes that a store counts, held against what it asks the allocator for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use store_memory::prelude::*;
use store_memory::{ManualClock, MemoryStore};

/// The system's allocator, counting what is allocated, each block rounded as common allocators do.
struct Counting;

static ALLOCATED: AtomicUsize = AtomicUsize::new(0);

fn taken(layout: Layout) -> usize {
    (layout.size() + 8).next_multiple_of(16)
}

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.fetch_add(taken(layout), Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        ALLOCATED.fetch_sub(taken(layout), Ordering::Relaxed);
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test, because the allocator counts for the whole process.
#[test]
fn what_is_counted_is_close_to_what_is_allocated() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        for (entries, namespaces, value_bytes) in [
            (1_000, 1, 0),
            (17_000, 1, 20),
            (30_000, 1, 100),
            (100_000, 10, 100),
            (2_000, 2_000, 100),
            (50_000, 50_000, 0),
            (300, 1, 20_000),
        ] {
            let empty = MemoryStore::builder().clock(ManualClock::new()).without_sweeper();
            let store = empty.build();
            let before = ALLOCATED.load(Ordering::Relaxed);
            for n in 0..entries {
                let namespace = store.namespace(format!("namespace-{}", n % namespaces).as_str()).unwrap();
                let (key, value) = (format!("key-{n}"), vec![0; value_bytes]);
                namespace.set(&key, value).ttl(std::time::Duration::from_secs(60)).await.unwrap();
                namespace.get(&key).await.unwrap();
            }
            let allocated = ALLOCATED.load(Ordering::Relaxed) - before;
            let most = store.bytes_used();
            // Never much more than is counted, or the limit means little; never much less, or it wastes memory.
            assert!(allocated <= most * 21 / 20, "{allocated} allocated, {most} counted");
            assert!(allocated * 2 >= most, "{allocated} allocated, {most} counted");
            for n in (0..entries).filter(|n| n % 100 != 99) {
                let namespace = store.namespace(format!("namespace-{}", n % namespaces).as_str()).unwrap();
                namespace.delete(&format!("key-{n}")).await.unwrap();
            }
            let (allocated, counted) = (ALLOCATED.load(Ordering::Relaxed) - before, store.bytes_used());
            assert!(counted < most / 40, "{counted} of {most} counted");
            assert!(allocated <= 2 * counted + 64 * 1024, "{allocated} allocated for what is left, {counted} counted");
            store.delete_whole_database().await.unwrap();
            let left = ALLOCATED.load(Ordering::Relaxed).saturating_sub(before);
            assert!(left < 64 * 1024, "{left} bytes left");
        }
    });
}
