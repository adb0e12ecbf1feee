//! Lock ranks: the one order in which the locks of all layers may be taken.
//!
//! The table is shared by every layer; nothing protects it, it never changes. Debug builds with
//! the `std` feature check it at each acquisition through a mask of held ranks per thread.

/// The rank of a lock. A thread may take a lock only while all that it holds have lower ranks.
///
/// The order runs from the outside in: a cache's slow path may go to its central list, that to the
/// heap, that to the address space. No lock is held while the layer *above* is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Rank {
    /// The registry of caches: births, deaths, statistics.
    CacheSet = 1,
    /// One class of the central exchange.
    Central = 2,
    /// One order of the stack pool.
    StackPool = 3,
    /// The large stacks.
    StackLarge = 4,
    /// Page runs and span headers.
    Heap = 5,
    /// Growth of the address space.
    Arena = 6,
    /// Metadata allocators that are locked apart from the heap.
    Metadata = 7,
}

impl Rank {
    /// Asserts that no lock of this rank or a higher one is held, and notes this one.
    #[inline]
    #[track_caller]
    pub(crate) fn enter(self) {
        held::enter(self);
    }

    /// Forgets that this rank is held.
    #[inline]
    pub(crate) fn leave(self) {
        held::leave(self);
    }
}

#[cfg(all(debug_assertions, feature = "std", not(gomalloc_loom)))]
mod held {
    //! The ranks that this thread holds, one bit each.
    use super::Rank;
    use core::cell::Cell;

    std::thread_local! {
        // No destructor and no initialiser: usable inside an allocator at any moment.
        static HELD: Cell<u8> = const { Cell::new(0) };
    }

    #[track_caller]
    pub(super) fn enter(rank: Rank) {
        let bit = 1_u8 << (rank as u8);
        HELD.with(|held| {
            let before = held.get();
            assert!(
                before < bit,
                "lock rank {rank:?} taken while ranks of mask {before:#b} are held"
            );
            held.set(before | bit);
        });
    }

    pub(super) fn leave(rank: Rank) {
        HELD.with(|held| held.set(held.get() & !(1_u8 << (rank as u8))));
    }
}

#[cfg(not(all(debug_assertions, feature = "std", not(gomalloc_loom))))]
mod held {
    //! Release builds and models do not check ranks.
    use super::Rank;

    #[inline(always)]
    pub(super) fn enter(_rank: Rank) {}

    #[inline(always)]
    pub(super) fn leave(_rank: Rank) {}
}
