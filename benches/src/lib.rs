//! Deterministic workloads for comparing allocators.
