//! Two caches against one order, while a third thread frees the last stack of a span.
use crate::testing::Few;
use crate::{LocalStacks, PoolConfig, Region, Retention, StackPool};
use arena::ByteCount;
use sync::atomic::{AtomicBool, Ordering};
use sync::model::{Arc, model, thread};

const SIZE: ByteCount = ByteCount::kib(2);

/// A pool whose spans are one page, four stacks, and go back with the last of them.
struct World {
    pool: StackPool<Few>,
    /// The stack at this many stacks above a span's base is somebody's.
    taken: [AtomicBool; 8],
    bases: [usize; 2],
}

impl World {
    fn new() -> Arc<Self> {
        let heap = Few::new(&[1, 1]);
        let bases = heap.bases();
        let pool = StackPool::new(heap);
        let cache = ByteCount::kib(8);
        pool.init(PoolConfig { cache }).expect("one page");
        pool.set_retention(Retention::NOTHING);
        Arc::new(Self {
            pool,
            taken: core::array::from_fn(|_| AtomicBool::new(false)),
            bases,
        })
    }

    fn flag(&self, stack: Region) -> &AtomicBool {
        let low = stack.low().addr().get();
        let slot = |base: usize| (low.wrapping_sub(base) < 8192).then(|| (low - base) / 2048);
        let [one, two] = self.bases.map(slot);
        let index = one.or(two.map(|slot| 4 + slot));
        &self.taken[index.expect("a stack of one of the spans")]
    }

    fn take(&self, stack: Region) {
        let taken = self.flag(stack).swap(true, Ordering::Relaxed);
        assert!(!taken, "no stack is handed out twice");
    }

    fn give(&self, stack: Region) {
        self.flag(stack).store(false, Ordering::Relaxed);
    }

    /// A cache's life: one stack out and back, and everything that it refilled.
    fn cache_life(&self) {
        let mut cache = LocalStacks::new(&self.pool);
        let stack = cache.alloc(SIZE).expect("two spans are enough");
        self.take(stack);
        self.give(stack);
        free(&mut cache, stack);
    }
}

#[expect(unsafe_code, reason = "gives back what the model took")]
fn free(cache: &mut LocalStacks<'_, Few>, stack: Region) {
    // SAFETY: the model does not use the stack's memory.
    unsafe { cache.free(stack) }.expect("a stack of the pool");
}

#[test]
fn refills_and_releases_against_the_last_free_of_a_span() {
    model(|| {
        let world = World::new();
        let mut here = LocalStacks::new(&world.pool);
        let last = here.alloc(SIZE).expect("a stack");
        here.clear().expect("lists are whole");
        world.take(last);
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.cache_life())
        };
        world.give(last);
        free(&mut here, last);
        drop(here);
        other.join().expect("the other cache is done");
        assert_eq!(
            (world.pool.source().out(), world.pool.stats().held.get()),
            (0, 0),
            "the last stack takes its span along, whoever frees it"
        );
    });
}

#[test]
fn two_caches_refill_and_release_one_order() {
    model(|| {
        let world = World::new();
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || world.cache_life())
        };
        world.cache_life();
        other.join().expect("the other cache is done");
        assert_eq!(
            (world.pool.source().out(), world.pool.stats().held.get()),
            (0, 0),
            "no stack is lost between caches and pool"
        );
    });
}

#[test]
fn a_stack_freed_by_two_threads_is_taken_back_once() {
    model(|| {
        let world = World::new();
        let stack = world.pool.alloc(SIZE).expect("a stack");
        let other = {
            let world = Arc::clone(&world);
            thread::spawn(move || give_back(&world.pool, stack))
        };
        let here = give_back(&world.pool, stack);
        let there = other.join().expect("the other thread is done");
        assert!(here != there, "exactly one of two frees succeeds");
        assert_eq!(world.pool.source().out(), 0);
    });
}

#[expect(unsafe_code, reason = "frees a stack twice, which has to be noticed")]
fn give_back(pool: &StackPool<Few>, stack: Region) -> bool {
    // SAFETY: nobody uses the stack's memory.
    unsafe { pool.free(stack) }.is_ok()
}
