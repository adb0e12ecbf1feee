//! Atomics, cells and locks of the gomalloc layers: core's, or loom's under the model flag.
