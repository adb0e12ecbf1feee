//! Every size that shrinks in modelled and interpreted worlds, and why.
//!
//! Constants only. Miri really allocates what is mapped, and loom keeps an object for every atomic,
//! so their worlds are small; nothing else may depend on the world.

/// log2 of an arena of the window platform: 64 MiB as on 64-bit Go, 4 MiB under Miri and on 32-bit
/// machines, 64 KiB (eight pages, so eight modelled entries) under loom.
pub(crate) const WINDOW_ARENA_SHIFT: u32 = if cfg!(gomalloc_loom) {
    16
} else if cfg!(any(miri, target_pointer_width = "32")) {
    22
} else {
    26
};

/// log2 of the largest window: 16 arenas, so that the arena map has 16 entries.
pub(crate) const WINDOW_SHIFT: u32 = WINDOW_ARENA_SHIFT + 4;

/// The host stand-in's window: half of what the map can hold.
#[cfg(any(test, miri, gomalloc_loom, feature = "host"))]
pub(crate) const HOST_WINDOW_BYTES: usize = 1 << (WINDOW_SHIFT - 1);

/// By how much the heap's mapped part grows at least: 4 MiB (Go's `pallocChunkBytes`; a larger step
/// charges memory early under strict overcommit, a smaller one calls the system more often), one
/// page under loom.
pub(crate) const GROWTH_STEP_BYTES: usize = if cfg!(gomalloc_loom) {
    1 << 13
} else if cfg!(miri) {
    1 << 20
} else {
    4 << 20
};

/// By how much the contiguous layout's end grows at least: 256 MiB (Go 1.10 `sysAlloc`), less where
/// a reservation is really allocated.
pub(crate) const EXTENSION_BYTES: usize = if cfg!(gomalloc_loom) {
    1 << 16
} else if cfg!(miri) {
    4 << 20
} else {
    256 << 20
};

/// Chunk of the persistent allocator: 256 KiB (Go `persistentChunkSize`), 16 KiB where mapped
/// memory is really allocated.
pub(crate) const PERSISTENT_CHUNK_BYTES: usize = if cfg!(any(miri, gomalloc_loom)) {
    16 << 10
} else {
    256 << 10
};

/// Chunk of a fixed-size allocator: 16 KiB (Go `_FixAllocChunk`).
pub(crate) const FIXED_CHUNK_BYTES: usize = if cfg!(any(miri, gomalloc_loom)) {
    4 << 10
} else {
    16 << 10
};

/// Zero bytes are an atomic that holds zero. Loom's atomics are objects, which must be constructed.
pub(crate) const ZERO_IS_AN_ATOMIC: bool = !cfg!(gomalloc_loom);
