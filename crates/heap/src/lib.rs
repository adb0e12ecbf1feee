//! Span heap after the Go runtime: page runs, span lists, address lookup, scavenger.
