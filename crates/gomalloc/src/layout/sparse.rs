//! Go 1.11's layout: arenas of 64 MiB at hint addresses. The default.
//!
//! Made once, at start-up; protects itself.
use arena::{LayoutError, Sparse, SparseConfig, System};

/// How address space is laid out.
pub(crate) type Space = Sparse<System>;

/// An empty address space of the process.
pub(crate) fn make() -> Result<Space, LayoutError> {
    Space::new(System::new(), SparseConfig::default())
}
