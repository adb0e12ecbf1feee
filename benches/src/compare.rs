//! The comparison: builds `workload` for every allocator, alternates them, and says what came out.
//!
//! One thread; the programs that are measured run one at a time, in processes of their own.
//! A round runs every workload once on every allocator, one right after the other, so that
//! whatever the machine does to one it does to its neighbours; only ratios within a round are
//! compared ([`statistics`]).

pub mod allocators;
pub mod csv;
pub mod machine;
pub mod options;
pub mod plot;
pub mod rounds;
pub mod statistics;
pub mod table;

pub use allocators::Allocator;
pub use machine::Machine;
pub use options::Options;
pub use rounds::Rounds;
