//! The C library of gomalloc: `malloc` and its whole family for any program.
//!
//! Every thread of the process calls in here, the dynamic loader and `dlsym` included, before any
//! constructor has run. All state is the facade's; this crate translates: C's signatures, `errno`,
//! what each function says about zero, overflow and foreign pointers. A function here is the call
//! of the facade's [`facade::c`] and a test for null; the walk from there down stands in the
//! `gomalloc` crate.
//!
//! # Decisions where the standards leave a choice
//!
//! | call | here |
//! |---|---|
//! | `malloc(0)`, `calloc(0, n)`, `operator new(0)` | a block of its own, never null but out of memory |
//! | `realloc(p, 0)`, `p` not null | frees `p`, returns null, leaves `errno` alone: as glibc does |
//! | `realloc(NULL, n)` | `malloc(n)`, also for 0 |
//! | `aligned_alloc(a, n)` | `a` any power of two, else null and `EINVAL`; `n` need not be a multiple |
//! | `memalign(a, n)` | `a` is rounded up to a power of two; above half the address space `EINVAL` |
//! | `pvalloc(0)` | one page |
//! | alignment of a block | 16 from 16 bytes on, 8 below |
//! | a pointer outside every arena | goes to the next `free` (`realloc`, `malloc_usable_size`) in line |
//! | a pointer inside an arena that is not live | one line on standard error and `abort` |
//!
//! # What holds everywhere
//!
//! 1. Nothing here panics, unwinds, formats or takes a lock; `operator new` alone lets an
//!    exception of the program's new-handler pass.
//! 2. `errno` is set to `ENOMEM` or `EINVAL` where the standards say so, and kept by `free`.
//! 3. Nothing but the names of the family is exported (`tests/it/exports.rs` holds the list).
//!
//! Linux only: elsewhere the library is empty.
#![cfg(target_os = "linux")]
#![deny(unsafe_code)]

mod standard;

mod aligned;
mod cxx;
mod glibc;
mod inspect;
mod report;

mod errno;
mod next;
mod record;
mod start;
mod text;
