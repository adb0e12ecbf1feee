//! The line that is written, and how the process ends (in a child).
use super::{LINE_BYTES, Line};

#[test]
fn numbers_are_written_in_hexadecimal_and_long_text_is_cut() {
    let mut line = Line::new();
    line.push_hex(0);
    line.push_str(" ");
    line.push_hex(0xc000);
    line.push_str(" ");
    line.push_hex(usize::MAX);
    let whole = std::format!("0x0 0xc000 {:#x}", usize::MAX);
    assert_eq!(line.as_bytes(), whole.as_bytes());
    for _ in 0..LINE_BYTES {
        line.push(b'x');
    }
    assert_eq!(line.as_bytes().len(), LINE_BYTES);
    line.end();
    assert_eq!(line.as_bytes().len(), LINE_BYTES);
    assert!(
        line.as_bytes().ends_with(b"x\n"),
        "a cut line is still a line"
    );
}

#[cfg(all(unix, not(miri)))]
#[test]
fn the_process_ends_with_one_line_and_sigabrt() {
    use std::os::unix::process::ExitStatusExt;
    const CHILD: &str = "GOMALLOC_SYNC_TEST_FATAL";
    if std::env::var_os(CHILD).is_some() {
        crate::fatal("a test", &[("pointer", 0xc0), ("slot", 7)]);
    }
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["the_process_ends_with_one_line_and_sigabrt", "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert_eq!(child.status.signal(), Some(6), "SIGABRT");
    let text = std::string::String::from_utf8(child.stderr).unwrap();
    assert!(
        text.contains("gomalloc: a test (pointer=0xc0, slot=0x7)\n"),
        "{text:?}"
    );
}
