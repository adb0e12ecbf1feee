//! A program under test: compiled from `tests/programs`, run with a time limit, its end reported.
//!
//! Output goes to files, so that a program that writes much cannot block on us.

use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Instant;

use crate::library;

/// No program here needs a tenth of it, even on a loaded machine.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ended {
    /// The run came to its end and found nothing.
    #[track_caller]
    pub(crate) fn must_be_done(&self) {
        assert!(
            self.status.success() && self.output.ends_with("done\n") && self.errors.is_empty(),
            "{self:#?}"
        );
    }

    /// The signal that ended it.
    pub(crate) fn signal(&self) -> Option<i32> {
        self.status.signal()
    }
}

/// The directory for what this test run makes.
pub(crate) fn scratch() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

/// A name in [`scratch`] that no other test, and no other test process, uses.
pub(crate) fn unique(stem: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    scratch().join(format!("{stem}-{}-{number}", std::process::id()))
}

/// Compiles `tests/programs/SOURCE` (C or C++ by its ending) with more `arguments`.
pub(crate) fn compile(source: &str, arguments: &[&OsStr]) -> PathBuf {
    let programs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let compiler = if source.ends_with(".cpp") {
        "c++"
    } else {
        "cc"
    };
    let built = unique(source);
    let output = Command::new(compiler)
        // -fno-builtin: the compiler may otherwise drop a malloc whose block is only freed.
        .args([
            "-O1",
            "-g",
            "-D_GNU_SOURCE",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fno-builtin",
            "-pthread",
        ])
        .args([
            "-Wno-alloc-size-larger-than",
            "-Wno-deprecated-declarations",
        ])
        .args(["-Wno-use-after-free", "-Wno-free-nonheap-object"])
        .arg(if compiler == "cc" {
            "-std=gnu17"
        } else {
            "-std=c++17"
        })
        .arg(programs.join(source))
        .arg("-o")
        .arg(&built)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{compiler} cannot be run: {error}"));
    assert!(
        output.status.success(),
        "{compiler} {source}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    built
}

/// A command for `program` with the library preloaded.
pub(crate) fn preloaded(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LD_PRELOAD", library::shared());
    command
}

/// Runs `command` to its end, within the time limit.
#[track_caller]
pub(crate) fn run(mut command: Command) -> Ended {
    let (output, errors) = (unique("output"), unique("errors"));
    let mut child = command
        .stdin(std::process::Stdio::null())
        .stdout(File::create(&output).expect("the scratch directory can be written"))
        .stderr(File::create(&errors).expect("the scratch directory can be written"))
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            break status;
        }
        if start.elapsed() > TIME_LIMIT {
            child.kill().expect("a child can be killed");
            panic!("{command:?}: still running after {TIME_LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = |path: &Path| {
        let bytes = fs::read(path).expect("the output was just written");
        fs::remove_file(path).expect("the output can be removed");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ended {
        status,
        output: text(&output),
        errors: text(&errors),
    }
}

/// Compiles and runs a program that must come to its end under the library.
#[track_caller]
pub(crate) fn must_be_done(source: &str, arguments: &[&str]) {
    let mut command = preloaded(&compile(source, &[]));
    command.args(arguments);
    run(command).must_be_done();
}
