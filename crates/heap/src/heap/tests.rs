//! [`Heap`] over real memory: what is handed out, what comes back, and what is refused.
use super::{Heap, HeapConfig};
use crate::{FreeError, MetadataSource, Span, SpanSource, SpanState};
use arena::{Addr, ByteCount, Category, PAGE_BYTES, PageCount, Sparse, SparseConfig, System};
use core::ptr::NonNull;
use sizeclass::{Scan, SizeClass, SpanClass, Table};
use std::vec::Vec;

mod driver;

pub(crate) type TestHeap = Heap<Sparse<System>>;

pub(crate) fn heap_with(config: HeapConfig) -> TestHeap {
    let space = Sparse::new(System::new(), SparseConfig::default()).unwrap();
    Heap::new(space, config).unwrap()
}

pub(crate) fn heap() -> TestHeap {
    heap_with(HeapConfig::default())
}

fn class(number: u8) -> SpanClass {
    SpanClass::new(SizeClass::new(number).unwrap(), Scan::No)
}

/// Writes the first and the last byte.
pub(crate) fn touch(base: NonNull<u8>, bytes: usize) {
    // SAFETY: every caller passes memory that it was handed for its own.
    unsafe { base.write(1) };
    // SAFETY: as above.
    let last = unsafe { base.add(bytes - 1) };
    // SAFETY: as above.
    unsafe { last.write(1) };
}

pub(crate) fn free(heap: &TestHeap, pointer: NonNull<u8>) -> Result<usize, FreeError> {
    // SAFETY: the tests use nothing that they have freed.
    unsafe { heap.free_large(pointer) }
}

fn resize(heap: &TestHeap, pointer: NonNull<u8>, bytes: usize) -> Option<usize> {
    // SAFETY: the tests use nothing beyond the new size.
    unsafe { heap.resize_large(pointer, bytes) }
}

fn give_back(heap: &TestHeap, span: &Span) {
    // SAFETY: the tests take no slot of it.
    unsafe { heap.give_back_span(span) };
}

/// What was freed a moment ago is merged with its neighbours.
pub(crate) fn merge(heap: &TestHeap) {
    heap.for_each_free_run(|_| ());
}

/// Everything is free, as one run per contiguous range.
fn assert_empty(heap: &TestHeap) {
    heap.check_invariants();
    merge(heap);
    heap.check_invariants();
    let stats = heap.stats();
    assert_eq!(stats.idle, stats.mapped);
    let mut runs = 0;
    heap.for_each_free_run(|_| runs += 1);
    assert!(runs <= 1, "the heap grew in one piece");
}

#[test]
fn spans_of_every_class_come_and_go() {
    let heap = heap();
    let spans: Vec<&Span> = (1..68)
        .map(|number| {
            let span = heap.acquire_span(class(number)).unwrap();
            assert_eq!(span.state(), SpanState::InUse);
            assert_eq!(span.class(), class(number));
            touch(span.base(), span.bytes());
            span
        })
        .collect();
    heap.check_invariants();
    for span in &spans {
        let last = Addr::new(span.end().get() - 1);
        assert_eq!(usize::from(heap.tag(last)), span.class().bin());
        assert!(core::ptr::eq(heap.span_of(last).unwrap(), *span));
    }
    for span in spans {
        let addr = span.addr();
        give_back(&heap, span);
        assert!(heap.span_of(addr).is_none(), "a free span is not found");
    }
    assert_empty(&heap);
}

#[test]
fn a_class_that_the_table_lacks_gets_no_span() {
    let heap = heap();
    assert!(heap.acquire_span(SpanClass::LARGE).is_none());
    assert!(heap.acquire_span(class(68)).is_none());
}

#[test]
fn an_interior_address_finds_its_object() {
    let heap = heap();
    let span = heap.acquire_span(class(5)).unwrap();
    let inside = Addr::new(span.addr().get() + 48 * 7 + 5);
    let object = heap.find_object(inside).unwrap();
    assert_eq!(
        Addr::of(object.base.as_ptr()).get(),
        span.addr().get() + 48 * 7
    );
    assert_eq!((object.bytes, object.slot, object.class), (48, 7, class(5)));
    let tail = Addr::new(span.addr().get() + 48 * 170);
    assert_eq!(heap.find_object(tail), None, "the tail is no slot");
    let large = heap.alloc_large(100_000, 1).unwrap();
    let inside = Addr::new(Addr::of(large.pointer.as_ptr()).get() + 70_000);
    let object = heap.find_object(inside).unwrap();
    assert_eq!(
        (object.base, object.bytes, object.slot),
        (large.pointer, 106_496, 0)
    );
    let manual = heap.alloc_manual(PageCount::new(2), 1).unwrap();
    assert_eq!(
        heap.find_object(manual.addr()),
        None,
        "a stack is no object"
    );
    let last = Addr::new(manual.addr().get() + 2 * PAGE_BYTES - 1);
    assert_eq!(heap.manual_span_of(last).unwrap().addr(), manual.addr());
    assert!(heap.manual_span_of(span.addr()).is_none());
    assert!(heap.manual_span_of(Addr::new(8)).is_none());
    assert_eq!(heap.find_object(Addr::new(8)), None);
    free(&heap, large.pointer).unwrap();
    assert_eq!(heap.find_object(inside), None);
}

#[test]
fn large_objects_are_pages_that_read_as_zero_at_first() {
    let heap = heap();
    let large = heap.alloc_large(40_000, 16).unwrap();
    assert_eq!(large.bytes, 5 * PAGE_BYTES);
    assert!(large.is_zero);
    // SAFETY: allocated above.
    let content = unsafe { core::slice::from_raw_parts(large.pointer.as_ptr(), large.bytes) };
    assert!(content.iter().all(|byte| *byte == 0));
    touch(large.pointer, large.bytes);
    assert_eq!(heap.large_bytes(large.pointer), Some(large.bytes));
    assert_eq!(free(&heap, large.pointer), Ok(large.bytes));
    let again = heap.alloc_large(40_000, 16).unwrap();
    assert_eq!(again.pointer, large.pointer, "the run that is warm");
    assert!(!again.is_zero);
    let longer = heap.alloc_large(50_000, 16).unwrap();
    assert!(longer.is_zero, "the pages behind were never used");
    free(&heap, again.pointer).unwrap();
    free(&heap, longer.pointer).unwrap();
    assert_empty(&heap);
}

#[test]
fn what_was_never_used_stays_known_through_splits_and_merges() {
    let heap = heap();
    let used = heap.alloc_large(PAGE_BYTES, 1).unwrap();
    free(&heap, used.pointer).unwrap();
    merge(&heap);
    let stats = heap.stats();
    assert_eq!(
        stats.idle.get() - stats.released.get(),
        PAGE_BYTES,
        "one page was used, and is part of the one run now"
    );
    let both = heap.alloc_large(2 * PAGE_BYTES, 1).unwrap();
    assert_eq!((both.pointer, both.is_zero), (used.pointer, false));
    let next = heap.alloc_large(PAGE_BYTES, 1).unwrap();
    assert!(next.is_zero);
    heap.check_invariants();
}

#[test]
fn sizes_that_do_not_exist_are_refused() {
    let heap = heap();
    assert!(heap.alloc_large(usize::MAX, 1).is_none());
    assert!(heap.alloc_large(isize::MAX as usize, 1).is_none());
    assert!(heap.alloc_large(1, 3).is_none(), "no power of two");
    assert!(heap.alloc_large(1, 0).is_none());
    assert!(heap.alloc_large(1, 1 << (usize::BITS - 1)).is_none());
    assert!(heap.alloc_manual(PageCount::new(usize::MAX), 1).is_none());
    let one = heap.alloc_large(0, 1).unwrap();
    assert_eq!(
        one.bytes, PAGE_BYTES,
        "no bytes have an address of their own"
    );
    assert_eq!(resize(&heap, one.pointer, usize::MAX), None);
    heap.check_invariants();
}

#[test]
fn every_alignment_is_kept_and_nothing_is_lost() {
    let heap = heap();
    let most = if cfg!(miri) { 20 } else { 30 };
    let mut live = Vec::new();
    for shift in 0..=most {
        let large = heap.alloc_large(3 * PAGE_BYTES, 1 << shift).unwrap();
        assert_eq!(large.pointer.addr().get() % (1 << shift), 0, "2^{shift}");
        assert_eq!(large.bytes, 3 * PAGE_BYTES);
        touch(large.pointer, large.bytes);
        live.push(large.pointer);
    }
    heap.check_invariants();
    for pointer in live {
        free(&heap, pointer).unwrap();
    }
    assert_eq!(heap.stats().idle, heap.stats().mapped);
    heap.check_invariants();
}

#[test]
fn wrong_frees_are_told_apart_and_change_nothing() {
    let heap = heap();
    let large = heap.alloc_large(100_000, 1).unwrap();
    let small = heap.acquire_span(class(3)).unwrap();
    let stack = heap.alloc_manual(PageCount::new(1), 1).unwrap();
    let pointer = Addr::of(large.pointer.as_ptr());
    // SAFETY: inside the object.
    let inside = unsafe { large.pointer.add(PAGE_BYTES) };
    let interior = FreeError::Interior {
        pointer: Addr::of(inside.as_ptr()),
        base: pointer,
    };
    assert_eq!(free(&heap, inside), Err(interior));
    for other in [small.base(), stack.base()] {
        let pointer = Addr::of(other.as_ptr());
        assert_eq!(free(&heap, other), Err(FreeError::WrongKind { pointer }));
        assert_eq!(heap.large_bytes(other), None);
        assert_eq!(resize(&heap, other, 1), None);
    }
    let local = 0_u8;
    let foreign = NonNull::from_ref(&local);
    let nowhere = FreeError::NotOurs {
        pointer: Addr::of(foreign.as_ptr()),
    };
    assert_eq!(free(&heap, foreign), Err(nowhere));
    free(&heap, large.pointer).unwrap();
    assert_eq!(
        free(&heap, large.pointer),
        Err(FreeError::NotLive { pointer }),
        "a double free"
    );
    assert_eq!(heap.large_bytes(large.pointer), None);
    // SAFETY: nobody uses it.
    assert!(unsafe { heap.free_manual(small) }.is_err());
    // SAFETY: nobody uses it.
    unsafe { heap.free_manual(stack) }.unwrap();
    // SAFETY: nobody uses it.
    assert!(unsafe { heap.free_manual(stack) }.is_err(), "a double free");
    heap.check_invariants();
}

#[test]
fn objects_grow_and_shrink_in_place() {
    let heap = heap();
    let a = heap.alloc_large(4 * PAGE_BYTES, 1).unwrap().pointer;
    let b = heap.alloc_large(4 * PAGE_BYTES, 1).unwrap().pointer;
    assert_eq!(
        resize(&heap, a, 5 * PAGE_BYTES),
        None,
        "its neighbour is in use"
    );
    assert_eq!(resize(&heap, a, PAGE_BYTES), Some(PAGE_BYTES));
    assert_eq!(heap.large_bytes(a), Some(PAGE_BYTES));
    assert_eq!(resize(&heap, a, 4 * PAGE_BYTES - 1), Some(4 * PAGE_BYTES));
    assert_eq!(resize(&heap, a, 4 * PAGE_BYTES + 1), None);
    free(&heap, a).unwrap();
    assert_eq!(resize(&heap, b, 9 * PAGE_BYTES), Some(9 * PAGE_BYTES));
    touch(b, 9 * PAGE_BYTES);
    let last = Addr::new(b.addr().get() + 9 * PAGE_BYTES - 1);
    assert_eq!(heap.find_object(last).map(|object| object.base), Some(b));
    heap.check_invariants();
    free(&heap, b).unwrap();
    assert_empty(&heap);
}

#[test]
fn stacks_are_accounted_apart() {
    use arena::AddressSpace;
    let heap = heap();
    let usage = || heap.space().memory().usage().of(Category::Stack).get();
    let stack = heap.alloc_manual(PageCount::new(4), 65_536).unwrap();
    assert_eq!(stack.addr().get() % 65_536, 0);
    assert_eq!((stack.state(), stack.slots()), (SpanState::Manual, 0));
    assert_eq!(heap.stats().manual.get(), 4 * PAGE_BYTES);
    assert_eq!(usage(), 4 * PAGE_BYTES);
    // SAFETY: nobody uses it.
    unsafe { heap.free_manual(stack) }.unwrap();
    assert_eq!(usage(), 0);
    assert_empty(&heap);
}

#[test]
fn the_hard_limit_refuses_and_frees_make_room() {
    use arena::AddressSpace;
    // The address space has tables of its own before it has pages.
    let tables = heap().space().memory().usage().total();
    let limit = ByteCount::new(tables.get() + (16 << 20));
    let heap = heap_with(HeapConfig {
        hard_limit: Some(limit),
        ..HeapConfig::default()
    });
    let mut live = Vec::new();
    while let Some(large) = heap.alloc_large(1 << 20, 1) {
        live.push(large.pointer);
    }
    assert!(live.len() >= 8, "most of the limit is objects");
    let pointer = live.pop().unwrap();
    free(&heap, pointer).unwrap();
    assert_eq!(
        heap.alloc_large(1 << 20, 1).map(|large| large.pointer),
        Some(pointer)
    );
    heap.check_invariants();
}

#[test]
fn metadata_is_zeroed_and_aligned() {
    let heap = heap();
    for align in [1, 64, 4096] {
        let at = heap.alloc_metadata(100, align, Category::Cache).unwrap();
        assert_eq!(at.addr().get() % align, 0);
        // SAFETY: allocated above.
        let content = unsafe { core::slice::from_raw_parts(at.as_ptr(), 100) };
        assert!(content.iter().all(|byte| *byte == 0));
    }
    assert!(heap.alloc_metadata(100, 3, Category::Cache).is_none());
}

#[test]
fn a_table_for_other_pages_is_refused() {
    assert_eq!(Table::DEFAULT.page_bytes(), PAGE_BYTES);
    let heap = heap();
    assert!(core::ptr::eq(heap.table(), Table::DEFAULT));
}
