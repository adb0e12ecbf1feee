//! Reuse, construction and accounts of the fixed-size allocator.
#![expect(unsafe_code, reason = "reads and frees blocks")]
use super::{Fixed, Reuse};
use crate::{Category, Host, Memory, Usage};
use core::ptr::NonNull;
use std::vec::Vec;

#[derive(Debug)]
struct Record {
    number: u64,
    constructed: u64,
}

unsafe fn construct(record: *mut Record) {
    // SAFETY: the allocator passes zeroed memory for a record.
    let constructed = unsafe { &raw mut (*record).constructed };
    // SAFETY: as above.
    unsafe { *constructed += 1 };
}

fn memory() -> Memory<Host> {
    Memory::new(Host::new()).expect("a host has pages of 4 KiB")
}

fn alloc(fixed: &mut Fixed<Record>, memory: &Memory<Host>) -> NonNull<Record> {
    fixed.alloc(memory).expect("a record")
}

#[test]
fn the_last_freed_block_is_reused_first_across_chunks() {
    let memory = memory();
    let mut fixed = Fixed::new(Category::Span, Reuse::Preserved, construct);
    let count = Fixed::<Record>::BLOCKS * 3 + 5;
    let blocks: Vec<_> = (0..count).map(|_| alloc(&mut fixed, &memory)).collect();
    assert_eq!(fixed.in_use(), count);
    for (number, block) in blocks.iter().enumerate() {
        // SAFETY: handed out above.
        unsafe { (*block.as_ptr()).number = number as u64 };
    }
    for &block in &blocks {
        // SAFETY: handed out above, freed once.
        unsafe { fixed.free(block) };
    }
    assert_eq!(fixed.in_use(), 0);
    for (number, &expected) in blocks.iter().enumerate().rev() {
        let block = alloc(&mut fixed, &memory);
        assert_eq!(block, expected, "last in, first out");
        // SAFETY: handed out above.
        let record = unsafe { block.as_ref() };
        assert_eq!(record.number, number as u64, "content survives reuse");
        assert_eq!(record.constructed, 1, "constructed once per block");
    }
    // SAFETY: nothing refers to the blocks.
    unsafe { fixed.release(&memory) };
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn a_zeroing_allocator_zeroes_what_is_reused() {
    let memory = memory();
    let mut fixed = Fixed::new(Category::Other, Reuse::Zeroed, construct);
    let block = alloc(&mut fixed, &memory);
    // SAFETY: handed out above.
    unsafe { (*block.as_ptr()).number = 7 };
    // SAFETY: handed out above.
    unsafe { fixed.free(block) };
    let again = alloc(&mut fixed, &memory);
    assert_eq!(again, block);
    // SAFETY: handed out above.
    let record = unsafe { again.as_ref() };
    assert_eq!((record.number, record.constructed), (0, 0));
    // SAFETY: nothing refers to the blocks.
    unsafe { fixed.release(&memory) };
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn interleaved_frees_never_hand_a_block_out_twice() {
    let memory = memory();
    let mut fixed = Fixed::new(Category::Other, Reuse::Preserved, construct);
    let mut live: Vec<NonNull<Record>> = Vec::new();
    let mut state = 1_u32;
    for _ in 0..4000 {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        if state >> 31 == 0 || live.is_empty() {
            let block = alloc(&mut fixed, &memory);
            assert!(!live.contains(&block));
            live.push(block);
        } else {
            let victim = state as usize % live.len();
            // SAFETY: handed out, and gone from `live`.
            unsafe { fixed.free(live.swap_remove(victim)) };
        }
        assert_eq!(fixed.in_use(), live.len());
    }
    // SAFETY: nothing refers to the blocks.
    unsafe { fixed.release(&memory) };
    assert_eq!(memory.usage(), Usage::default());
}
