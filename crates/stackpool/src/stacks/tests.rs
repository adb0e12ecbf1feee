//! Pools with a heap of their own.
use super::*;
use crate::testing::KIB;

#[test]
fn a_pool_with_its_own_heap_works_and_goes() {
    let stacks = Stacks::new(StacksConfig::default()).unwrap();
    let stack = stacks.guarded(KIB(64)).unwrap();
    // SAFETY: our stack.
    unsafe { stack.bottom().write_bytes(7, stack.size().get()) };
    assert_eq!(stacks.stats().held, stacks.heap().stats().manual);
    drop(stacks);
    drop(stack);
}

#[test]
fn several_pools_may_share_a_heap() {
    let space = Sparse::new(System::new(), SparseConfig::default()).unwrap();
    let heap = Heap::new(space, HeapConfig::default()).unwrap();
    {
        let config = StacksConfig::default();
        let (one, two) = (
            Stacks::over(&heap, config).unwrap(),
            Stacks::over(&heap, config).unwrap(),
        );
        let here = one.plain(KIB(2)).unwrap();
        let there = two.plain(KIB(2)).unwrap();
        assert_ne!(here.bottom(), there.bottom());
        assert_eq!(heap.stats().manual, KIB(64));
    }
    assert_eq!(
        heap.stats().manual,
        ByteCount::ZERO,
        "pools that go leave nothing"
    );
}
