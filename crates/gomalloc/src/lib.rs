//! The allocator of the Go runtime as a Rust global allocator, with free from any thread.
