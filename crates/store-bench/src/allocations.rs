//! What a process asks the allocator for.
//!
//! Only a process that is started to be counted counts. In all others this is the system's allocator behind a branch
//! that always goes the same way, the same for ours and for the peers.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

static COUNTS: AtomicBool = AtomicBool::new(false);
static CALLS: AtomicI64 = AtomicI64::new(0);
static BYTES: AtomicI64 = AtomicI64::new(0);

/// Counts from here on, and is never told to stop.
pub(crate) fn count() {
    COUNTS.store(true, Ordering::Relaxed);
}

/// How often a block was asked for, or a larger one in its place.
pub(crate) fn calls() -> i64 {
    CALLS.load(Ordering::Relaxed)
}

/// How many bytes were asked for and not given back, less those that were there before.
pub(crate) fn bytes() -> i64 {
    BYTES.load(Ordering::Relaxed)
}

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn note(calls: i64, bytes: i64) {
    if COUNTS.load(Ordering::Relaxed) {
        CALLS.fetch_add(calls, Ordering::Relaxed);
        BYTES.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// No layout is larger than this can tell.
fn size(layout: Layout) -> i64 {
    layout.size() as i64
}

// SAFETY: every call is handed on unchanged to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, size(layout));
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, size(layout));
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        note(1, new_size as i64 - size(layout));
        unsafe { System.realloc(block, layout, new_size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note(0, -size(layout));
        unsafe { System.dealloc(block, layout) }
    }
}
