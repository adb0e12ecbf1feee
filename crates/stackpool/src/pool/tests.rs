//! [`StackPool`]: initialisation, and what is refused.
use super::*;
use crate::testing::{KIB, Shelf, free, pool};
use crate::{LocalStacks, Retention};
use std::sync::OnceLock;
use std::vec::Vec;

#[test]
fn a_cache_is_made_of_whole_pages() {
    let pool = StackPool::new(Shelf::new(0));
    let config = |bytes| PoolConfig {
        cache: ByteCount::new(bytes),
    };
    assert_eq!(
        pool.init(config(32768 - 4096)),
        Err(InitError::CacheSize {
            cache: ByteCount::new(28672),
            page: 8192
        })
    );
    for bytes in [0, 65536] {
        assert!(matches!(
            pool.init(config(bytes)),
            Err(InitError::CacheRange { .. })
        ));
    }
    assert_eq!(pool.alloc(KIB(2)), Err(AllocError::NotInitialized));
    assert_eq!(pool.init(config(8192)), Ok(()));
    assert_eq!(pool.init(config(8192)), Err(InitError::Twice));
    assert_eq!(pool.source().calls(), 0, "nothing was asked of the heap");
}

/// A heap that comes later than its pool, as in Go.
struct Late(OnceLock<Shelf>);

impl Late {
    fn heap(&self) -> &Shelf {
        self.0.get().expect("the heap is asked after it was made")
    }
}

// SAFETY: passes every call on to the one heap that it will ever have.
unsafe impl StackSource for Late {
    fn alloc_span(&self, pages: arena::PageCount, align: ByteCount) -> Option<&Span> {
        self.heap().alloc_span(pages, align)
    }
    unsafe fn free_span(&self, span: &Span) -> bool {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.heap().free_span(span) }
    }
    fn span_of(&self, addr: Addr) -> Option<&Span> {
        self.heap().span_of(addr)
    }
    fn os_page(&self) -> ByteCount {
        self.heap().os_page()
    }
    unsafe fn guard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: arena::GuardMethod,
    ) -> Result<(), arena::Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.heap().guard(at, bytes, method) }
    }
    unsafe fn unguard(
        &self,
        at: NonNull<u8>,
        bytes: ByteCount,
        method: arena::GuardMethod,
    ) -> Result<(), arena::Reason> {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.heap().unguard(at, bytes, method) }
    }
    unsafe fn discard(&self, at: NonNull<u8>, bytes: ByteCount) -> bool {
        // SAFETY: the caller's duty is the call's.
        unsafe { self.heap().discard(at, bytes) }
    }
    fn resident(&self) -> Option<ByteCount> {
        self.heap().resident()
    }
}

#[test]
fn the_pool_is_ready_before_the_heap_exists() {
    static POOL: StackPool<Late> = StackPool::new(Late(OnceLock::new()));
    POOL.init(PoolConfig::default()).unwrap();
    let mut cache = LocalStacks::new(&POOL);
    assert!(POOL.source().0.set(Shelf::new(1)).is_ok());
    let stack = cache.alloc(KIB(2)).unwrap();
    assert_eq!(POOL.stats().held, STACK_CACHE);
    // SAFETY: nobody uses the stack.
    unsafe { cache.free(stack) }.unwrap();
    cache.clear().unwrap();
    assert_eq!(POOL.free_stack_spans(), Ok(STACK_CACHE));
}

#[test]
fn sizes_that_no_stack_has_are_refused() {
    let pool = pool(1);
    for bytes in [0, 3000, 6144, usize::MAX] {
        let bytes = ByteCount::new(bytes);
        assert_eq!(pool.alloc(bytes), Err(AllocError::NotAPowerOfTwo(bytes)));
    }
    let refused = |result| matches!(result, Err(AllocError::Size { .. }));
    assert!(refused(pool.alloc(KIB(1))));
    assert!(refused(pool.alloc_guarded(KIB(2))));
    assert!(refused(pool.alloc(ByteCount::new(1 << (usize::BITS - 1)))));
    assert_eq!(pool.source().calls(), 0);
}

#[test]
fn what_is_no_stack_is_not_taken_back() {
    let pool = pool(4);
    let small = pool.alloc(KIB(4)).unwrap();
    let large = pool.alloc(KIB(32)).unwrap();
    let at = |stack: Region, offset: usize, bytes| {
        // SAFETY: the offsets below lie in the stacks' spans.
        Region::new(unsafe { stack.low().add(offset) }, ByteCount::ZERO, bytes)
    };
    let address = |stack: Region| Addr::of(stack.low().as_ptr());
    let outside = Region::new(NonNull::from(&0_u8), ByteCount::ZERO, KIB(4));
    assert_eq!(
        free(&pool, outside),
        Err(FreeError::NotAStack(address(outside)))
    );
    for (stack, bytes) in [(small, KIB(4)), (large, KIB(32))] {
        let inside = at(stack, 64, bytes);
        assert_eq!(
            free(&pool, inside),
            Err(FreeError::Interior {
                address: address(inside),
                stack: address(stack)
            })
        );
        assert_eq!(
            free(&pool, at(stack, 0, KIB(8))),
            Err(FreeError::Size {
                address: address(stack),
                given: KIB(8),
                actual: bytes
            })
        );
    }
    // A neighbour that was never handed out.
    // SAFETY: inside the span, whose highest stack `small` is.
    let below = Region::new(unsafe { small.low().sub(4096) }, ByteCount::ZERO, KIB(4));
    assert_eq!(free(&pool, below), Err(FreeError::Twice(address(below))));
    assert_eq!(free(&pool, small), Ok(()));
    assert_eq!(free(&pool, large), Ok(()));
    for stack in [small, large] {
        assert_eq!(free(&pool, stack), Err(FreeError::Twice(address(stack))));
    }
    pool.check_invariants();
}

#[test]
fn a_stack_in_a_cache_cannot_be_freed_again() {
    let pool = pool(1);
    let mut cache = LocalStacks::new(&pool);
    let stack = cache.alloc(KIB(2)).unwrap();
    // SAFETY: nobody uses the stack.
    unsafe { cache.free(stack) }.unwrap();
    let twice = Err(FreeError::Twice(Addr::of(stack.low().as_ptr())));
    // SAFETY: nobody uses the stack.
    assert_eq!(unsafe { cache.free(stack) }, twice);
    assert_eq!(free(&pool, stack), twice);
}

#[test]
fn the_limit_is_an_error_with_numbers_and_nothing_is_lost() {
    let pool = pool(8);
    pool.set_limit(KIB(96));
    let large: Vec<_> = (0..2).map(|_| pool.alloc(KIB(32)).unwrap()).collect();
    let small = pool.alloc(KIB(16)).unwrap();
    let refused = Err(AllocError::Limit {
        held: KIB(96),
        limit: KIB(96),
        wanted: KIB(32),
    });
    assert_eq!(pool.alloc(KIB(32)), refused);
    assert_eq!(pool.alloc(KIB(8)), refused);
    let other = pool.alloc(KIB(16)).expect("the span has a second one");
    for stack in large.into_iter().chain([small, other]) {
        free(&pool, stack).unwrap();
    }
    assert_eq!(pool.stats().free, KIB(96));
    pool.set_retention(Retention::NOTHING);
    assert_eq!(pool.free_stack_spans(), Ok(KIB(96)));
    assert_eq!(pool.source().held(), (0, 0));
    assert_eq!(pool.stats().held, ByteCount::ZERO);
}

#[test]
fn out_of_memory_leaves_the_pool_as_it_was() {
    let pool = pool(1);
    let small = pool.alloc(KIB(16)).unwrap();
    assert_eq!(pool.alloc(KIB(32)), Err(AllocError::OutOfMemory(KIB(32))));
    assert_eq!(pool.alloc(KIB(2)), Err(AllocError::OutOfMemory(KIB(2))));
    assert_eq!(pool.stats().held, STACK_CACHE);
    free(&pool, small).unwrap();
    pool.free_stack_spans().unwrap();
    let stack = pool.alloc(KIB(32)).expect("room again");
    free(&pool, stack).unwrap();
    pool.check_invariants();
}
