//! A driver: operations on a pool and two caches, read from bytes, against a model of who has what.
//!
//! For `cargo fuzz` (feature `ops`) and for this crate's own tests, which feed it fixed seeds. The model
//! is a list of stacks in use and shares no code with the pool. The driver answers with how often it
//! passed each hard branch, so that a test can see that it did.
#![expect(
    unsafe_code,
    reason = "frees stacks, also wrong ones, and writes to them"
)]
use crate::testing::{KIB, Shelf};
use crate::{
    AllocError, FreeError, Guarding, LocalStacks, PoolConfig, Region, Retention, StackPool,
};
use arena::{Addr, ByteCount};
use core::ptr::NonNull;
use std::vec::Vec;

/// The heap has no more spans than this.
const SPANS: usize = 40;

/// How often the driver passed each branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct StackSeen {
    /// Stacks handed out: small, large plain, guarded.
    pub allocated: [usize; 3],
    /// Stacks taken back.
    pub freed: usize,
    /// Stacks that were refused: heap or system out of memory, the limit.
    pub out_of_memory: usize,
    /// Of these, guards that could not be made.
    pub no_guard: usize,
    /// Of these, the pool's limit.
    pub over_limit: usize,
    /// Frees of what was free.
    pub freed_twice: usize,
    /// Frees of an address inside a stack.
    pub interior: usize,
    /// Frees with another size.
    pub wrong_size: usize,
    /// Stacks that moved to a larger one.
    pub grown: usize,
    /// Periods that ended, and those of them that gave something back.
    pub decayed: [usize; 2],
    /// Times that everything free went to the heap, and spans that did not since a guard stayed.
    pub released: [usize; 2],
    /// Times that stacks were warmed.
    pub warmed: usize,
}

/// Reads operations from `data`, three bytes each, and checks the pool after every one.
///
/// # Panics
///
/// If the pool and the model differ.
pub fn stack_ops(data: &[u8]) -> StackSeen {
    let pool = StackPool::new(Shelf::new(SPANS));
    let ready = pool.init(PoolConfig::default());
    assert_eq!(ready, Ok(()));
    let mut driver = Driver {
        pool: &pool,
        caches: [LocalStacks::new(&pool), LocalStacks::new(&pool)],
        live: Vec::new(),
        gone: None,
        mark: 0,
        seen: StackSeen::default(),
    };
    for op in data.chunks_exact(3) {
        driver.step(op[0], usize::from(op[1]), usize::from(op[2]));
        driver.check();
    }
    driver.finish()
}

/// A stack in use, and what is written at both of its ends.
struct Live {
    stack: Region,
    mark: u8,
}

struct Driver<'p> {
    pool: &'p StackPool<Shelf>,
    caches: [LocalStacks<'p, Shelf>; 2],
    live: Vec<Live>,
    /// The stack that was freed last, if nothing was handed out since.
    gone: Option<Region>,
    mark: u8,
    seen: StackSeen,
}

impl Driver<'_> {
    fn step(&mut self, op: u8, one: usize, other: usize) {
        match op % 24 {
            0..=5 => self.alloc(one, ByteCount::kib(2 << (other % 6)), Guarding::Plain),
            6..=9 => self.alloc(one, ByteCount::kib(4 << (other % 6)), Guarding::Guarded),
            10..=16 => self.free(one, other),
            17 => self.misuse(one, other),
            18 => self.grow(one, other),
            19 => self.decay(),
            20 => self.release(one),
            21 => self.retention(one, other),
            22 if one > 240 => self.pool.source().no_install(one == 255),
            22 => self.pool.source().fail_at((one < 64).then_some(other % 4)),
            _ => self.warm(one, other),
        }
    }

    /// From the pool or one of the caches.
    fn alloc(&mut self, way: usize, bytes: ByteCount, guarding: Guarding) {
        let cache = &mut self.caches[way & 1];
        let result = match (guarding, way % 3) {
            (Guarding::Plain, 0) => self.pool.alloc(bytes),
            (Guarding::Plain, _) => cache.alloc(bytes),
            (Guarding::Guarded, 0) => self.pool.alloc_guarded(bytes),
            (Guarding::Guarded, _) => cache.alloc_guarded(bytes),
        };
        match result {
            Ok(stack) => {
                assert!(stack.bytes() >= bytes, "as large as was asked for");
                assert_eq!(stack.guard().is_zero(), guarding == Guarding::Plain);
                let kind = match guarding {
                    Guarding::Guarded => 2,
                    Guarding::Plain => usize::from(bytes >= KIB(32)),
                };
                self.seen.allocated[kind] += 1;
                self.adopt(stack);
            }
            Err(error) => self.refused(error),
        }
    }

    fn refused(&mut self, error: AllocError) {
        self.seen.out_of_memory += 1;
        match error {
            AllocError::OutOfMemory(_) => {}
            AllocError::Guard(_) => self.seen.no_guard += 1,
            AllocError::Limit { .. } => self.seen.over_limit += 1,
            error => panic!("{error}"),
        }
    }

    /// A stack that was handed out overlaps no other; both of its ends are written to.
    fn adopt(&mut self, stack: Region) {
        let (low, top) = ends(stack);
        for other in &self.live {
            let (other_low, other_top) = ends(other.stack);
            assert!(top <= other_low || other_top <= low, "two stacks overlap");
        }
        self.mark = self.mark.wrapping_add(1);
        for end in edges(stack) {
            // SAFETY: inside a stack that is ours.
            unsafe { end.write(self.mark) };
        }
        self.gone = None;
        let mark = self.mark;
        self.live.push(Live { stack, mark });
    }

    /// What was written is still there, then the stack goes out of the model.
    fn drop_live(&mut self, index: usize) -> Region {
        let Live { stack, mark } = self.live.swap_remove(index);
        for end in edges(stack) {
            // SAFETY: inside a stack that is ours, and written when it was handed out.
            assert_eq!(unsafe { end.read() }, mark, "somebody wrote to our stack");
        }
        stack
    }

    fn free(&mut self, way: usize, which: usize) {
        if self.live.is_empty() {
            return;
        }
        let stack = self.drop_live(which % self.live.len());
        assert_eq!(self.give(way, stack), Ok(()));
        self.gone = Some(stack);
        self.seen.freed += 1;
    }

    fn give(&mut self, way: usize, stack: Region) -> Result<(), FreeError> {
        if way.is_multiple_of(3) {
            // SAFETY: the driver does not use the stack any more, if it is one.
            unsafe { self.pool.free(stack) }
        } else {
            // SAFETY: as above.
            unsafe { self.caches[way & 1].free(stack) }
        }
    }

    /// Frees what is no stack of ours, in one of three ways.
    fn misuse(&mut self, way: usize, which: usize) {
        if let Some(gone) = self.gone {
            let error = self.give(way, gone);
            let address = Addr::of(gone.low().as_ptr());
            // A span that went back to the heap holds no stacks.
            let expected = [FreeError::Twice(address), FreeError::NotAStack(address)];
            assert!(expected.map(Err).contains(&error), "{error:?}");
            self.seen.freed_twice += 1;
        }
        if self.live.is_empty() {
            return;
        }
        let stack = self.live[which % self.live.len()].stack;
        let inside = Region::new(stack.bottom(), ByteCount::ZERO, stack.bytes());
        let inside = match stack.guard().is_zero() {
            true => Region::new(edges(stack)[1], ByteCount::ZERO, stack.bytes()),
            false => inside,
        };
        let error = self.give(way, inside);
        assert!(
            matches!(error, Err(FreeError::Interior { .. })),
            "{error:?}"
        );
        self.seen.interior += 1;
        let twice = ByteCount::new(stack.bytes().get() * 2);
        let error = self.give(way, Region::new(stack.low(), stack.guard(), twice));
        assert!(matches!(error, Err(FreeError::Size { .. })), "{error:?}");
        self.seen.wrong_size += 1;
    }

    fn grow(&mut self, way: usize, which: usize) {
        if self.live.is_empty() {
            return;
        }
        let index = which % self.live.len();
        let stack = self.live[index].stack;
        let used = ByteCount::new(stack.bytes().get() / 2);
        let cache = &mut self.caches[way & 1];
        // SAFETY: ours; the stand-in's memory was zeroed once, so all of it is initialised.
        let grown = unsafe { cache.grow(stack, used, KIB(1), KIB(512), |_| {}) };
        match grown {
            Ok(grown) => {
                assert!(grown.bytes().get() >= 2 * used.get());
                self.live.swap_remove(index);
                self.seen.grown += 1;
                self.adopt(grown);
            }
            Err(crate::GrowError::Alloc(error)) => self.refused(error),
            Err(crate::GrowError::Overflow { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }

    fn decay(&mut self) {
        let released = self.pool.decay();
        let released = released.expect("lists are whole");
        self.seen.decayed[0] += 1;
        self.seen.decayed[1] += usize::from(!released.is_zero());
    }

    /// Everything free goes, with or without what the caches have.
    fn release(&mut self, way: usize) {
        if way & 1 == 1 {
            for cache in &mut self.caches {
                assert_eq!(cache.clear(), Ok(()));
            }
        }
        self.pool.free_stack_spans().expect("lists are whole");
        let stats = self.pool.stats();
        assert_eq!(stats.empty_spans, 0, "no wholly free span stays");
        assert_eq!(stats.large[0], 0, "no plain stack stays");
        self.seen.released[0] += 1;
        self.seen.released[1] += stats.large[1];
    }

    fn retention(&mut self, one: usize, other: usize) {
        self.pool.set_retention(Retention {
            spans: [0, 1, 8, usize::MAX][one % 4],
            stacks: [0, 2, usize::MAX][other % 3],
            resident: KIB([0, 4, 16][one % 3]),
            hot: KIB([0, 100, 65536][other % 3]),
        });
        let limit = [usize::MAX, 1 << 20, 400 << 10][one / 16 % 3];
        self.pool.set_limit(ByteCount::new(limit));
    }

    fn warm(&mut self, one: usize, other: usize) {
        let (guarding, bytes) = match one & 1 {
            0 => (Guarding::Plain, KIB(2 << (one / 2 % 6))),
            _ => (Guarding::Guarded, KIB(4 << (one / 2 % 6))),
        };
        match self.pool.warm(guarding, bytes, other % 6) {
            Ok(()) => self.seen.warmed += 1,
            Err(error) => self.refused(error),
        }
    }

    fn check(&self) {
        self.pool.check_invariants();
        let stats = self.pool.stats();
        let heap = self.pool.source();
        assert_eq!(stats.held.get(), heap.held().1, "the heap says the same");
        let (installed, protected) = heap.guards();
        assert_eq!(
            (stats.guards, stats.protected),
            (installed + protected, protected)
        );
        let live = self.live.iter().map(|live| held(live.stack)).sum::<usize>();
        let cached: usize = self.caches.iter().map(|all| all.stats().bytes.get()).sum();
        let sum = stats.free.get() + cached + live;
        assert_eq!(sum, stats.held.get(), "free, cached and live make all");
    }

    /// Gives everything back, and then nothing is left.
    fn finish(mut self) -> StackSeen {
        self.pool.source().fail_at(None);
        while !self.live.is_empty() {
            self.free(self.live.len(), 0);
        }
        self.release(1);
        assert_eq!(self.pool.source().held(), (0, 0), "everything came back");
        self.seen
    }
}

/// Guard and usable bytes.
fn held(stack: Region) -> usize {
    stack.guard().get() + stack.bytes().get()
}

fn ends(stack: Region) -> (usize, usize) {
    let low = stack.low().addr().get();
    (low, low + held(stack))
}

/// The lowest and the highest byte.
fn edges(stack: Region) -> [NonNull<u8>; 2] {
    // SAFETY: inside the stack.
    [stack.bottom(), unsafe { stack.top().sub(1) }]
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
