//! The `gomalloc` command.
fn main() {}
