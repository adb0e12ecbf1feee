//! Systems without `fork` have nothing to prepare for it.

/// Nothing to register.
pub(crate) fn register() {}
