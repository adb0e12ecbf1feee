//! Alignment, chunks, accounts and release of the persistent allocator.
#![expect(unsafe_code, reason = "writes to what it allocates, and releases it")]
use super::{LARGE_BYTES, Persistent};
use crate::{ByteCount, Category, Host, Memory, Reason, Usage, limits};

fn memory() -> Memory<Host> {
    Memory::new(Host::new()).expect("a host has pages of 4 KiB")
}

#[test]
fn blocks_are_zeroed_aligned_and_disjoint() {
    let memory = memory();
    let mut persistent = Persistent::new();
    let mut last = 0;
    for (bytes, align) in [(1, 1), (3, 8), (64, 64), (100, 4096), (8, 16), (1000, 128)] {
        let at = persistent
            .alloc(
                &memory,
                ByteCount::new(bytes),
                ByteCount::new(align),
                Category::Span,
            )
            .expect("metadata");
        assert_eq!(at.addr().get() % align, 0);
        assert!(at.addr().get() >= last, "one chunk, bumped upward");
        last = at.addr().get() + bytes;
        for offset in 0..bytes {
            // SAFETY: inside the block.
            let byte = unsafe { at.add(offset) };
            // SAFETY: as above.
            assert_eq!(unsafe { byte.read() }, 0);
            // SAFETY: as above.
            unsafe { byte.write(0xff) };
        }
    }
    // SAFETY: nothing refers to the blocks.
    unsafe { persistent.release(&memory) };
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn a_chunk_is_charged_to_other_and_its_blocks_to_their_category() {
    let memory = memory();
    let mut persistent = Persistent::new();
    let bytes = ByteCount::new(1024);
    persistent
        .alloc(&memory, bytes, ByteCount::new(8), Category::Cache)
        .expect("metadata");
    let usage = memory.usage();
    assert_eq!(usage.of(Category::Cache), bytes);
    assert_eq!(usage.total().get(), limits::PERSISTENT_CHUNK_BYTES);
    assert_eq!(usage.ready, usage.total());
    let large = ByteCount::new(LARGE_BYTES);
    persistent
        .alloc(&memory, large, ByteCount::new(8), Category::Span)
        .expect("metadata");
    assert_eq!(memory.usage().of(Category::Span), large);
    // SAFETY: nothing refers to the blocks.
    unsafe { persistent.release(&memory) };
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn many_chunks_and_large_blocks_all_come_back() {
    let memory = memory();
    let mut persistent = Persistent::new();
    for round in 0..40 {
        for bytes in [LARGE_BYTES - 1, LARGE_BYTES, 24 + round] {
            let bytes = ByteCount::new(bytes);
            persistent
                .alloc(&memory, bytes, ByteCount::new(8), Category::Metadata)
                .expect("metadata");
        }
    }
    // SAFETY: nothing refers to the blocks.
    unsafe { persistent.release(&memory) };
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn nonsense_is_refused_with_a_reason() {
    let memory = memory();
    let mut persistent = Persistent::new();
    let mut reason = |bytes, align| {
        persistent
            .alloc(
                &memory,
                ByteCount::new(bytes),
                ByteCount::new(align),
                Category::Other,
            )
            .expect_err("nonsense")
            .reason
    };
    assert_eq!(reason(0, 8), Reason::Unsupported, "size 0");
    assert_eq!(reason(8, 3), Reason::Unaligned, "align is not a power of 2");
    assert_eq!(reason(8, 16384), Reason::Unaligned, "align is too large");
    assert_eq!(memory.usage(), Usage::default());
}
