//! The pool over a real heap: both keep the same accounts.
use crate::testing::{KIB, free};
use crate::{Guarding, LocalStacks, PoolConfig, Retention, StackPool, StackSource};
use arena::{ByteCount, Sparse, SparseConfig, System};
use heap::{Heap, HeapConfig};
use std::vec::Vec;

type RealHeap = Heap<Sparse<System>>;

fn heap() -> RealHeap {
    let space = Sparse::new(System::new(), SparseConfig::default()).unwrap();
    Heap::new(space, HeapConfig::default()).unwrap()
}

fn pool(heap: &RealHeap) -> StackPool<&RealHeap> {
    let pool = StackPool::new(heap);
    pool.init(PoolConfig::default()).unwrap();
    pool
}

#[test]
fn the_heap_and_the_pool_count_the_same_bytes() {
    let heap = heap();
    let pool = pool(&heap);
    let agree = |held: usize| {
        assert_eq!(heap.stats().manual, pool.stats().held);
        assert_eq!(pool.stats().held, KIB(held));
    };
    agree(0);
    let small = pool.alloc(KIB(2)).unwrap();
    agree(32);
    let guarded = pool.alloc_guarded(KIB(16)).unwrap();
    agree(32 + 24);
    let large = pool.alloc(KIB(64)).unwrap();
    agree(32 + 24 + 64);
    for stack in [small, guarded, large] {
        free(&pool, stack).unwrap();
        agree(32 + 24 + 64);
    }
    pool.free_stack_spans().unwrap();
    agree(0);
}

#[test]
fn every_byte_of_a_stack_can_be_used() {
    let heap = heap();
    let pool = pool(&heap);
    let plain = [2, 4, 8, 16, 32, 256].map(|kib| pool.alloc(KIB(kib)).unwrap());
    let guarded = [4, 8, 16, 32, 256].map(|kib| pool.alloc_guarded(KIB(kib)).unwrap());
    for (value, stack) in (1..).zip(plain.iter().chain(&guarded)) {
        // SAFETY: the stack is ours, from its bottom to its top.
        unsafe { stack.bottom().write_bytes(value, stack.bytes().get()) };
    }
    for (value, stack) in (1..).zip(plain.iter().chain(&guarded)) {
        // SAFETY: as above, and written there.
        let last = unsafe { stack.top().sub(1) };
        for end in [stack.bottom(), last] {
            // SAFETY: as above.
            assert_eq!(unsafe { end.read() }, value, "stacks do not overlap");
        }
        free(&pool, *stack).unwrap();
    }
}

#[test]
fn batches_of_goroutines_reuse_their_stacks() {
    // Go's TestStackMem: 256 batches of 32 stacks of 128 KiB; the memory for stacks grows by at most
    // 32 MiB, what is in use afterwards by at most 4 MiB.
    let (batches, size) = if cfg!(miri) { (3, 4) } else { (256, 32) };
    let heap = heap();
    let pool = pool(&heap);
    pool.set_retention(Retention::NOTHING);
    let mut cache = LocalStacks::new(&pool);
    let mut most = ByteCount::ZERO;
    for _ in 0..batches {
        let stacks: Vec<_> = (0..size).map(|_| cache.alloc(KIB(128)).unwrap()).collect();
        most = most.max(heap.stats().manual);
        for stack in stacks {
            // SAFETY: nobody uses the stack.
            unsafe { cache.free(stack) }.unwrap();
        }
    }
    assert!(most <= ByteCount::mib(32), "{most} bytes at most");
    assert!(heap.stats().manual <= ByteCount::mib(4));
}

#[test]
#[cfg_attr(miri, ignore = "nothing is resident in an interpreter")]
fn what_decay_leaves_is_resident_at_its_top_only() {
    let heap = heap();
    let pool = pool(&heap);
    pool.set_retention(Retention {
        resident: KIB(8),
        ..Retention::EVERYTHING
    });
    let stacks = [0; 4].map(|_| pool.alloc_guarded(KIB(64)).unwrap());
    for stack in &stacks {
        // SAFETY: the stack is ours, from its bottom to its top.
        unsafe { stack.bottom().write_bytes(1, stack.bytes().get()) };
    }
    let page = heap.os_page().get();
    let used = heap.resident().expect("this system tells").get();
    assert!(used >= KIB(4 * 64).get(), "{used} bytes are resident");
    for stack in stacks {
        free(&pool, stack).unwrap();
    }
    pool.decay().unwrap();
    pool.decay().unwrap();
    let kept = heap.resident().expect("this system tells").get();
    assert!(kept <= 2 * (8192 + page), "{kept} bytes are resident");
}

#[test]
#[cfg_attr(miri, ignore = "an interpreter is too slow to touch so much")]
fn a_hundred_thousand_small_stacks_cost_little_more_than_their_size() {
    let heap = heap();
    let pool = pool(&heap);
    let mut cache = LocalStacks::new(&pool);
    let stacks: Vec<_> = (0..100_000)
        .map(|_| {
            let stack = cache.alloc(KIB(2)).unwrap();
            // SAFETY: the stack is ours.
            let last = unsafe { stack.top().sub(1) };
            // SAFETY: as above.
            unsafe { last.write(1) };
            stack
        })
        .collect();
    let resident = heap.resident().expect("this system tells").get();
    assert!(
        resident <= 100_000 * 2300,
        "{} bytes a stack",
        resident / 100_000
    );
    for stack in stacks {
        // SAFETY: nobody uses the stack.
        unsafe { cache.free(stack) }.unwrap();
    }
}

#[test]
fn warmed_stacks_are_resident() {
    let heap = heap();
    let pool = pool(&heap);
    pool.warm(Guarding::Guarded, KIB(64), 4).unwrap();
    pool.warm(Guarding::Plain, KIB(4), 8).unwrap();
    if let Some(resident) = heap.resident() {
        assert!(
            resident >= KIB(4 * 16 + 32),
            "{resident} bytes are resident"
        );
    }
}
