//! Wrong frees inside an arena: one clear line that names the pointer, and SIGABRT.

use crate::program::{compile, preloaded, run};

const SIGABRT: i32 = 6;

/// Runs `invalid MODE`, and finds the pointer it printed in the one line on standard error.
#[track_caller]
fn must_end(mode: &str) {
    let mut command = preloaded(&compile("invalid.c", &[]));
    command.arg(mode);
    let ended = run(command);
    assert_eq!(ended.signal(), Some(SIGABRT), "{ended:#?}");
    assert_eq!(ended.errors.lines().count(), 1, "{ended:#?}");
    assert!(ended.errors.starts_with("gomalloc: "), "{ended:#?}");
    let pointer = ended.output.trim();
    assert!(pointer.starts_with("0x"), "{ended:#?}");
    assert!(
        ended.errors.contains(pointer),
        "{pointer} is not named: {ended:#?}"
    );
}

macro_rules! must_end {
    ($($test:ident: $mode:literal)*) => {$(
        #[test]
        fn $test() {
            must_end($mode);
        }
    )*};
}

must_end! {
    interior_of_a_small_block: "interior"
    unaligned_pointer: "unaligned"
    interior_of_a_large_block: "interior-large"
    double_free: "double"
    double_free_after_others: "double-later"
    double_free_of_a_large_block: "double-large"
    realloc_of_a_freed_large_block: "realloc-freed-large"
    usable_size_of_a_freed_large_block: "usable-size-freed-large"
    pointer_that_was_never_handed_out: "never-handed-out"
}
