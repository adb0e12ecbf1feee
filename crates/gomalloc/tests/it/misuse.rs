//! Wrong pointers end the process with one line that names them: each case in a child process.
use core::alloc::{GlobalAlloc, Layout};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;

const CASE: &str = "GOMALLOC_TEST_MISUSE";
const A: gomalloc::GoMalloc = gomalloc::GoMalloc::new();

/// Runs `case` in a child and returns its standard error; it must have died by SIGABRT.
fn dies(case: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "misuse::child",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CASE, case)
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(6), "{case}: {child:?}");
    String::from_utf8_lossy(&child.stderr).into_owned()
}

#[track_caller]
fn expect_line(case: &str, line: &str) {
    let text = dies(case);
    let found = text.lines().find(|found| found.starts_with("gomalloc: "));
    let found = found.unwrap_or_else(|| panic!("{case}: no line in {text:?}"));
    assert!(
        found.starts_with(&format!("gomalloc: {line} (pointer=0x")),
        "{case}: {found}"
    );
}

#[test]
fn a_foreign_pointer_is_named() {
    expect_line(
        "foreign",
        "free of a pointer that gomalloc did not allocate",
    );
}

#[test]
fn a_double_free_is_named() {
    expect_line("double", "double free");
}

#[test]
fn an_interior_pointer_is_named() {
    expect_line("interior", "free of a pointer into the middle of a block");
}

#[test]
fn a_wrong_layout_is_named() {
    expect_line(
        "layout",
        "free with a layout of another size class than the block has",
    );
}

#[test]
fn a_large_double_free_is_named() {
    expect_line(
        "large-double",
        "free of a pointer to memory that is not in use",
    );
}

#[test]
fn a_large_interior_pointer_is_named() {
    expect_line(
        "large-interior",
        "free of a pointer into the middle of a block",
    );
}

/// The child's part: does nothing in a normal run.
#[test]
fn child() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    let small = Layout::from_size_align(100, 8).unwrap();
    let large = Layout::from_size_align(100_000, 8).unwrap();
    match case.as_str() {
        "foreign" => {
            let mut here = [0_u8; 100];
            free(here.as_mut_ptr(), small);
        }
        "double" => {
            let block = alloc(small);
            free(block, small);
            flush();
            free(block, small);
        }
        "interior" => free(alloc(small).wrapping_add(8), small),
        "layout" => free(alloc(small), Layout::from_size_align(300, 8).unwrap()),
        "large-double" => {
            let block = alloc(large);
            free(block, large);
            free(block, large);
        }
        "large-interior" => free(alloc(large).wrapping_add(8192), large),
        other => panic!("no case {other}"),
    }
    flush();
    // Every case must have died by now.
}

fn alloc(layout: Layout) -> *mut u8 {
    // SAFETY: no layout here is empty.
    unsafe { A.alloc(layout) }
}

fn free(pointer: *mut u8, layout: Layout) {
    // SAFETY: none: this is the misuse that the allocator must notice, and the child ends by it.
    unsafe { A.dealloc(pointer, layout) };
}

/// A thread that ends gives its magazines back, and that is when their slots are checked. The
/// misuse above happened on this thread, so its own magazines are flushed on demand.
fn flush() {
    gomalloc::flush_thread_cache();
}
