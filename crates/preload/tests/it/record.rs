//! The statistics record: what `gomalloc run` finds in its directory.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{compile, preloaded, run, unique};

/// A record as its file says it.
struct Record(Vec<u8>);

impl Record {
    fn word(&self, offset: usize) -> u64 {
        let bytes = self.0[offset..offset + 8].try_into().expect("8 bytes");
        u64::from_le_bytes(bytes)
    }

    fn half(&self, offset: usize) -> u32 {
        let bytes = self.0[offset..offset + 4].try_into().expect("4 bytes");
        u32::from_le_bytes(bytes)
    }

    fn pid(&self) -> u32 {
        self.half(24)
    }

    fn mallocs(&self) -> u64 {
        self.word(72)
    }

    fn inherited_mallocs(&self) -> u64 {
        self.word(2048)
    }
}

/// Every record in `directory`, in the order of their start; checks what all have in common.
fn records(directory: &Path) -> Vec<Record> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("the directory is there") {
        let path = entry.expect("the directory can be read").path();
        let record = Record(fs::read(&path).expect("a record can be read"));
        assert_eq!(record.0.len(), 4096);
        assert_eq!(&record.0[..8], b"GOMALLOC");
        assert_eq!((record.half(8), record.half(12)), (1, 4096));
        assert_eq!(record.word(16) % 2, 0, "nobody is writing");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a plain name");
        assert_eq!(name, format!("{}.{}", record.pid(), record.word(48)));
        assert!(
            record.word(56) >= record.word(48),
            "refreshed after its start"
        );
        found.push(record);
    }
    found.sort_by_key(|record| record.word(48));
    found
}

fn new_directory() -> PathBuf {
    let directory = unique("records");
    fs::create_dir(&directory).expect("the scratch directory can be written");
    directory
}

/// Runs `record MODE` with a record directory.
fn run_with_records(mode: &str, unlink: bool) -> Vec<Record> {
    let directory = new_directory();
    let mut command = preloaded(&compile("record.c", &[]));
    command.arg(mode).env("GOMALLOC_RUN_DIR", &directory);
    if unlink {
        command.env("GOMALLOC_RUN_UNLINK", "1");
    }
    run(command).must_be_done();
    records(&directory)
}

#[test]
fn figures_at_exit() {
    let records = run_with_records("plain", false);
    let [record] = records.as_slice() else {
        panic!("{} records for one process", records.len());
    };
    assert_eq!(record.word(64), 1, "finished");
    assert_eq!(&record.0[32..39], b"record.");
    // record.c: 100,000 blocks of 100 bytes, 10 of 1 MiB, half of each freed.
    let (mallocs, frees) = (record.mallocs(), record.word(80));
    assert!((100_010..101_000).contains(&mallocs), "{mallocs}");
    assert!((50_005..51_000).contains(&frees), "{frees}");
    let (live, peak, mapped) = (record.word(88), record.word(96), record.word(104));
    assert!((10_000_000..16_000_000).contains(&live), "{live}");
    assert!(peak >= live && peak >= 20_000_000, "{peak}");
    assert!(mapped >= live, "{mapped}");
    assert_eq!((record.word(120), record.word(128)), (10, 5));
    let mut by_size = 0;
    for class in 0..68 {
        let at = 256 + 24 * class;
        let (size, mallocs) = (record.word(at), record.word(at + 8));
        by_size += mallocs;
        if size == 112 {
            assert!(mallocs >= 100_000, "{mallocs}");
        }
    }
    assert_eq!(by_size + record.word(120), mallocs);
    assert_eq!(record.inherited_mallocs(), 0);
}

#[test]
fn a_child_has_a_record_of_its_own() {
    let records = run_with_records("fork", false);
    assert_eq!(records.len(), 2);
    let (parent, child) = (&records[0], &records[1]);
    assert_eq!(child.half(28), parent.pid(), "the child's parent");
    assert_ne!(child.pid(), parent.pid());
    let before = child.inherited_mallocs();
    assert!((100_000..101_000).contains(&before), "{before}");
    let own = child.mallocs() - before;
    assert!((20_000..21_000).contains(&own), "{own}");
    assert!(parent.mallocs() < 101_000);
}

/// What a process without a normal end leaves is at most some milliseconds old.
#[test]
fn figures_of_a_process_that_is_cut_short() {
    let records = run_with_records("cut-short", false);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].word(64), 0, "not finished");
    // 100,010 blocks, then 60,000 in 60 ms.
    let mallocs = records[0].mallocs();
    assert!((120_000..162_000).contains(&mallocs), "{mallocs}");
}

#[test]
fn a_finished_record_can_be_removed() {
    assert!(run_with_records("plain", true).is_empty());
}

#[test]
fn exec_and_vfork_keep_their_records_apart() {
    let records = run_with_records("exec", false);
    // The program itself, then `true`, which it became; and one spawned with vfork.
    assert_eq!(records.len(), 3);
    assert_eq!(
        records.iter().filter(|record| record.word(64) == 1).count(),
        2
    );
}

#[test]
fn a_directory_that_is_not_there_changes_nothing() {
    for directory in ["/nowhere/at/all", "", "/dev/null", &"x".repeat(5000)] {
        let mut command = preloaded(&compile("record.c", &[]));
        command.arg("plain").env("GOMALLOC_RUN_DIR", directory);
        run(command).must_be_done();
    }
}

#[test]
fn a_limit_on_file_sizes_is_no_signal() {
    let directory = new_directory();
    let program = compile("record.c", &[]);
    let mut command = std::process::Command::new("sh");
    command
        .arg("-c")
        .arg("ulimit -f 1; LD_PRELOAD=\"$1\" exec \"$2\" plain")
        .arg("sh")
        .arg(crate::library::shared())
        .arg(program)
        .env("GOMALLOC_RUN_DIR", &directory);
    run(command).must_be_done();
    assert!(records(&directory).is_empty());
}
