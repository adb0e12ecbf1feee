//! What a list of mappings tells.

use std::path::Path;

use super::mapped_records;
use crate::rundir::Tag;

#[test]
fn records_are_told_from_other_mappings() {
    let maps = "\
00400000-00401000 r-xp 00000000 fe:00 1 /usr/bin/sort
7f0000000000-7f0000001000 rw-s 00000000 00:17 5 /dev/shm/gomalloc-0/live/123.456
7f0000002000-7f0000003000 rw-s 00000000 00:17 6 /run/user 0/gomalloc-0/run-1.2/124.789
7f0000004000-7f0000005000 rw-s 00000000 00:17 7 /dev/shm/gomalloc-0/live/125.1 (deleted)
7f0000006000-7f0000007000 r-xp 00000000 fe:00 9 /usr/lib/libc.so.6
7f0000008000-7f0000009000 rw-p 00000000 00:00 0 [heap]
7f000000a000-7f000000b000 rw-p 00000000 00:00 0
";
    let tag = |pid, started_ns| Tag { pid, started_ns };
    let expected = [
        (
            tag(123, 456),
            Path::new("/dev/shm/gomalloc-0/live/123.456").to_owned(),
        ),
        (
            tag(124, 789),
            Path::new("/run/user 0/gomalloc-0/run-1.2/124.789").to_owned(),
        ),
    ];
    assert_eq!(mapped_records(maps), expected);
}
