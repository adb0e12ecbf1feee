//! Operations on span lists, right and wrong, against vectors.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = heap::ops::span_list(data);
});
