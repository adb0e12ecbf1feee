//! The layout, offset by offset, and reading while somebody writes.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering, fence};
use std::fs::OpenOptions;
use std::path::Path;
use std::{fs, thread};

use super::{BYTES, BySize, Figures, Record, RecordError};

/// A record under construction: bytes at offsets, as the table in the documentation of the layout has them.
pub(crate) struct Page(Vec<u8>);

impl Page {
    /// A record of process 77, child of 66, called `subject`.
    pub(crate) fn new() -> Self {
        let mut page = Page(vec![0; BYTES]);
        page.bytes(0, b"GOMALLOC");
        page.bytes(8, &1_u32.to_le_bytes());
        page.bytes(12, &4096_u32.to_le_bytes());
        page.bytes(24, &77_u32.to_le_bytes());
        page.bytes(28, &66_u32.to_le_bytes());
        page.bytes(32, b"subject");
        page
    }

    pub(crate) fn bytes(&mut self, offset: usize, bytes: &[u8]) {
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
    }

    pub(crate) fn set(mut self, offset: usize, value: u64) -> Self {
        self.bytes(offset, &value.to_le_bytes());
        self
    }

    pub(crate) fn write(&self, path: &Path) {
        fs::write(path, &self.0).unwrap();
    }

    fn open(&self) -> Result<Record, RecordError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("77.1");
        self.write(&path);
        Record::open(&path)
    }
}

#[test]
fn every_field_lies_at_its_offset() {
    let page = Page::new().set(48, 1000).set(56, 2000).set(64, 1);
    let page = (0..10).fold(page, |page, field| {
        page.set(72 + 8 * field, 100 - field as u64)
    });
    // Class 1 and the last one.
    let page = page
        .set(280, 16)
        .set(288, 30)
        .set(296, 10)
        .set(1864, 32768)
        .set(1872, 3)
        .set(1880, 3);
    let snapshot = page.open().unwrap().read();
    assert_eq!(
        (snapshot.pid, snapshot.ppid, snapshot.name.as_str()),
        (77, 66, "subject")
    );
    assert_eq!((snapshot.started_ns, snapshot.updated_ns), (1000, 2000));
    assert!(snapshot.finished && snapshot.consistent);
    let by_size = vec![
        BySize {
            size: 16,
            mallocs: 30,
            frees: 10,
            live: 20,
        },
        BySize {
            size: 32768,
            mallocs: 3,
            frees: 3,
            live: 0,
        },
    ];
    let expected = Figures {
        mallocs: 100,
        frees: 99,
        live: 1,
        live_bytes: 98,
        peak_bytes: 97,
        mapped_bytes: 96,
        released_bytes: 95,
        large_mallocs: 94,
        large_frees: 93,
        large_live: 1,
        cache_bytes: 92,
        metadata_bytes: 91,
        by_size,
    };
    assert_eq!(snapshot.figures, expected);
}

#[test]
fn a_child_shows_what_it_did_itself_and_what_is_alive_in_it() {
    let page = Page::new()
        .set(72, 1000)
        .set(80, 950)
        .set(120, 9)
        .set(128, 4)
        .set(280, 16)
        .set(288, 500)
        .set(296, 490);
    let page = page
        .set(2048, 990)
        .set(2056, 900)
        .set(2064, 9)
        .set(2072, 2)
        .set(2096, 495)
        .set(2104, 480);
    let figures = page.open().unwrap().read().figures;
    assert_eq!((figures.mallocs, figures.frees, figures.live), (10, 50, 50));
    assert_eq!(
        (
            figures.large_mallocs,
            figures.large_frees,
            figures.large_live
        ),
        (0, 2, 5)
    );
    assert_eq!(
        figures.by_size,
        [BySize {
            size: 16,
            mallocs: 5,
            frees: 10,
            live: 10
        }]
    );
}

#[test]
fn what_is_not_a_record_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("77.1");
    let open = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Record::open(&path)
    };
    assert!(matches!(open(b"GOMALLOC"), Err(RecordError::Length(8))));
    assert!(matches!(open(&[0; BYTES]), Err(RecordError::Magic)));
    let mut page = Page::new();
    page.bytes(8, &2_u32.to_le_bytes());
    assert!(matches!(open(&page.0), Err(RecordError::Version(2))));
    let link = directory.path().join("77.2");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(
        matches!(Record::open(&link), Err(RecordError::Io(_))),
        "a link is not followed"
    );
    assert!(matches!(
        Record::open(directory.path()),
        Err(RecordError::Io(_))
    ));
}

#[test]
fn a_name_cannot_steer_a_terminal() {
    let mut page = Page::new();
    page.bytes(32, b"\x1b[2Jx\xff\x07aaaaaaaaa");
    assert_eq!(page.open().unwrap().read().name, "?[2Jx\u{fffd}?aaaaaaaaa");
}

#[test]
fn a_writer_that_died_half_way_is_read_and_told() {
    let snapshot = Page::new().set(16, 7).set(72, 5).open().unwrap().read();
    assert!(!snapshot.consistent);
    assert_eq!(snapshot.figures.mallocs, 5);
}

#[test]
fn a_total_matches_rows_by_size() {
    let row = |size, mallocs| BySize {
        size,
        mallocs,
        frees: 1,
        live: mallocs - 1,
    };
    let one = Figures {
        mallocs: 5,
        peak_bytes: 10,
        by_size: vec![row(16, 2), row(64, 3)],
        ..Figures::default()
    };
    let two = Figures {
        mallocs: 4,
        peak_bytes: 20,
        by_size: vec![row(32, 1), row(64, 3)],
        ..Figures::default()
    };
    let total = Figures::total([&one, &two]);
    assert_eq!((total.mallocs, total.peak_bytes), (9, 30));
    let sizes: Vec<_> = total
        .by_size
        .iter()
        .map(|row| (row.size, row.mallocs, row.frees, row.live))
        .collect();
    assert_eq!(sizes, [(16, 2, 1, 1), (32, 1, 1, 0), (64, 6, 2, 4)]);
}

#[test]
fn a_reader_never_sees_half_a_refresh() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("77.1");
    Page::new().write(&path);
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let mut map = memmap2::MmapOptions::new()
        .len(BYTES)
        .map_raw(&file)
        .map(Writer)
        .unwrap();
    let record = Record::open(&path).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for value in 1..=20_000 {
                map.refresh(value);
            }
            done.store(true, Ordering::Release);
        });
        let mut seen = 0;
        while !done.load(Ordering::Acquire) {
            let snapshot = record.read();
            let figures = &snapshot.figures;
            if snapshot.consistent {
                assert_eq!(
                    figures.mallocs, figures.metadata_bytes,
                    "first and last counter are of one refresh"
                );
                assert!(figures.mallocs >= seen, "figures never go back");
                seen = figures.mallocs;
            }
        }
    });
    assert_eq!(record.read().figures.mallocs, 20_000);
}

/// The writer's side of the protocol, as the preload library has it.
struct Writer(memmap2::MmapRaw);

impl Writer {
    #[expect(unsafe_code, reason = "the other side of the shared page")]
    fn word(&self, offset: usize) -> &AtomicU64 {
        assert!(
            offset < BYTES && offset.is_multiple_of(8),
            "a word of the page"
        );
        // SAFETY: `offset` lies inside the page.
        let word = unsafe { self.0.as_mut_ptr().add(offset) };
        // SAFETY: a mapping is aligned to an OS page, so the word is; it is writable and lives as long as
        // `self`; everyone uses atomics.
        unsafe { AtomicU64::from_ptr(word.cast()) }
    }

    fn refresh(&mut self, value: u64) {
        let sequence = self.word(16).load(Ordering::Relaxed);
        self.word(16).store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        for field in 0..10 {
            self.word(72 + 8 * field).store(value, Ordering::Relaxed);
        }
        self.word(16).store(sequence + 2, Ordering::Release);
    }
}
