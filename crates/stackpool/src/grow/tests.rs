//! Stacks that move: content, pointers, and what fails.
use super::*;
use crate::testing::{KIB, pool};
use core::ptr::NonNull;

const NO_LIMIT: ByteCount = ByteCount::new(usize::MAX);

/// What lies this far below a top.
fn mark(distance: usize) -> u8 {
    distance.to_le_bytes()[0]
}

/// Some of the distances from a top, and the last one.
fn distances(used: usize) -> impl Iterator<Item = usize> {
    (1..used).step_by(97).chain([used])
}

/// Fills the `used` highest bytes with their distance from the top.
fn fill(stack: Region, used: usize) {
    for distance in distances(used) {
        // SAFETY: inside the stack.
        let at = unsafe { stack.top().sub(distance) };
        // SAFETY: as above.
        unsafe { at.write(mark(distance)) };
    }
}

fn check(stack: Region, used: usize) {
    for distance in distances(used) {
        // SAFETY: inside the stack.
        let at = unsafe { stack.top().sub(distance) };
        // SAFETY: as above, and written by `fill`.
        let found = unsafe { at.read() };
        assert_eq!(found, mark(distance), "{distance} below the top");
    }
}

#[test]
fn a_stack_doubles_until_the_frame_fits() {
    for (size, used, needed, expected) in [
        (2, 100, 100, 4),
        (2, 2048, 1, 4),
        (2, 2048, 2048, 4),
        (2, 2048, 2049, 8),
        (4, 4096, 100_000, 128),
    ] {
        let size = KIB(size);
        let (used, needed) = (ByteCount::new(used), ByteCount::new(needed));
        let grown = grown_size(size, used, needed, NO_LIMIT);
        assert_eq!(grown, Ok(KIB(expected)));
    }
    assert_eq!(
        grown_size(KIB(64), KIB(1), KIB(1), KIB(100)),
        Err(GrowError::Overflow {
            limit: KIB(100),
            wanted: KIB(128)
        })
    );
}

#[test]
fn content_moves_along_and_the_old_stack_is_free() {
    let pool = pool(16);
    let mut cache = LocalStacks::new(&pool);
    let mut stack = cache.alloc(KIB(2)).unwrap();
    let mut used = 1500;
    fill(stack, used);
    while stack.bytes() < KIB(256) {
        let mut moved = None;
        // SAFETY: our stack, filled to `used`.
        let grown = unsafe {
            cache.grow(
                stack,
                ByteCount::new(used),
                KIB(1),
                NO_LIMIT,
                |relocation| {
                    assert_eq!(relocation.old, stack);
                    check(relocation.old, used);
                    moved =
                        relocation.adjust(Addr::of(relocation.old.top().as_ptr().wrapping_sub(8)));
                },
            )
        };
        let grown = grown.unwrap();
        assert_eq!(grown.bytes().get(), 2 * stack.bytes().get());
        assert_eq!(moved, Some(Addr::of(grown.top().as_ptr().wrapping_sub(8))));
        check(grown, used);
        // SAFETY: the pool refuses what is free already.
        assert!(unsafe { cache.free(stack) }.is_err());
        stack = grown;
        used = stack.bytes().get() - 548;
        fill(stack, used);
    }
    // SAFETY: our stack; half of it holds what is used now.
    let half = unsafe { cache.relocate(stack, KIB(100), KIB(128), |_| {}) }.unwrap();
    check(half, 100 << 10);
    // SAFETY: nobody uses it.
    unsafe { cache.free(half) }.unwrap();
    drop(cache);
    assert_eq!(pool.stats().free, pool.stats().held);
}

#[test]
fn a_guarded_stack_stays_guarded() {
    let pool = pool(4);
    let mut cache = LocalStacks::new(&pool);
    let stack = cache.alloc_guarded(KIB(4)).unwrap();
    fill(stack, 4096);
    // SAFETY: our stack, all of it written.
    let grown = unsafe { cache.grow(stack, KIB(4), KIB(4), NO_LIMIT, |_| {}) }.unwrap();
    assert_eq!(grown.guard(), stack.guard());
    check(grown, 4096);
}

#[test]
fn only_what_was_copied_is_adjusted() {
    let at = |address: usize, bytes| {
        let low = NonNull::new(ptr::without_provenance_mut(address)).unwrap();
        Region::new(low, ByteCount::ZERO, ByteCount::new(bytes))
    };
    let relocation = Relocation {
        old: at(0x1000, 0x1000),
        new: at(0x8000, 0x2000),
        used: ByteCount::new(0x100),
    };
    for (old, new) in [
        (0x1fff, Some(0x9fff)),
        (0x1f00, Some(0x9f00)),
        (0x1eff, None),
        (0x2000, None),
        (0x3000, None),
        (0x100, None),
    ] {
        assert_eq!(relocation.adjust(Addr::new(old)), new.map(Addr::new));
    }
}

#[test]
fn a_stack_that_cannot_grow_is_as_it_was() {
    let pool = pool(1);
    let mut cache = LocalStacks::new(&pool);
    let stack = cache.alloc(KIB(16)).unwrap();
    fill(stack, 1000);
    let used = ByteCount::new(1000);
    let untouched = |_: &Relocation| panic!("nothing moves");
    // SAFETY: our stack, here and below.
    let result = unsafe { cache.grow(stack, used, KIB(1), NO_LIMIT, untouched) };
    assert_eq!(
        result,
        Err(GrowError::Alloc(AllocError::OutOfMemory(KIB(32))))
    );
    // SAFETY: as above.
    let result = unsafe { cache.grow(stack, used, KIB(1), KIB(16), untouched) };
    assert!(matches!(result, Err(GrowError::Overflow { .. })));
    // SAFETY: as above.
    let result = unsafe { cache.grow(stack, KIB(17), KIB(1), NO_LIMIT, untouched) };
    assert!(matches!(result, Err(GrowError::Used { .. })));
    // SAFETY: as above.
    let result = unsafe { cache.relocate(stack, used, ByteCount::new(512), untouched) };
    assert!(matches!(result, Err(GrowError::Used { .. })));
    check(stack, 1000);
    // SAFETY: nobody uses it.
    unsafe { cache.free(stack) }.unwrap();
    // SAFETY: the stack is free, which is found out before anything moves.
    let result = unsafe { cache.grow(stack, used, KIB(1), NO_LIMIT, untouched) };
    assert!(matches!(result, Err(GrowError::Free(FreeError::Twice(_)))));
}
