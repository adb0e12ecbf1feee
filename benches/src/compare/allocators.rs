//! Which allocators there are, and how `workload` is built for each.
//!
//! Every one has a target folder of its own: in one folder each build would undo the other's.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// An allocator that `workload` can be built with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allocator {
    /// What is typed, what stands in the table, and what the built program says of itself.
    pub name: &'static str,
    /// The feature of this package; `None` for the system's.
    feature: Option<&'static str>,
    /// What must be installed to build it beside Rust.
    pub needs: &'static str,
}

const fn allocator(name: &'static str, needs: &'static str) -> Allocator {
    Allocator {
        name,
        feature: Some(name),
        needs,
    }
}

/// All of them; the first is the one that the others are compared with unless told otherwise.
pub static ALL: [Allocator; 9] = [
    Allocator {
        name: "gomalloc",
        feature: Some("ours"),
        needs: "nothing",
    },
    Allocator {
        name: "system",
        feature: None,
        needs: "nothing",
    },
    allocator("mimalloc-v2", "a C compiler"),
    allocator("mimalloc-v3", "a C compiler"),
    allocator("jemalloc", "a C compiler and make"),
    allocator("snmalloc", "a C++ compiler and cmake"),
    allocator("rpmalloc", "a C compiler"),
    allocator("rusty_alloc", "nothing"),
    allocator("tcmalloc", "a C++ compiler"),
];

/// The allocator of that name.
#[must_use]
pub fn find(name: &str) -> Option<Allocator> {
    ALL.iter().copied().find(|allocator| allocator.name == name)
}

impl Allocator {
    /// Builds `workload` with this allocator below `root`'s target folder; the program's path.
    ///
    /// # Errors
    /// One line: what failed, and where the compiler's words are.
    pub fn build(&self, root: &Path) -> Result<PathBuf, String> {
        let target = root.join("target/compare").join(self.name);
        let log = target.join("build.log");
        let failed = |what: &str| format!("{what}; it needs {}; see {}", self.needs, log.display());
        std::fs::create_dir_all(&target).map_err(|error| failed(&error.to_string()))?;
        let output = std::fs::File::create(&log).map_err(|error| failed(&error.to_string()))?;
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo
            .args([
                "build",
                "--release",
                "--locked",
                "-p",
                "gomalloc-benches",
                "--bin",
                "workload",
            ])
            .arg("--no-default-features")
            .arg("--target-dir")
            .arg(&target)
            // Programs are compared as they are shipped: no flags of somebody's shell.
            .env_remove("RUSTFLAGS")
            .env_remove("CFLAGS")
            .env_remove("CXXFLAGS")
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(output);
        if let Some(feature) = self.feature {
            cargo.args(["--features", feature]);
        }
        let status = cargo.status().map_err(|error| failed(&error.to_string()))?;
        if !status.success() {
            return Err(failed("does not build"));
        }
        Ok(target.join("release/workload"))
    }
}
