//! The crate as its users see it, from outside.

mod readme;
mod runtime;
