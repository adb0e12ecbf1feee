//! The statistics record, version 1: the page through which a process tells its figures. Here: its reader.
//!
#![doc = include_str!("record.md")]

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::{Mode, OFlags};
use serde::Serialize;

mod shared;
#[cfg(test)]
pub(crate) mod tests;

/// Names the directory in which every process makes its record.
pub(crate) const DIR_VARIABLE: &str = "GOMALLOC_RUN_DIR";
/// `1`: a process removes its record again when it ends. Set where nobody sums up afterwards.
pub(crate) const UNLINK_VARIABLE: &str = "GOMALLOC_RUN_UNLINK";
/// The library keeps the directory's name in a buffer of this size.
pub(crate) const DIR_BYTES: usize = 200;

/// Size of a record, and of its file.
pub(crate) const BYTES: usize = 4096;
/// A record is read as so many words of eight bytes.
pub(crate) const WORDS: usize = BYTES / 8;

const MAGIC: u64 = u64::from_le_bytes(*b"GOMALLOC");
const VERSION: u32 = 1;
/// Size classes in the record; the larger of the two tables has 68.
const CLASSES: usize = 68;

// Word numbers: byte offset / 8.
const SEQUENCE: usize = 2;
const PID_PPID: usize = 3;
const NAME: usize = 4;
const STARTED: usize = 6;
const COUNTERS: usize = 9;
const BY_SIZE: usize = 32;
const INHERITED: usize = 256;
const INHERITED_BY_SIZE: usize = 260;

const _: () = {
    assert!(
        BY_SIZE + 3 * CLASSES <= INHERITED,
        "the classes end before the inherited counters"
    );
    assert!(
        INHERITED_BY_SIZE + 2 * CLASSES <= WORDS,
        "everything lies in one page"
    );
};

/// Why a file is not a record that can be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("it is {0} bytes long, not {BYTES}")]
    Length(u64),
    #[error("it does not begin with the record's mark")]
    Magic,
    #[error("its version is {0}, this command reads version {VERSION}")]
    Version(u32),
}

/// What one process did in one size class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct BySize {
    /// Bytes of a slot.
    pub(crate) size: u64,
    /// Since the record began.
    pub(crate) mallocs: u64,
    /// Since the record began; may exceed `mallocs` in a fork's child, which frees what it inherited.
    pub(crate) frees: u64,
    /// Blocks alive, inherited ones included.
    pub(crate) live: u64,
}

/// The figures of one process, as one consistent copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Snapshot {
    pub(crate) pid: u32,
    pub(crate) ppid: u32,
    /// The process's name, at most 15 bytes.
    pub(crate) name: String,
    /// When the record was made, in nanoseconds since the system booted.
    pub(crate) started_ns: u64,
    /// When it was last written, on the same clock.
    pub(crate) updated_ns: u64,
    /// Written at a normal exit; otherwise the figures are those of the last refresh.
    pub(crate) finished: bool,
    /// False: the writer died half-way, figures may not fit together.
    pub(crate) consistent: bool,
    #[serde(flatten)]
    pub(crate) figures: Figures,
}

/// Counters and gauges of one process, or the sum over several.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Figures {
    pub(crate) mallocs: u64,
    pub(crate) frees: u64,
    /// Blocks alive, large ones and inherited ones included.
    pub(crate) live: u64,
    pub(crate) live_bytes: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) mapped_bytes: u64,
    pub(crate) released_bytes: u64,
    pub(crate) large_mallocs: u64,
    pub(crate) large_frees: u64,
    /// Large blocks alive, inherited ones included.
    pub(crate) large_live: u64,
    pub(crate) cache_bytes: u64,
    pub(crate) metadata_bytes: u64,
    /// Ascending by size; only classes in which anything happened.
    pub(crate) by_size: Vec<BySize>,
}

/// A record that is mapped and can be read again and again while its process runs.
#[derive(Debug)]
pub(crate) struct Record {
    page: shared::Page,
}

impl Record {
    /// Maps the record at `path`.
    ///
    /// A file that its owner shortens while it is mapped ends this command with SIGBUS: records lie in
    /// directories that only their user can enter.
    pub(crate) fn open(path: &Path) -> Result<Self, RecordError> {
        // Writable, because atomic loads from read-only memory are not promised to work. Neither a link
        // nor a pipe that somebody put there is followed or waited for.
        let flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file =
            File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from)?);
        let metadata = file.metadata()?;
        if !metadata.is_file() || metadata.len() != BYTES as u64 {
            return Err(RecordError::Length(metadata.len()));
        }
        let record = Record {
            page: shared::Page::map(&file)?,
        };
        check(&record.page.copy().words)?;
        Ok(record)
    }

    /// The process's figures now.
    pub(crate) fn read(&self) -> Snapshot {
        let copy = self.page.copy();
        parse(&copy.words, copy.consistent)
    }
}

fn check(words: &[u64; WORDS]) -> Result<(), RecordError> {
    if words[0] != MAGIC {
        return Err(RecordError::Magic);
    }
    let (version, _) = halves(words[1]);
    if version != VERSION {
        return Err(RecordError::Version(version));
    }
    Ok(())
}

/// The low and the high half of a word: two neighbouring fields of four bytes.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the point is to take half of the bits"
)]
fn halves(word: u64) -> (u32, u32) {
    (word as u32, (word >> 32) as u32)
}

fn parse(words: &[u64; WORDS], consistent: bool) -> Snapshot {
    let (pid, ppid) = halves(words[PID_PPID]);
    let [started_ns, updated_ns, finished] =
        [words[STARTED], words[STARTED + 1], words[STARTED + 2]];
    Snapshot {
        pid,
        ppid,
        name: name(words),
        started_ns,
        updated_ns,
        finished: finished != 0,
        consistent,
        figures: figures(words),
    }
}

fn name(words: &[u64; WORDS]) -> String {
    let bytes = words[NAME..NAME + 2]
        .iter()
        .flat_map(|word| word.to_le_bytes());
    let bytes: Vec<u8> = bytes.take_while(|&byte| byte != 0).collect();
    // A name may hold anything; a terminal must not.
    String::from_utf8_lossy(&bytes)
        .chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

fn figures(words: &[u64; WORDS]) -> Figures {
    let counter = |index: usize| words[COUNTERS + index];
    let since = |index: usize, inherited: usize| {
        counter(index).saturating_sub(words[INHERITED + inherited])
    };
    let (mallocs, frees) = (since(0, 0), since(1, 1));
    let (large_mallocs, large_frees) = (since(6, 2), since(7, 3));
    Figures {
        mallocs,
        frees,
        live: counter(0).saturating_sub(counter(1)),
        live_bytes: counter(2),
        peak_bytes: counter(3),
        mapped_bytes: counter(4),
        released_bytes: counter(5),
        large_mallocs,
        large_frees,
        large_live: counter(6).saturating_sub(counter(7)),
        cache_bytes: counter(8),
        metadata_bytes: counter(9),
        by_size: (0..CLASSES)
            .filter_map(|class| by_size(words, class))
            .collect(),
    }
}

fn by_size(words: &[u64; WORDS], class: usize) -> Option<BySize> {
    let at = BY_SIZE + 3 * class;
    let (size, mallocs, frees) = (words[at], words[at + 1], words[at + 2]);
    let inherited = INHERITED_BY_SIZE + 2 * class;
    let row = BySize {
        size,
        mallocs: mallocs.saturating_sub(words[inherited]),
        frees: frees.saturating_sub(words[inherited + 1]),
        live: mallocs.saturating_sub(frees),
    };
    (size != 0 && (row.mallocs, row.frees, row.live) != (0, 0, 0)).then_some(row)
}

impl Figures {
    /// The sum over processes. Every figure is added up, the peaks too: they need not have come at the
    /// same time, so the sum is an upper bound.
    pub(crate) fn total<'a>(parts: impl IntoIterator<Item = &'a Figures>) -> Figures {
        let mut total = Figures::default();
        for part in parts {
            total.add(part);
        }
        total
    }

    fn add(&mut self, other: &Figures) {
        let add = |sum: &mut u64, part: u64| *sum = sum.saturating_add(part);
        add(&mut self.mallocs, other.mallocs);
        add(&mut self.frees, other.frees);
        add(&mut self.live, other.live);
        add(&mut self.live_bytes, other.live_bytes);
        add(&mut self.peak_bytes, other.peak_bytes);
        add(&mut self.mapped_bytes, other.mapped_bytes);
        add(&mut self.released_bytes, other.released_bytes);
        add(&mut self.large_mallocs, other.large_mallocs);
        add(&mut self.large_frees, other.large_frees);
        add(&mut self.large_live, other.large_live);
        add(&mut self.cache_bytes, other.cache_bytes);
        add(&mut self.metadata_bytes, other.metadata_bytes);
        for row in &other.by_size {
            self.add_row(row);
        }
    }

    /// Rows are matched by size, not by number: two processes may run on two tables.
    fn add_row(&mut self, row: &BySize) {
        match self
            .by_size
            .binary_search_by_key(&row.size, |mine| mine.size)
        {
            Ok(index) => {
                let mine = &mut self.by_size[index];
                mine.mallocs = mine.mallocs.saturating_add(row.mallocs);
                mine.frees = mine.frees.saturating_add(row.frees);
                mine.live = mine.live.saturating_add(row.live);
            }
            Err(index) => self.by_size.insert(index, *row),
        }
    }
}
