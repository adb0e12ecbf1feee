//! The directories in which the processes of a run make their records.
//!
//! ```text
//! BASE/gomalloc-UID/            0700, ours           BASE: XDG_RUNTIME_DIR, /dev/shm or the temporary one
//!   live/PID.STARTED            programs started by a plain `run`; each removes its own
//!   run-PID.STARTED/PID.STARTED one `run --stats`, which removes the directory at its end
//! ```
//!
//! What killed processes leave behind is swept away by the next `run`.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::{getpid, getuid};
use rustix::time::{ClockId, clock_gettime};

use crate::record::{DIR_BYTES, Record, Snapshot};

/// Nanoseconds since the system booted: the clock of every record.
pub(crate) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    seconds * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap_or(0)
}

/// A process and when it, or its record, began: the name of a record's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tag {
    pub(crate) pid: u32,
    pub(crate) started_ns: u64,
}

impl Tag {
    /// Of this process, now.
    fn own() -> Self {
        Tag {
            pid: getpid().as_raw_nonzero().get().unsigned_abs(),
            started_ns: now_ns(),
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (pid, started_ns) = name.split_once('.')?;
        Some(Tag {
            pid: pid.parse().ok()?,
            started_ns: started_ns.parse().ok()?,
        })
    }

    /// Whether the process of this number is still the one that made the record.
    pub(crate) fn is_alive(self) -> bool {
        process_start_ns(self.pid).is_some_and(|start| start <= self.started_ns)
    }
}

impl core::fmt::Display for Tag {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}.{}", self.pid, self.started_ns)
    }
}

/// When process `pid` started, rounded down to the kernel's tick; none: there is no such process, or it
/// has ended and waits for its parent.
fn process_start_ns(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; state is the first field after it, start time the 20th.
    let stat = String::from_utf8_lossy(&stat);
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    let ticks: u64 = fields.nth(18)?.parse().ok()?;
    Some(ticks.checked_mul(1_000_000_000)? / rustix::param::clock_ticks_per_second())
}

/// Our own directory below the first base that will have it.
fn root() -> io::Result<PathBuf> {
    let bases = [
        env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from),
        Some("/dev/shm".into()),
        Some(env::temp_dir()),
    ];
    let mut refusal = io::Error::from(io::ErrorKind::NotFound);
    for base in bases
        .into_iter()
        .flatten()
        .filter(|base| base.is_absolute())
    {
        match root_in(&base) {
            Ok(root) => return Ok(root),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

fn root_in(base: &Path) -> io::Result<PathBuf> {
    let root = base.join(format!("gomalloc-{}", getuid().as_raw()));
    // Room for `/run-PID.STARTED`.
    if root.as_os_str().as_bytes().len() + 48 > DIR_BYTES {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    make(&root)?;
    // In a directory that everyone writes to, somebody else may have been first.
    let metadata = fs::symlink_metadata(&root)?;
    if !metadata.is_dir() || metadata.uid() != getuid().as_raw() || metadata.mode() & 0o077 != 0 {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    Ok(root)
}

/// Makes a directory that only its owner can enter, unless there is one.
fn make(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The directory for programs that nobody waits for. Clears away what dead ones left.
pub(crate) fn live() -> io::Result<PathBuf> {
    let root = root()?;
    sweep(&root);
    let live = root.join("live");
    make(&live)?;
    Ok(live)
}

/// The directory of one `run --stats`; removed with everything in it when dropped.
#[derive(Debug)]
pub(crate) struct RunDir {
    path: PathBuf,
}

impl RunDir {
    pub(crate) fn create() -> io::Result<Self> {
        let root = root()?;
        sweep(&root);
        let path = root.join(format!("run-{}", Tag::own()));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(RunDir { path })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The figures of every process, in the order in which they began.
    pub(crate) fn snapshots(&self) -> Vec<Snapshot> {
        snapshots(&self.path)
    }
}

impl RunDir {
    /// Leaves every record to the run inside which this one was started, for its total.
    pub(crate) fn hand_over(self, outer: &Path) {
        for tag in tags(&self.path) {
            let name = tag.to_string();
            // Names are unique: a number and a time. On another file system the outer total lacks these.
            let _ = fs::rename(self.path.join(&name), outer.join(&name));
        }
    }
}

impl Drop for RunDir {
    fn drop(&mut self) {
        // What cannot be removed now is swept later.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// The figures in a directory of records, in the order in which these began.
pub(crate) fn snapshots(directory: &Path) -> Vec<Snapshot> {
    let mut tags = tags(directory);
    tags.sort_unstable_by_key(|tag| tag.started_ns);
    // Half-made or foreign files are no records.
    let records = tags
        .iter()
        .filter_map(|tag| Record::open(&directory.join(tag.to_string())).ok());
    records.map(|record| record.read()).collect()
}

fn names(directory: &Path) -> impl Iterator<Item = String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok())
}

fn tags(directory: &Path) -> Vec<Tag> {
    names(directory)
        .filter_map(|name| Tag::parse(&name))
        .collect()
}

/// Removes the records of dead processes, and the directories of runs that were killed.
fn sweep(root: &Path) {
    let live = root.join("live");
    for tag in tags(&live).into_iter().filter(|tag| !tag.is_alive()) {
        let _ = fs::remove_file(live.join(tag.to_string()));
    }
    for name in names(root) {
        let run = name.strip_prefix("run-").and_then(Tag::parse);
        let path = root.join(&name);
        if run.is_some_and(|run| !run.is_alive()) && !tags(&path).into_iter().any(Tag::is_alive) {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// The directory of the `run --stats` that process `pid` is.
pub(crate) fn of_waiting_run(pid: u32) -> Option<PathBuf> {
    let root = root().ok()?;
    let is_its = |name: &String| {
        let run = name.strip_prefix("run-").and_then(Tag::parse);
        run.is_some_and(|run| run.pid == pid && run.is_alive())
    };
    names(&root).find(is_its).map(|name| root.join(name))
}

#[cfg(test)]
mod tests;
