//! Go 1.10's layout: one block of spans, bitmap and arena.
//!
//! Made once, at start-up; protects itself. Chosen by the feature `contiguous`.
use arena::{Contiguous, ContiguousConfig, LayoutError, System};

/// How address space is laid out.
pub(crate) type Space = Contiguous<System>;

/// An empty address space of the process.
pub(crate) fn make() -> Result<Space, LayoutError> {
    Space::new(System::new(), ContiguousConfig::default())
}
