//! What every test needs: the command, programs compiled from C, and a stand-in for the library.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use tempfile::TempDir;

/// Programs and the library, compiled once for all tests, in a directory that everyone can enter.
pub(crate) struct World {
    directory: PathBuf,
}

/// The world; its directory lies in the system's temporary one, where another user can run things, too.
pub(crate) fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let world = World {
            directory: directory(),
        };
        world.compile("subject.c", "subject", &[]);
        // Without the C library, whose static form need not be installed.
        let bare = [
            "-static",
            "-nostdlib",
            "-ffreestanding",
            "-fno-stack-protector",
        ];
        world.compile("static.c", "static", &bare);
        world.compile("own_malloc.c", "own_malloc", &["-fno-builtin"]);
        world.compile("empty.c", "empty.so", &["-shared", "-fPIC"]);
        world.compile(
            "library.c",
            "libgomalloc.so",
            &["-shared", "-fPIC", "-pthread", "-fno-builtin"],
        );
        world
    })
}

/// This process's directory. The test harness ends without a last word, so the directories of earlier processes
/// are removed here.
fn directory() -> PathBuf {
    let prefix = "gomalloc-cli-tests-";
    let parent = env::temp_dir();
    for entry in fs::read_dir(&parent)
        .expect("the temporary directory")
        .flatten()
    {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(prefix));
        if process.is_some_and(|process| !Path::new("/proc").join(process).exists()) {
            // Another user's, or another test process is at it.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
    let directory = parent.join(format!("{prefix}{}", std::process::id()));
    fs::create_dir(&directory).expect("a directory of our own");
    set_mode(&directory, 0o755);
    directory
}

/// A fresh directory that every user can enter.
pub(crate) fn scratch() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    set_mode(directory.path(), 0o755);
    directory
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set permissions");
}

/// Copies a program. Not by [`fs::copy`]: a child that another test forks at that moment would hold the file
/// open for writing, and the kernel runs no such file ("text file busy").
pub(crate) fn install(from: impl AsRef<Path>, to: impl AsRef<Path>, mode: u32) {
    let mut install = Command::new("install");
    install
        .arg(format!("--mode={mode:o}"))
        .arg(from.as_ref())
        .arg(to.as_ref());
    assert!(
        install.status().is_ok_and(|status| status.success()),
        "install {}",
        to.as_ref().display()
    );
}

/// Writes a program's bytes, in the same way.
pub(crate) fn install_bytes(bytes: impl AsRef<[u8]>, to: impl AsRef<Path>, mode: u32) {
    let draft = to.as_ref().with_extension("draft");
    fs::write(&draft, bytes).expect("write a program");
    install(&draft, to, mode);
}

impl World {
    fn compile(&self, source: &str, name: &str, flags: &[&str]) {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it/c")
            .join(source);
        let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler
            .args(["-O1", "-Wall", "-Werror", "-o"])
            .arg(self.path(name))
            .arg(source)
            .args(flags);
        let output = compiler.output().expect("a C compiler called cc");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// The file `name` of this world.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// `gomalloc` with nothing in its environment that would change what it does, and no signal ignored: a shell
    /// starts what it runs in the background with SIGINT and SIGQUIT ignored, tests too.
    pub(crate) fn gomalloc(&self) -> Command {
        let mut command = Command::new("/usr/bin/env");
        command.args(["--default-signal", env!("CARGO_BIN_EXE_gomalloc")]);
        for name in ["GOMALLOC_RUN_DIR", "GOMALLOC_RUN_UNLINK", "LD_PRELOAD"] {
            command.env_remove(name);
        }
        command.env("GOMALLOC_LIBRARY", self.path("libgomalloc.so"));
        command
    }

    /// `gomalloc run OPTIONS -- PROGRAM`; arguments are the caller's to add.
    pub(crate) fn run(&self, options: &[&str], program: impl AsRef<OsStr>) -> Command {
        let mut command = self.gomalloc();
        command.arg("run").args(options).arg("--").arg(program);
        command
    }

    /// `gomalloc run OPTIONS -- subject ARGUMENTS`, to its end.
    pub(crate) fn subject(&self, options: &[&str], arguments: &[&str]) -> Output {
        self.run(options, self.path("subject"))
            .args(arguments)
            .output()
            .expect("gomalloc runs")
    }
}

/// Standard output as text.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// Standard error as text.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// Asserts that the command failed by itself: `status`, nothing on standard output, and one line with every
/// one of `parts`.
#[track_caller]
pub(crate) fn assert_line(output: &Output, status: i32, parts: &[&str]) {
    let line = err(output);
    assert_eq!(output.status.code(), Some(status), "{line}");
    assert_eq!(out(output), "", "nothing is said on standard output");
    assert!(
        line.starts_with("gomalloc: ") && line.ends_with('\n') && line.lines().count() == 1,
        "one line: {line:?}"
    );
    for part in parts {
        assert!(line.contains(part), "{part:?} in {line:?}");
    }
}

/// Whether this process may do everything.
pub(crate) fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Says why a test, or a part of it, proves nothing here.
#[expect(
    clippy::print_stderr,
    reason = "the test harness shows it with the test's output"
)]
pub(crate) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}
