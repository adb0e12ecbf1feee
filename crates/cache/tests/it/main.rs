//! The caches over the real layers: exchange, heap, address space.
mod limits;
mod parts;
mod threads;
