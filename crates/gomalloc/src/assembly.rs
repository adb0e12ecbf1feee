//! The concrete types of the process's allocator, its statics, and the one function that starts it.
//!
//! Read top-down this file is the block diagram: operating system → address space → heap → central
//! exchange → cache set, and the stack pool beside them. The statics are written once, at the first
//! request of the process, whichever thread makes it and however early; they are never dropped.
use crate::once::Once;
use crate::{fork, misuse, thread};
use arena::{Addr, AddressSpace, SparseConfig};
use heap::HeapConfig;

/// Where memory comes from.
pub(crate) type Os = arena::Unix;
/// How address space is laid out: Go's sparse arenas.
pub(crate) type Space = arena::Sparse<Os>;
/// Spans and page runs.
pub(crate) type Heap = heap::Heap<Space>;
/// The exchange of free slots, one per span class.
pub(crate) type Central = central::Central<&'static Heap>;
/// The caches of the process's threads.
pub(crate) type Caches = cache::CacheSet<&'static Central, &'static Heap>;

static HEAP: Once<Heap> = Once::new();
static CENTRAL: Once<Central> = Once::new();
static CACHES: Once<Caches> = Once::new();

/// Everything, once it stands.
pub(crate) struct Parts {
    pub(crate) heap: &'static Heap,
    pub(crate) central: &'static Central,
    pub(crate) caches: &'static Caches,
}

/// Starts the allocator if nobody has, in Go's order: stack pool, checks and address space, heap
/// with its metadata allocators, one central per span class, cache set. The bootstrap cache is the
/// first thread's; the others come with their threads. `None`: the system has no memory for it;
/// the next request tries again.
#[inline]
pub(crate) fn start_up() -> Option<&'static Caches> {
    match CACHES.get() {
        Some(caches) => Some(caches),
        None => start_up_slow(),
    }
}

#[cold]
#[inline(never)]
fn start_up_slow() -> Option<&'static Caches> {
    let heap = HEAP
        .get_or_try_init(|| {
            let space = Space::new(arena::Unix, SparseConfig::default()).map_err(Failed::layout)?;
            Heap::new(space, HeapConfig::default()).map_err(Failed::heap)
        })
        .ok()?;
    let central = CENTRAL
        .get_or_try_init(|| Ok::<_, Failed>(Central::new(heap)))
        .ok()?;
    let mut is_first = false;
    let caches = CACHES
        .get_or_try_init(|| {
            thread::prepare();
            is_first = true;
            Ok::<_, Failed>(Caches::new(central, heap))
        })
        .ok()?;
    if is_first {
        fork::register();
    }
    Some(caches)
}

/// Start-up came to nothing for want of memory; everything else has ended the process.
struct Failed;

impl Failed {
    fn layout(error: arena::LayoutError) -> Self {
        match error {
            arena::LayoutError::PageSize(error) => misuse::end_start_up(&error),
            _ => Self,
        }
    }

    fn heap(_error: heap::HeapError) -> Self {
        // The default table suits every heap.
        sync::fatal("the size-class table does not suit the heap", &[])
    }
}

/// The heap, once it stands.
#[inline(always)]
pub(crate) fn heap() -> Option<&'static Heap> {
    HEAP.get()
}

/// The cache set, once it stands.
#[inline(always)]
pub(crate) fn caches() -> Option<&'static Caches> {
    CACHES.get()
}

/// Everything, once it stands.
pub(crate) fn parts() -> Option<Parts> {
    Some(Parts {
        heap: HEAP.get()?,
        central: CENTRAL.get()?,
        caches: CACHES.get()?,
    })
}

/// The class byte of the page at `addr`; 0 outside every arena and for pages without small slots.
#[inline(always)]
pub(crate) fn class_byte(addr: Addr) -> u8 {
    match HEAP.get() {
        Some(heap) => heap.space().tag(addr),
        None => 0,
    }
}
