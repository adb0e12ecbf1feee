//! Finding the records of a running process.
//!
//! A process has its record mapped, so its own list of mappings names the file, whatever its environment
//! says by now and whichever directory the run used. A waiting `run --stats` has none; the directory that
//! it made is found by its number.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::error::Failure;
use crate::record::{Figures, Record, Snapshot};
use crate::rundir::{self, Tag, now_ns};

/// What can be looked at again and again.
#[derive(Debug)]
pub(crate) enum Target {
    /// One process.
    Process { pid: u32, record: Record },
    /// Every process of a `run --stats`.
    Run { pid: u32, directory: PathBuf },
}

/// What a look shows.
#[derive(Debug, Serialize)]
pub(crate) struct View {
    /// As it was asked for.
    pub(crate) pid: u32,
    /// On the clock of the records.
    pub(crate) now_ns: u64,
    pub(crate) total: Figures,
    pub(crate) processes: Vec<Snapshot>,
}

impl Target {
    /// The process, or the run, with this number.
    pub(crate) fn find(pid: u32) -> Result<Self, Failure> {
        let failure = |why: &str| Failure::other(format!("process {pid}: {why}"));
        let maps = match fs::read(format!("/proc/{pid}/maps")) {
            Ok(maps) => maps,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(failure("not permitted to look at it"));
            }
            Err(_) => return Err(failure("no such process")),
        };
        // A fork's child has its parent's record mapped until it has made its own: the newest counts.
        let mut mapped = mapped_records(&String::from_utf8_lossy(&maps));
        mapped.sort_unstable_by_key(|(tag, _)| tag.started_ns);
        if let Some((_, path)) = mapped.pop() {
            let record = open(pid, &path);
            return record
                .map(|record| Target::Process { pid, record })
                .map_err(|error| failure(&error));
        }
        match rundir::of_waiting_run(pid) {
            Some(directory) => Ok(Target::Run { pid, directory }),
            None => Err(failure(
                "it has no figures: it was not started with `gomalloc run`, or ends just now",
            )),
        }
    }

    /// The figures now.
    pub(crate) fn look(&self) -> View {
        let (pid, processes) = match self {
            Target::Process { pid, record } => (*pid, vec![record.read()]),
            Target::Run { pid, directory } => (*pid, rundir::snapshots(directory)),
        };
        let total = Figures::total(processes.iter().map(|process| &process.figures));
        View {
            pid,
            now_ns: now_ns(),
            total,
            processes,
        }
    }
}

/// Files in a list of mappings whose names are those of records.
fn mapped_records(maps: &str) -> Vec<(Tag, PathBuf)> {
    let paths = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| Path::new(&line[start..])));
    paths
        .filter_map(|path| Some((Tag::parse(path.file_name()?.to_str()?)?, path.to_owned())))
        .collect()
}

fn open(pid: u32, path: &Path) -> Result<Record, String> {
    // Inside a container the same name means another file: by way of the process's own root.
    let inside =
        PathBuf::from(format!("/proc/{pid}/root")).join(path.strip_prefix("/").unwrap_or(path));
    Record::open(path)
        .or_else(|error| Record::open(&inside).map_err(|_| format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests;
