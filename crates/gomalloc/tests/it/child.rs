//! Parts of tests that need a process of their own: this binary once more, told by a variable.
//!
//! A child that hangs is ended by its own alarm clock, so that a deadlock fails a test instead of
//! stopping it.
use std::process::{Command, Output};

/// Says which case of which test the child is to play.
const CASE: &str = "GOMALLOC_TEST_CHILD";

/// Longest life of a child in seconds; some hundred times what it takes on an idle machine.
const SECONDS: u32 = 300;

/// Runs the test `part` in a process of its own, where [`case`] answers with `case`.
pub(crate) fn output(part: &str, case: &str) -> Output {
    command(part, case).output().unwrap()
}

/// As [`output`], not started yet.
pub(crate) fn command(part: &str, case: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([part, "--exact", "--nocapture", "--test-threads=1"])
        .env(CASE, case)
        // Symbols for a backtrace cost seconds; what a child says is enough.
        .env("RUST_BACKTRACE", "0");
    command
}

/// Runs a part that must end well, and returns what it wrote.
#[track_caller]
pub(crate) fn succeeds(part: &str, case: &str) -> String {
    let child = output(part, case);
    let mut text = String::from_utf8_lossy(&child.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&child.stderr));
    assert!(
        child.status.success(),
        "{part}, {case}: {}:\n{text}",
        child.status
    );
    text
}

/// The child's part: its case. `None` in a normal run, where parts have nothing to do.
pub(crate) fn case() -> Option<String> {
    let case = std::env::var(CASE).ok()?;
    set_alarm(SECONDS);
    Some(case)
}

/// Ends this process by a signal after so many seconds.
pub(crate) fn set_alarm(seconds: u32) {
    // SAFETY: has no preconditions.
    unsafe { libc::alarm(seconds) };
}

/// `short` in a normal run, `full` with `GOMALLOC_TEST_FULL=1`.
pub(crate) fn scaled(short: usize, full: usize) -> usize {
    if std::env::var_os("GOMALLOC_TEST_FULL").is_some_and(|value| value == "1") {
        full
    } else {
        short
    }
}
