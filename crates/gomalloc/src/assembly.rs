//! The concrete types of the process's allocator, its statics, and the one function that starts it.
//!
//! Read top-down this file is the block diagram: operating system → address space → heap → central
//! exchange → cache set; the stack pool stands beside them on the heap. The statics are written once, at the first request of the process,
//! whichever thread makes it and however early; they are never dropped.
use crate::layout::{self, Space};
use crate::once::Once;
use crate::settings::{Settings, overruled_by_environment};
use crate::stacks::{HeapSource, HeapStacks};
use crate::{fork, maintain, misuse, thread};
use arena::{Addr, AddressSpace, ByteCount, LayoutError};
use heap::HeapConfig;
use stackpool::{PoolConfig, StackPool};

/// Spans and page runs.
pub(crate) type Heap = heap::Heap<Space>;
/// The caches of the process's threads.
pub(crate) type Caches = CachesOver<Space>;

/// The exchange of free slots over a heap, one per span class.
pub(crate) type CentralOver<A> = central::Central<&'static heap::Heap<A>>;
/// A cache set over that exchange.
pub(crate) type CachesOver<A> = cache::CacheSet<&'static CentralOver<A>, &'static heap::Heap<A>>;

static PARTS: Parts<Space> = Parts::new();

/// The layers of one allocator, from the bottom up; each is made over the one above it here.
pub(crate) struct Parts<A: AddressSpace + 'static> {
    pub(crate) stacks: Once<StackPool<HeapSource<A>>>,
    pub(crate) heap: Once<heap::Heap<A>>,
    pub(crate) central: Once<CentralOver<A>>,
    pub(crate) caches: Once<CachesOver<A>>,
}

impl<A: AddressSpace + 'static> Parts<A> {
    pub(crate) const fn new() -> Self {
        Self {
            stacks: Once::new(),
            heap: Once::new(),
            central: Once::new(),
            caches: Once::new(),
        }
    }

    /// Makes what is not there yet, in Go's order (`schedinit`, `stackinit`, `mallocinit`): the stack
    /// pool with its check, the page-size checks and the address space, the heap with its metadata allocators, one central list per
    /// span class, the bootstrap cache, which the first thread takes. Hint addresses are tried
    /// after all that, when the first span is wanted.
    ///
    /// # Errors
    ///
    /// The system has no memory for it. What is there stays, and the next call goes on from there.
    pub(crate) fn start_up(
        &'static self,
        config: HeapConfig,
        make_space: impl FnOnce() -> Result<A, LayoutError>,
    ) -> Result<&'static CachesOver<A>, Failed> {
        self.stacks.get_or_try_init(|| {
            let stacks = StackPool::new(HeapSource::new(&self.heap));
            match stacks.init(PoolConfig::default()) {
                Ok(()) => Ok(stacks),
                Err(_) => sync::fatal("cache size must be a multiple of page size", &[]),
            }
        })?;
        let heap = self.heap.get_or_try_init(|| {
            let space = make_space().map_err(Failed::at_layout)?;
            heap::Heap::new(space, config).map_err(Failed::at_heap)
        })?;
        let central = self
            .central
            .get_or_try_init(|| Ok(central::Central::new(heap)))?;
        self.caches.get_or_try_init(|| {
            let caches = cache::CacheSet::new(central, heap);
            bootstrap(&caches).map(|()| caches)
        })
    }
}

/// Makes the first cache and leaves it for the first thread.
#[expect(unsafe_code, reason = "gives back the cache that it has just made")]
fn bootstrap<A: AddressSpace>(caches: &CachesOver<A>) -> Result<(), Failed> {
    let cache = caches.acquire().ok_or(Failed)?;
    // SAFETY: acquired just above, and used by nobody.
    unsafe { caches.give_back(cache) }.map_err(|_| Failed)
}

/// Start-up came to nothing for want of memory; everything else has ended the process.
#[derive(Debug)]
pub(crate) struct Failed;

impl Failed {
    fn at_layout(error: LayoutError) -> Self {
        match error {
            LayoutError::PageSize(error) => misuse::end_start_up(&error),
            _ => Self,
        }
    }

    /// The default table suits every heap.
    fn at_heap(_error: heap::HeapError) -> Self {
        sync::fatal("the size-class table does not suit the heap", &[])
    }
}

/// The process's cache set; starts the allocator if nobody has. `None`: no memory for it now.
#[inline]
pub(crate) fn start_up() -> Option<&'static Caches> {
    start_up_with(&Settings::DEFAULT)
}

/// As [`start_up`], with these settings if it is the start, unless the environment overrules them.
#[inline]
pub(crate) fn start_up_with(settings: &Settings) -> Option<&'static Caches> {
    match PARTS.caches.get() {
        Some(caches) => Some(caches),
        None => start_up_slow(settings),
    }
}

#[cold]
#[inline(never)]
fn start_up_slow(settings: &Settings) -> Option<&'static Caches> {
    let settings = overruled_by_environment(*settings);
    let caches = PARTS
        .start_up(heap_config(&settings), || {
            // Before any thread can have a cache; one thread at a time comes here.
            thread::prepare();
            layout::make()
        })
        .ok()?;
    // After start-up: both may allocate, and then find the allocator at work.
    fork::register();
    maintain::choose(settings.scavenger);
    Some(caches)
}

fn heap_config(settings: &Settings) -> HeapConfig {
    let mut config = HeapConfig::default();
    config.hard_limit = settings.hard_limit.map(ByteCount::new);
    config.soft_limit = settings.soft_limit.map(ByteCount::new);
    config.decay = core::time::Duration::from_millis(settings.decay_ms.into());
    config.on_pressure = Some(maintain::ON_PRESSURE);
    config
}

/// The process's layers, if they all stand.
pub(crate) fn parts() -> Option<(&'static Heap, &'static CentralOver<Space>, &'static Caches)> {
    Some((PARTS.heap.get()?, PARTS.central.get()?, PARTS.caches.get()?))
}

/// The process's stack pool: stacks for coroutines, out of the same heap and under the same limit.
/// Starts the allocator if nothing has been allocated yet. `None`: no memory for that now.
#[must_use]
pub fn stacks() -> Option<&'static HeapStacks> {
    start_up()?;
    PARTS.stacks.get()
}

/// The heap, once it stands.
#[inline(always)]
pub(crate) fn heap() -> Option<&'static Heap> {
    PARTS.heap.get()
}

/// The cache set, once it stands.
#[inline(always)]
pub(crate) fn caches() -> Option<&'static Caches> {
    PARTS.caches.get()
}

/// The class byte of the page at `addr`; 0 outside every arena and for pages without small slots.
#[inline(always)]
pub(crate) fn class_byte(addr: Addr) -> u8 {
    match PARTS.heap.get() {
        Some(heap) => heap.space().tag(addr),
        None => 0,
    }
}

/// Whether `addr` lies inside an arena, whatever is there.
#[cold]
pub(crate) fn is_in_arena(addr: Addr) -> bool {
    heap().is_some_and(|heap| heap.space().entry(addr).is_some())
}

#[cfg(test)]
mod tests;
