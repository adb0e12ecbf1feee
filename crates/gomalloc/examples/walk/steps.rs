//! The steps of the walk: one block of each kind, down to the operating system and back.
//!
//! Belongs to one thread, but for a second one that frees what the first has allocated. Nothing that
//! is handed out is touched, so that the steps can be gone over a simulated address space, too.
use crate::recorder::Recorder;
use crate::text::{Text, bytes, count};
use core::ptr::NonNull;
use gomalloc::arena::{Addr, ByteCount, Os, Platform, Sparse, SparseConfig};
use gomalloc::cache::{Cache, CacheSet, Stats};
use gomalloc::central::Central;
use gomalloc::heap::{Heap, HeapConfig};
use gomalloc::sizeclass::{Scan, SpanClass, Table};
use gomalloc::stackpool::{PoolConfig, StackPool};
use std::thread;

pub(crate) type OwnHeap<'o, O, P> = Heap<Sparse<&'o Recorder<O>, P>>;
type OwnCentral<'h, 'o, O, P> = Central<&'h OwnHeap<'o, O, P>>;
pub(crate) type Caches<'h, 'o, O, P> =
    CacheSet<&'h OwnCentral<'h, 'o, O, P>, &'h OwnHeap<'o, O, P>>;

/// Goes all steps over `os` with the addresses of platform `P`; what there is to see, as text.
pub(crate) fn walk<O: Os, P: Platform>(os: &Recorder<O>) -> String {
    let mut text = Text::new(os);
    text.head("start");
    let space = Sparse::<_, P>::for_platform(os, SparseConfig::default()).expect("a layout");
    let heap = Heap::new(space, HeapConfig::default()).expect("Go's table suits every heap");
    let central = Central::new(&heap);
    let set = CacheSet::new(&central, &heap);
    let cache = set.acquire().expect("memory for the first cache");
    text.calls();
    text.accounts(&heap);

    let walk = Walk {
        heap: &heap,
        set: &set,
        cache,
    };
    walk.small(&mut text);
    walk.back(&mut text);
    walk.other_thread(&mut text);
    walk.large(&mut text);
    walk.stack(&mut text);

    text.head("end");
    // The set and the exchange hold nothing of their own: what they have is the heap's.
    drop(heap);
    text.calls();
    text.line(format_args!("still held: {}", bytes(os.held())));
    text.finish()
}

/// The layers of the walk and the first thread's cache.
struct Walk<'w, 'h, 'o, O: Os, P: Platform> {
    heap: &'h OwnHeap<'o, O, P>,
    set: &'w Caches<'h, 'o, O, P>,
    cache: NonNull<Cache>,
}

/// What a small block is asked for with.
const SMALL_BYTES: usize = 48;
/// How many blocks the second thread frees.
const HANDED_OVER: usize = 8;

/// Blocks on their way to another thread.
struct Blocks(Vec<*mut u8>);

// SAFETY: a block may be freed by any thread that owns it.
unsafe impl Send for Blocks {}

impl<O: Os, P: Platform> Walk<'_, '_, '_, O, P> {
    fn class(&self) -> SpanClass {
        let class = Table::DEFAULT.class_for(SMALL_BYTES, 8);
        SpanClass::new(class.expect("48 bytes are small"), Scan::Yes)
    }

    /// The whole of a small allocation: a hit, or the set. Says which.
    fn alloc(&self) -> (*mut u8, &'static str) {
        // SAFETY: this thread has acquired the cache, and the class is one of the table.
        let slot = unsafe { Cache::pop(self.cache, self.class().bin()) };
        if !slot.is_null() {
            return (slot, "hit");
        }
        // SAFETY: as above.
        let slot = unsafe { self.set.alloc_slow(self.cache, self.class()) };
        assert!(!slot.is_null(), "there is memory");
        (slot, "miss")
    }

    /// The whole of a small free, into the given thread's cache. Says which.
    fn free(&self, cache: NonNull<Cache>, slot: *mut u8) -> &'static str {
        // SAFETY: the calling thread has acquired the cache; the slot came from `alloc` and is not
        // used any more.
        if unsafe { Cache::push(cache, self.class().bin(), slot) } {
            return "hit";
        }
        // SAFETY: as above.
        let freed = unsafe { self.set.free_slow(cache, self.class(), slot) };
        freed.expect("the slot is live");
        "miss"
    }

    /// Slots that wait in caches.
    fn cached(&self) -> u64 {
        let mut stats = Stats::new();
        self.set.stats(&mut stats);
        stats.cached[self.class().bin()]
    }

    fn small(&self, text: &mut Text<'_, O>) {
        text.head("small: 48 bytes");
        let table = Table::DEFAULT;
        let class = self.class().size_class();
        text.line(format_args!(
            "class {}: slots of {} bytes, {} in a span of {}",
            class.get(),
            table.slot_bytes(class),
            table.slots(class),
            bytes(table.span_bytes(class)),
        ));
        let (first, how) = self.alloc();
        text.line(format_args!("alloc: {how}, slot {first:?}"));
        text.calls();
        text.line(format_args!("cached: {} slots", self.cached()));
        let addr = Addr::of(first);
        let span = self.heap.span_of(addr).expect("the block's span");
        text.span(span);
        text.line(format_args!(
            "page table: class byte {}",
            self.heap.tag(addr)
        ));
        text.figures(self.heap);
        let (second, how) = self.alloc();
        text.line(format_args!("alloc: {how}, slot {second:?}"));
        text.calls();
        for slot in [first, second] {
            let how = self.free(self.cache, slot);
            text.line(format_args!("free {slot:?}: {how}"));
        }
        text.line(format_args!("cached: {} slots", self.cached()));
    }

    fn back(&self, text: &mut Text<'_, O>) {
        text.head("back to the system");
        // SAFETY: this thread has acquired the cache.
        unsafe { self.set.flush(self.cache) }.expect("the slots were live");
        text.line(format_args!("flushed: {} slots cached", self.cached()));
        text.exchange(self.set, self.class());
        let given = self.set.exchange().release_kept();
        text.line(format_args!("given back: {}", count(given, "kept span")));
        text.calls();
        text.figures(self.heap);
        let released = self.heap.release_memory();
        text.line(format_args!("released: {}", bytes(released.get())));
        text.calls();
        text.figures(self.heap);
    }

    fn other_thread(&self, text: &mut Text<'_, O>) {
        text.head("another thread frees");
        let slots: Vec<*mut u8> = (0..HANDED_OVER).map(|_| self.alloc().0).collect();
        text.line(format_args!(
            "first thread: {HANDED_OVER} slots from {:?} to {:?}",
            slots[0],
            slots[HANDED_OVER - 1]
        ));
        text.calls();
        let span = self.heap.span_of(Addr::of(slots[0])).expect("their span");
        text.span(span);
        let blocks = Blocks(slots);
        let set = self.set;
        let class = self.class();
        thread::scope(|scope| {
            scope.spawn(move || {
                let Blocks(slots) = { blocks };
                free_elsewhere(set, class, &slots);
            });
        });
        text.line(format_args!(
            "second thread: freed and ended, {} slots cached",
            self.cached()
        ));
        text.span(span);
        self.set.flush_dead().expect("the slots were live");
        text.line(format_args!(
            "its cache flushed: {} slots cached",
            self.cached()
        ));
        text.span(span);
        text.exchange(set, class);
        // SAFETY: this thread has acquired the cache.
        unsafe { self.set.flush(self.cache) }.expect("the slots were live");
        text.line(format_args!(
            "first thread's flushed: {} slots cached",
            self.cached()
        ));
        text.exchange(set, class);
        text.calls();
    }

    fn large(&self, text: &mut Text<'_, O>) {
        for (name, size) in [("large: 100,000 bytes", 100_000), ("large: 5 MiB", 5 << 20)] {
            text.head(name);
            let block = self.heap.alloc_large(size, 16).expect("memory");
            text.line(format_args!(
                "block {:?}: {} bytes, known to be zero: {}",
                block.pointer, block.bytes, block.is_zero
            ));
            text.calls();
            let addr = Addr::of(block.pointer.as_ptr());
            text.line(format_args!(
                "page table: class byte {}",
                self.heap.tag(addr)
            ));
            text.figures(self.heap);
            // SAFETY: allocated just above, and not used.
            let freed = unsafe { self.heap.free_large(block.pointer) };
            text.line(format_args!("free: {} bytes", freed.expect("a live block")));
            let again = self.heap.alloc_large(size, 16).expect("memory");
            text.line(format_args!(
                "alloc again: block {:?}, known to be zero: {}",
                again.pointer, again.is_zero
            ));
            // SAFETY: allocated just above, and not used.
            unsafe { self.heap.free_large(again.pointer) }.expect("a live block");
            text.line(format_args!("free again"));
            text.calls();
            text.figures(self.heap);
        }
    }

    fn stack(&self, text: &mut Text<'_, O>) {
        text.head("stack: 8 KiB");
        let pool = StackPool::new(self.heap);
        pool.init(PoolConfig::default()).expect("once");
        let size = ByteCount::kib(8);
        let stack = pool.alloc(size).expect("memory");
        text.line(format_args!(
            "stack from {:?} up to {:?}",
            stack.low(),
            stack.top()
        ));
        text.calls();
        let span = self.heap.manual_span_of(Addr::of(stack.low().as_ptr()));
        let span = span.expect("the stack's span");
        let stats = pool.stats();
        text.line(format_args!(
            "span: {} at {}; pool: {} held, {} of it free, {}",
            count(span.pages(), "page"),
            span.addr(),
            bytes(stats.held.get()),
            bytes(stats.free.get()),
            count(stats.empty_spans, "empty span"),
        ));
        text.figures(self.heap);
        // SAFETY: allocated just above, and not used.
        unsafe { pool.free(stack) }.expect("a live stack");
        let stats = pool.stats();
        text.line(format_args!(
            "free: pool: {} held, {} kept",
            bytes(stats.held.get()),
            count(stats.empty_spans, "empty span")
        ));
        let given = pool.free_stack_spans().expect("whole lists");
        text.line(format_args!(
            "given back to the heap: {}",
            bytes(given.get())
        ));
        text.calls();
        text.figures(self.heap);
    }
}

/// What the second thread does: a cache of its own, the frees, the end.
fn free_elsewhere<O: Os, P: Platform>(
    set: &Caches<'_, '_, O, P>,
    class: SpanClass,
    slots: &[*mut u8],
) {
    let cache = set.acquire().expect("memory for a cache");
    for &slot in slots {
        // SAFETY: this thread has acquired the cache; the blocks were handed over.
        if !unsafe { Cache::push(cache, class.bin(), slot) } {
            // SAFETY: as above.
            unsafe { set.free_slow(cache, class, slot) }.expect("the slot is live");
        }
    }
    // SAFETY: acquired above and not used again.
    unsafe { set.give_back(cache) }.expect("the slots are live");
}
