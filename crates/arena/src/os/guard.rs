//! Guard pages: memory in the middle of a mapping that faults when it is touched.
//!
//! Only names here; the calls are the [`Os`](super::Os)'s.

/// How a range is made to fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GuardMethod {
    /// By markers in the page table (Linux 6.13): the mapping stays one piece, and any number of
    /// guards is possible.
    Install,
    /// By taking the access rights away: the mapping is split, and a process has a limited number of
    /// them (65,530 on Linux unless told otherwise).
    Protect,
}
