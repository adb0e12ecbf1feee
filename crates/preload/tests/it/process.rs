//! Processes: fork while threads allocate, vfork, spawn; a limit on the address space.

use crate::program::must_be_done;

#[test]
fn fork_while_threads_allocate() {
    must_be_done("fork.c", &["fork", "100"]);
}

#[test]
fn children_of_children() {
    must_be_done("fork.c", &["deep", "20"]);
}

#[test]
fn vfork_and_spawn_while_threads_allocate() {
    must_be_done("fork.c", &["vfork", "40"]);
}
