//! The record's file: its name, its creation, its page, and what the system says about us.
//!
//! System calls only, nothing that allocates. Every error is `None`.
#![expect(unsafe_code, reason = "system calls")]

use core::ffi::CStr;

use facade::sync::atomic::{AtomicU8, Ordering};

use super::layout::BYTES;
use crate::text::Text;

/// The longest directory that is taken.
pub(super) const DIRECTORY_BYTES: usize = 200;

/// Directory, `/`, two numbers of at most 20 digits, a dot and the NUL.
const PATH_BYTES: usize = DIRECTORY_BYTES + 43;

/// A new record's file, mapped and closed.
pub(super) struct File {
    pub(super) page: *mut u8,
    pub(super) started_ns: u64,
    path: Text<PATH_BYTES>,
}

impl File {
    /// Makes `directory/PID.STARTED`, one page of zeros, and maps it.
    pub(super) fn create(directory: &[u8]) -> Option<File> {
        if !may_write_a_page() {
            return None;
        }
        let directory = CStr::from_bytes_until_nul(directory).ok()?.to_bytes();
        let first = now_ns();
        // Another process of the same number at the same nanosecond: not twice in a row.
        for started_ns in first..first + 4 {
            let mut path = Text::<PATH_BYTES>::new();
            path.push(directory).push(b"/");
            path.number(u64::from(pid())).push(b".");
            path.number(started_ns).push(b"\0");
            if let Some(page) = create_page(&path) {
                return Some(File {
                    page,
                    started_ns,
                    path,
                });
            }
        }
        None
    }
}

/// The path of the file that is in use, for its removal.
pub(super) struct Kept([AtomicU8; PATH_BYTES]);

impl Kept {
    pub(super) const fn new() -> Self {
        Kept([const { AtomicU8::new(0) }; PATH_BYTES])
    }

    pub(super) fn keep(&self, file: &File) {
        for (to, from) in self.0.iter().zip(file.path.as_bytes()) {
            to.store(*from, Ordering::Relaxed);
        }
    }

    pub(super) fn unlink(&self) {
        let mut path = Text::<PATH_BYTES>::new();
        for byte in &self.0 {
            path.push(&[byte.load(Ordering::Relaxed)]);
        }
        unlink(&path);
    }
}

/// Makes the file at `path` and maps its page.
fn create_page(path: &Text<PATH_BYTES>) -> Option<*mut u8> {
    let path_start = CStr::from_bytes_until_nul(path.as_bytes()).ok()?.as_ptr();
    let flags = libc::O_RDWR | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC | libc::O_NOFOLLOW;
    // SAFETY: a C string and constants.
    let fd = unsafe { libc::open(path_start, flags, 0o600) };
    if fd < 0 {
        return None;
    }
    let page = map_zeros(fd);
    // SAFETY: opened above, and nobody else's.
    unsafe { libc::close(fd) };
    if page.is_none() {
        unlink(path);
    }
    page
}

/// Writes a page of zeros (a hole in a full file system would be SIGBUS on the first store) and
/// maps it.
fn map_zeros(fd: i32) -> Option<*mut u8> {
    let zeros = [0u8; BYTES];
    // SAFETY: the bytes are ours and that long.
    let written = unsafe { libc::write(fd, zeros.as_ptr().cast(), BYTES) };
    if usize::try_from(written) != Ok(BYTES) {
        return None;
    }
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping where the system likes.
    let page = unsafe {
        libc::mmap(
            core::ptr::null_mut(),
            BYTES,
            protection,
            libc::MAP_SHARED,
            fd,
            0,
        )
    };
    (page != libc::MAP_FAILED).then_some(page.cast())
}

fn unlink(path: &Text<PATH_BYTES>) {
    if let Ok(path) = CStr::from_bytes_until_nul(path.as_bytes()) {
        // SAFETY: a C string.
        unsafe { libc::unlink(path.as_ptr()) };
    }
}

/// A limit on file sizes would turn the write into a signal.
fn may_write_a_page() -> bool {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `limit` is ours to be written.
    let answer = unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) };
    answer == 0 && limit.rlim_cur >= BYTES as libc::rlim_t
}

/// Nanoseconds since the machine was started, suspensions included.
pub(super) fn now_ns() -> u64 {
    clock_ns(libc::CLOCK_BOOTTIME)
}

/// Milliseconds of a clock that is read in some nanoseconds and moves every 1 to 4 ms.
pub(super) fn coarse_ms() -> u64 {
    clock_ns(libc::CLOCK_MONOTONIC_COARSE) / 1_000_000
}

fn clock_ns(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is ours to be written.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    let rest = u64::try_from(time.tv_nsec).unwrap_or(0);
    seconds.wrapping_mul(1_000_000_000).wrapping_add(rest)
}

/// This process.
pub(super) fn pid() -> u32 {
    // SAFETY: takes nothing, changes nothing.
    unsafe { libc::getpid() }.cast_unsigned()
}

/// The process that started this one.
pub(super) fn parent_pid() -> u32 {
    // SAFETY: takes nothing, changes nothing.
    unsafe { libc::getppid() }.cast_unsigned()
}

/// What the kernel calls this process, padded with NULs.
pub(super) fn process_name() -> [u8; 16] {
    let mut name = [0u8; 16];
    // SAFETY: writes at most 16 bytes, which are there.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}
