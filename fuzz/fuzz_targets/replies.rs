//! What a server may send, read by the Redis driver and by the client crate's parser. The first byte is the size of the
//! pieces in which the others come, less one.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((&size, bytes)) = input.split_first() {
        store_redis::fuzz_replies(bytes, &[usize::from(size) + 1]);
    }
});
