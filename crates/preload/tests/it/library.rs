//! The built library: `target/release/libgomalloc.so` and `.a`, made once per test process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The target directory of this very test run, whatever `CARGO_TARGET_DIR` says by now.
fn target() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary
        .parent()
        .expect("the temporary directory lies in the target directory")
        .to_path_buf()
}

/// Builds both libraries in release mode and says where they lie.
fn release() -> &'static Path {
    static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();
    DIRECTORY.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--package",
                "gomalloc-preload",
            ])
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
            .arg("--target-dir")
            .arg(target())
            .env_remove("LD_PRELOAD")
            .output()
            .expect("cargo can be run");
        assert!(
            output.status.success(),
            "the library under test cannot be built: cargo build --release -p gomalloc-preload\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
        target().join("release")
    })
}

/// The shared library.
pub(crate) fn shared() -> PathBuf {
    existing(release().join("libgomalloc.so"))
}

/// The static library.
pub(crate) fn archive() -> PathBuf {
    existing(release().join("libgomalloc.a"))
}

fn existing(path: PathBuf) -> PathBuf {
    assert!(path.is_file(), "built, but not there: {}", path.display());
    path
}
