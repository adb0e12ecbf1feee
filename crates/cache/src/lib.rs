//! Per-thread object caches in front of the central span exchange.
