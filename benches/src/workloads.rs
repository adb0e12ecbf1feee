//! The workloads, one file a kind.
//!
//! Each is a function from an [`Effort`] to an [`Outcome`]: it prepares what it needs, then hands
//! one pass to [`Effort::measure`]. Passes are sized so that a full run takes some tenths of a
//! second on a desktop of 2022. An operation is one allocation with its free unless the workload
//! says otherwise.

use crate::{Effort, Outcome};

mod growth;
mod handoff;
mod larson;
mod library;
mod order;
mod pages;
mod pair;
mod random;
pub mod startup;
mod threads;

/// A row of the comparison.
#[derive(Debug, Clone, Copy)]
pub struct Workload {
    /// What is typed, and what stands in the table.
    pub name: &'static str,
    /// One line for people.
    pub about: &'static str,
    run: fn(Effort) -> Outcome,
}

impl Workload {
    /// Runs it in this process, on this process's allocator.
    #[must_use]
    pub fn run(&self, effort: Effort) -> Outcome {
        (self.run)(effort)
    }
}

/// The workload of that name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Workload> {
    ALL.iter().find(|workload| workload.name == name)
}

const fn row(name: &'static str, about: &'static str, run: fn(Effort) -> Outcome) -> Workload {
    Workload { name, about, run }
}

/// Every workload, in the order of the table.
pub static ALL: [Workload; 30] = [
    row("pair", "allocate and free 64 bytes", pair::run),
    row(
        "lifo-hundreds",
        "300 live, mixed sizes, last in first out",
        |e| order::run(e, order::Order::Lifo, 300),
    ),
    row(
        "fifo-hundreds",
        "300 live, mixed sizes, first in first out",
        |e| order::run(e, order::Order::Fifo, 300),
    ),
    row("lifo-thousands", "6,000 live, last in first out", |e| {
        order::run(e, order::Order::Lifo, 6_000)
    }),
    row("fifo-thousands", "6,000 live, first in first out", |e| {
        order::run(e, order::Order::Fifo, 6_000)
    }),
    row("lifo-million", "900,000 live, last in first out", |e| {
        order::run(e, order::Order::Lifo, 900_000)
    }),
    row("fifo-million", "900,000 live, first in first out", |e| {
        order::run(e, order::Order::Fifo, 900_000)
    }),
    row("random-few", "1,000 live, one at random replaced", |e| {
        random::run(e, 1_000)
    }),
    row("random-many", "50,000 live, one at random replaced", |e| {
        random::run(e, 50_000)
    }),
    row(
        "random-million",
        "900,000 live, one at random replaced",
        |e| random::run(e, 900_000),
    ),
    row(
        "realloc-small",
        "buffers grown from 16 bytes to 4 KiB by doubling",
        |e| growth::run(e, 16, 4 << 10, 600),
    ),
    row(
        "realloc-large",
        "buffers grown from 4 KiB to 1 MiB by doubling",
        |e| growth::run(e, 4 << 10, 1 << 20, 8),
    ),
    row("pages", "4 to 32 KiB, 64 live", |e| {
        pages::run(e, 4 << 10, 32 << 10, 64, 80)
    }),
    row("large", "64 KiB to 4 MiB, 16 live", |e| {
        pages::run(e, 64 << 10, 4 << 20, 16, 10)
    }),
    row(
        "handoff",
        "one thread allocates 64 bytes, another frees",
        |e| handoff::run(e, 1, 1, handoff::Mix::One),
    ),
    row("handoff-mixed", "the same with 16 bytes to 1 KiB", |e| {
        handoff::run(e, 1, 1, handoff::Mix::Many)
    }),
    row("handoff-1to3", "one thread allocates, three free", |e| {
        handoff::run(e, 1, 3, handoff::Mix::One)
    }),
    row("handoff-3to1", "three threads allocate, one frees", |e| {
        handoff::run(e, 3, 1, handoff::Mix::One)
    }),
    row(
        "threads-leave",
        "short threads leave half of their objects behind",
        threads::leave,
    ),
    row(
        "threads-birth",
        "threads are born, allocate a little and end",
        threads::birth,
    ),
    row(
        "larson",
        "a server: threads replace at random and pass their objects on",
        larson::run,
    ),
    row(
        "json",
        "parse a JSON text into values and drop them",
        library::json,
    ),
    row(
        "sort-strings",
        "copy and sort 20,000 strings",
        library::sort_strings,
    ),
    row("btree", "build and drop a tree of strings", library::btree),
    row(
        "hashmap",
        "build and drop a hash map of strings",
        library::hash_map,
    ),
    row(
        "regex",
        "collect the matches of a pattern in a text",
        library::regex,
    ),
    row(
        "strings",
        "format, join and split short strings",
        library::strings,
    ),
    row(
        "graph",
        "build, walk and drop a tree of boxes",
        library::graph,
    ),
    row(
        "arc-messages",
        "reference-counted messages through a channel",
        library::messages,
    ),
    row(
        "startup",
        "start a program that allocates a little",
        startup::run,
    ),
];

#[cfg(test)]
mod tests;
