//! Start-up over a system that can say no: Go's order, and nothing lost at any refusal.
use super::Parts;
use arena::{AddressSpace, Category, Failing, LayoutError, Reason, Sparse, SparseConfig, System};
use heap::HeapConfig;
use sizeclass::{Scan, SizeClass, SpanClass};

type Refusing = &'static Failing<System>;
type Refused = Parts<Sparse<Refusing>>;

fn parts() -> (&'static Refused, Refusing) {
    let parts = Box::leak(Box::new(Parts::new()));
    (parts, Box::leak(Box::new(Failing::new(System::new()))))
}

fn space(os: Refusing) -> Result<Sparse<Refusing>, LayoutError> {
    Sparse::new(os, SparseConfig::default())
}

/// What stands, in the order of the start.
fn standing(parts: &'static Refused) -> [bool; 4] {
    [
        parts.stacks.get().is_some(),
        parts.heap.get().is_some(),
        parts.central.get().is_some(),
        parts.caches.get().is_some(),
    ]
}

#[test]
fn a_refusal_at_any_call_leaves_what_came_before_and_the_next_attempt_succeeds() {
    let mut seen = Vec::new();
    for position in 0.. {
        let (parts, os) = parts();
        os.fail_nth(position, Reason::OutOfMemory);
        let started = parts.start_up(HeapConfig::default(), || space(os)).is_ok();
        let stands = standing(parts);
        assert!(
            stands.is_sorted_by(|before, after| before >= after),
            "{position}: {stands:?}"
        );
        assert_eq!(started, stands[3]);
        if os.failures() == 0 {
            assert!(started, "nothing was refused");
            report(position);
            break;
        }
        seen.push(stands);
        os.heal();
        assert!(
            parts.start_up(HeapConfig::default(), || space(os)).is_ok(),
            "after a refusal at call {position}"
        );
        assert_eq!(standing(parts), [true; 4]);
    }
    assert!(
        seen.is_sorted(),
        "a later refusal leaves at least as much: {seen:?}"
    );
    assert!(
        seen.contains(&[true, false, false, false]),
        "the stack pool stands first"
    );
    assert!(
        seen.contains(&[true, true, true, false]),
        "heap and central before the first cache"
    );
}

#[expect(clippy::print_stdout, reason = "the number of positions is a result")]
fn report(positions: usize) {
    println!("start-up: {positions} calls to the system, each refused once");
}

#[test]
fn the_stack_pool_stands_before_the_checks() {
    let (parts, _) = parts();
    let refused = parts.start_up(HeapConfig::default(), || {
        assert_eq!(standing(parts), [true, false, false, false]);
        Err(LayoutError::NoWindow)
    });
    assert!(refused.is_err());
}

#[test]
fn hints_are_tried_last_and_the_first_thread_takes_the_bootstrap_cache() {
    let (parts, os) = parts();
    let caches = parts.start_up(HeapConfig::default(), || space(os)).unwrap();
    let heap = parts.heap.get().unwrap();
    let first = heap.space().next_hint();
    assert_eq!(heap.space().memory().usage().of(Category::Heap).get(), 0);
    let mut stats = cache::Stats::new();
    caches.stats(&mut stats);
    assert_eq!((stats.caches, stats.dead_caches), (1, 1), "one cache waits");

    let cache = caches.acquire().unwrap();
    let class = SpanClass::new(SizeClass::new(5).unwrap(), Scan::Yes);
    let slot = alloc(caches, cache, class);
    caches.stats(&mut stats);
    assert_eq!(
        (stats.caches, stats.dead_caches),
        (1, 0),
        "the first thread has it"
    );
    assert_ne!(
        heap.space().next_hint(),
        first,
        "the first span came from the first hint"
    );
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    assert_eq!(
        slot.addr() & 0xff_ffff_ffff & !0x3ff_ffff,
        0xc0_0000_0000,
        "{slot:?}"
    );
    let _ = slot;
}

#[expect(unsafe_code, reason = "names the test as the owner of the cache")]
fn alloc<A: AddressSpace>(
    caches: &super::CachesOver<A>,
    cache: core::ptr::NonNull<cache::Cache>,
    class: SpanClass,
) -> *mut u8 {
    // SAFETY: the cache was acquired by the caller, which uses it from one thread.
    unsafe { caches.alloc_slow(cache, class) }
}

/// Counts what each layer was asked for while `work` ran: fresh spans and growths.
fn asked<A: AddressSpace>(heap: &heap::Heap<A>, work: impl FnOnce()) -> (usize, u64) {
    let before = heap.stats();
    work();
    let after = heap.stats();
    (
        after.small.get() - before.small.get(),
        after.growths - before.growths,
    )
}

#[test]
fn each_layer_is_asked_only_when_the_one_above_is_empty() {
    let (parts, os) = parts();
    let caches = parts.start_up(HeapConfig::default(), || space(os)).unwrap();
    let heap = parts.heap.get().unwrap();
    let cache = caches.acquire().unwrap();
    let class = SpanClass::new(SizeClass::new(51).unwrap(), Scan::Yes);
    let (bytes, growths) = asked(heap, || {
        alloc(caches, cache, class);
    });
    assert!(
        bytes > 0 && growths == 1,
        "an empty heap grows for the first span"
    );
    let (bytes, growths) = asked(heap, || {
        // One slot a span in this class, so each refill needs fresh spans.
        for _ in 0..64 {
            let hit = pop(cache, class.bin());
            if hit.is_null() {
                alloc(caches, cache, class);
            }
        }
    });
    assert!(
        bytes > 0 && growths == 0,
        "a heap with free pages does not grow"
    );
    let calls = os.calls();
    let (bytes, _) = asked(heap, || {
        let slot = alloc(caches, cache, class);
        for _ in 0..100 {
            assert!(push(cache, class.bin(), slot));
            assert_eq!(pop(cache, class.bin()), slot);
        }
    });
    assert!(bytes <= 64 * 8192, "hits ask nobody: one refill at most");
    assert_eq!(os.calls(), calls, "and the system least of all");
    let before = heap.stats().large_allocs;
    let large = heap.alloc_large(32_769, 8).unwrap();
    assert_eq!(large.bytes, 40_960);
    assert_eq!(
        heap.stats().large_allocs,
        before + 1,
        "large blocks are the heap's alone"
    );
}

#[expect(unsafe_code, reason = "names the test as the owner of the cache")]
fn pop(cache: core::ptr::NonNull<cache::Cache>, bin: usize) -> *mut u8 {
    // SAFETY: the test owns the cache.
    unsafe { cache::Cache::pop(cache, bin) }
}

#[expect(unsafe_code, reason = "names the test as the owner of the cache")]
fn push(cache: core::ptr::NonNull<cache::Cache>, bin: usize, slot: *mut u8) -> bool {
    // SAFETY: the test owns the cache and the slot.
    unsafe { cache::Cache::push(cache, bin, slot) }
}
