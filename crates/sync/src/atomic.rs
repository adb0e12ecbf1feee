//! The atomic types: core's, or loom's under the model flag.
//!
//! Only names are re-exported here; nothing is shared and nothing needs protection. Loom's
//! constructors are not `const`, so a layer's own constructors are `const` only in the real build.
pub use crate::imp::atomic::*;
