//! Derives size-class tables from bytes and compares every lookup with a search.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| sizeclass::ops::fuzz_one(data));
