//! Blocks of every size and alignment: distinct, aligned, writable, zero when asked, kept by
//! `realloc`.
use crate::low;
use core::alloc::{GlobalAlloc, Layout};
use gomalloc::GoMalloc;

const A: GoMalloc = GoMalloc::new();

fn fill(pointer: *mut u8, bytes: usize, seed: u8) {
    // SAFETY: the block has `bytes` bytes, and the caller owns it.
    let block = unsafe { core::slice::from_raw_parts_mut(pointer, bytes) };
    for (at, byte) in block.iter_mut().enumerate() {
        *byte = low(at) ^ seed;
    }
}

fn check(pointer: *const u8, bytes: usize, seed: u8) {
    // SAFETY: the block has `bytes` bytes, written by `fill`.
    let block = unsafe { core::slice::from_raw_parts(pointer, bytes) };
    for (at, byte) in block.iter().enumerate() {
        assert_eq!(*byte, low(at) ^ seed, "byte {at} of {bytes}");
    }
}

#[test]
fn every_small_layout_gets_an_aligned_block_of_its_own() {
    for shift in 0..=13 {
        let align = 1 << shift;
        let mut blocks = Vec::new();
        for size in (1..=33_000)
            .step_by(97)
            .chain([1, 7, 8, 9, 24, 1024, 32_768])
        {
            let layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: the layout is not empty.
            let block = unsafe { A.alloc(layout) };
            assert!(!block.is_null());
            assert_eq!(block.addr() % align, 0, "size {size}, align {align}");
            fill(block, size, low(size));
            blocks.push((block, layout));
        }
        for &(block, layout) in &blocks {
            check(block, layout.size(), low(layout.size()));
        }
        for (block, layout) in blocks {
            // SAFETY: allocated above with this layout.
            unsafe { A.dealloc(block, layout) };
        }
    }
}

#[test]
fn alignments_up_to_a_gibibyte_are_served() {
    for shift in 13..=30 {
        let align = 1_usize << shift;
        for size in [1, 8192, 100_000] {
            let layout = Layout::from_size_align(size, align).unwrap();
            // SAFETY: the layout is not empty.
            let block = unsafe { A.alloc(layout) };
            assert!(!block.is_null(), "size {size}, align {align}");
            assert_eq!(block.addr() % align, 0);
            fill(block, size, 3);
            check(block, size, 3);
            // SAFETY: allocated above with this layout.
            unsafe { A.dealloc(block, layout) };
        }
    }
}

#[test]
fn zeroed_blocks_are_zero_also_when_they_are_reused() {
    for size in [1, 8, 100, 4096, 32_768, 40_000, 1 << 20, 9 << 20] {
        let layout = Layout::from_size_align(size, 8).unwrap();
        for round in 0..3 {
            // SAFETY: the layout is not empty.
            let block = unsafe { A.alloc_zeroed(layout) };
            assert!(!block.is_null());
            // SAFETY: the block has `size` bytes.
            let bytes = unsafe { core::slice::from_raw_parts_mut(block, size) };
            assert!(bytes.iter().all(|&byte| byte == 0), "{size}, round {round}");
            bytes.fill(0xa5);
            // SAFETY: allocated above with this layout.
            unsafe { A.dealloc(block, layout) };
        }
    }
}

#[test]
fn realloc_keeps_what_both_sizes_have() {
    let steps = [
        1,
        5,
        24,
        25,
        200,
        4000,
        33_000,
        70_000,
        3 << 20,
        50_000,
        600,
        3,
    ];
    for align in [1, 16, 4096] {
        let mut layout = Layout::from_size_align(steps[0], align).unwrap();
        // SAFETY: the layout is not empty.
        let mut block = unsafe { A.alloc(layout) };
        fill(block, layout.size(), 9);
        for size in steps {
            // SAFETY: the block has this layout; the new size is not 0 and does not overflow.
            block = unsafe { A.realloc(block, layout, size) };
            assert!(!block.is_null());
            assert_eq!(block.addr() % align, 0);
            check(block, layout.size().min(size), 9);
            fill(block, size, 9);
            layout = Layout::from_size_align(size, align).unwrap();
        }
        // SAFETY: the block has this layout.
        unsafe { A.dealloc(block, layout) };
    }
}

#[test]
fn a_request_beyond_the_address_space_is_null() {
    for size in [1_usize << 48, isize::MAX as usize - 4096] {
        let layout = Layout::from_size_align(size, 16).unwrap();
        // SAFETY: the layout is not empty.
        let block = unsafe { A.alloc(layout) };
        assert!(block.is_null(), "{size:#x} bytes");
        // SAFETY: as above.
        let block = unsafe { A.alloc_zeroed(layout) };
        assert!(block.is_null(), "{size:#x} zeroed bytes");
    }
}

#[test]
fn empty_requests_get_blocks_that_can_be_given_back() {
    // Not allowed by the trait's contract, but some programs do it, and C's `malloc(0)` may.
    let layout = Layout::from_size_align(0, 64).unwrap();
    // SAFETY: this allocator serves empty layouts, too.
    let one = unsafe { A.alloc(layout) };
    // SAFETY: as above.
    let two = unsafe { A.alloc_zeroed(layout) };
    assert!(!one.is_null() && !two.is_null() && one != two);
    // SAFETY: allocated above with this layout.
    unsafe { A.dealloc(one, layout) };
    // SAFETY: as above.
    unsafe { A.dealloc(two, layout) };
}

#[test]
fn collections_work() {
    let mut map = std::collections::BTreeMap::new();
    for n in 0..50_000_u32 {
        map.insert(n.wrapping_mul(2_654_435_761), n.to_string());
    }
    assert!(
        map.iter().all(|(key, text)| {
            text.parse::<u32>().unwrap().wrapping_mul(2_654_435_761) == *key
        })
    );
    map.retain(|_, text| text.len() % 2 == 0);
    let joined: String = map.into_values().collect();
    assert_eq!(joined.len(), 90 * 2 + 9000 * 4);
}
