//! The store of free page runs against a list that is searched from end to end.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = heap::ops::page_runs(data);
});
