//! Stack orders: the sizes in which small stacks are handed out, on every platform.
//!
//! Pure arithmetic on values; nobody shares them. Order `k` serves stacks of `fixed_stack << k`
//! bytes, and only sizes below the cache's [`STACK_CACHE`] are small. After Go's
//! `runtime/stack.go` (`stackMin`, `stackSystem`, `fixedStack`) and `malloc.go`
//! (`_NumStackOrders = 4 - PtrSize/4*windows - plan9`).
use crate::limits::HOST;
use arena::ByteCount;

/// The smallest stack a goroutine gets, before what the system itself needs (Go `stackMin`).
pub const STACK_MIN: ByteCount = ByteCount::kib(2);

/// What a cache holds per order, and the length of a span that is cut into small stacks
/// (Go `_StackCacheSize`).
pub const STACK_CACHE: ByteCount = ByteCount::kib(32);

/// The smallest stack on this platform: 2 KiB, but 8 KiB on Windows.
pub const FIXED_STACK: ByteCount = HOST.fixed_stack();

/// How many orders this platform has: 4, but 2 on 64-bit Windows.
pub const ORDERS: usize = HOST.stack_orders();

/// The most stacks that one span holds: 16.
pub(crate) const MAX_SLOTS: usize = STACK_CACHE.get() / FIXED_STACK.get();

const _: () = assert!(MAX_SLOTS <= 64, "the free bits of a span are one word");
const _: () = assert!(ORDERS <= 4, "the table of orders has four columns");

/// The systems that Go's stack arithmetic tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum System {
    /// Windows, whose kernel writes below the stack pointer of a thread.
    Windows,
    /// Plan 9, whose note handler runs on the stack.
    Plan9,
    /// Darwin on 32-bit ARM and iOS on 64-bit ARM, whose signal handlers do.
    DarwinArm,
    /// Every other system needs nothing of its own.
    Other,
}

/// Whose constants: Go 1.24 changed what Windows needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Release {
    /// Go 1.23 and earlier: 512 words on Windows.
    UpTo1_23,
    /// Go 1.24 and later: 4096 bytes on Windows, whatever the word.
    From1_24,
}

/// A platform, as far as stacks go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Platform {
    /// The operating system.
    pub system: System,
    /// Bytes of a pointer: 4 or 8.
    pub pointer_bytes: usize,
    /// Whose constants.
    pub release: Release,
}

impl Platform {
    /// What the system needs on every stack (Go `stackSystem`).
    #[must_use]
    pub const fn stack_system(self) -> ByteCount {
        ByteCount::new(match (self.system, self.release) {
            (System::Windows, Release::UpTo1_23) => 512 * self.pointer_bytes,
            (System::Windows, Release::From1_24) => 4096,
            (System::Plan9, _) => 512,
            (System::DarwinArm, _) => 1024,
            (System::Other, _) => 0,
        })
    }

    /// The smallest stack: [`STACK_MIN`] and [`Platform::stack_system`], rounded up to a power of
    /// two (Go `fixedStack`).
    #[must_use]
    pub const fn fixed_stack(self) -> ByteCount {
        ByteCount::new((STACK_MIN.get() + self.stack_system().get()).next_power_of_two())
    }

    /// The number of orders (Go `_NumStackOrders`). Some of Go's platforms have a last order that
    /// [`Platform::is_cached`] never allows.
    #[must_use]
    pub const fn stack_orders(self) -> usize {
        match self.system {
            System::Windows => 4 - self.pointer_bytes / 4,
            System::Plan9 => 3,
            System::DarwinArm | System::Other => 4,
        }
    }

    /// The size of order `order`'s stacks, whether the platform has that order or not.
    #[must_use]
    pub const fn stack_bytes(self, order: usize) -> ByteCount {
        ByteCount::new(self.fixed_stack().get() << order)
    }

    /// Is this power of two served by an order? (Go `stackalloc`: `n < fixedStack<<_NumStackOrders
    /// && n < _StackCacheSize`.)
    #[must_use]
    pub const fn is_cached(self, bytes: ByteCount) -> bool {
        bytes.get() >= self.fixed_stack().get()
            && bytes.get() < self.stack_bytes(self.stack_orders()).get()
            && bytes.get() < STACK_CACHE.get()
    }
}

/// An order of this platform: 0 is the smallest stack, each next one twice as large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Order(u8);

impl Order {
    /// The order of this number; `None` if the platform does not have it or its stacks are no
    /// smaller than a cache.
    #[must_use]
    pub const fn new(order: usize) -> Option<Self> {
        if order < ORDERS && HOST.is_cached(HOST.stack_bytes(order)) {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below ORDERS, which is at most 4"
            )]
            Some(Self(order as u8))
        } else {
            None
        }
    }

    /// The order whose stacks have exactly `bytes` bytes.
    #[must_use]
    pub const fn of(bytes: ByteCount) -> Option<Self> {
        if !bytes.get().is_power_of_two() || bytes.get() < FIXED_STACK.get() {
            return None;
        }
        Self::new((bytes.get() / FIXED_STACK.get()).ilog2() as usize)
    }

    /// The order of a pool's lock, whether the platform uses it or not.
    pub(crate) const fn of_lock(index: u8) -> Self {
        Self(index)
    }

    /// The number.
    #[inline]
    #[must_use]
    pub const fn get(self) -> usize {
        self.0 as usize
    }

    /// The size of a stack of this order.
    #[inline]
    #[must_use]
    pub const fn bytes(self) -> ByteCount {
        ByteCount::new(FIXED_STACK.get() << self.0)
    }

    /// The orders of this platform, smallest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..ORDERS).map_while(Self::new)
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
