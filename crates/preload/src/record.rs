//! The statistics record: a file of one page that shows this process's figures to `gomalloc run`.
//!
//! Made when `GOMALLOC_RUN_DIR` names a directory, by the constructor and again in a fork's child;
//! filled by whichever thread holds [`BUSY`], others pass by. The page is mapped and shared, so what
//! was last written stays readable when the process dies. No error here is ever the program's
//! business: no record is all that follows.
#![expect(unsafe_code, reason = "system calls, and the page that they map")]

mod file;
mod layout;

use core::ffi::CStr;

use facade::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering};

use file::File;
use layout::{Process, Record};

/// The record's page; null: none. Written by the constructor and in a fork's child, when no other
/// thread runs in here.
static PAGE: AtomicPtr<u8> = AtomicPtr::new(core::ptr::null_mut());

/// Whose record it is. A child that shares our memory or inherited the mapping is somebody else.
static PID: AtomicU32 = AtomicU32::new(0);

/// How old figures may become while the process allocates. A write takes some microseconds.
const PERIOD_MS: u64 = 10;

/// When the figures are to be written again, by [`file::coarse_ms`].
static DUE_MS: AtomicU64 = AtomicU64::new(0);

/// One writer at a time.
static BUSY: AtomicBool = AtomicBool::new(false);

/// The directory's path, up to its NUL: a fork's child needs it when the environment has changed.
/// Written once, by the constructor.
static DIRECTORY: [AtomicU8; file::DIRECTORY_BYTES + 1] =
    [const { AtomicU8::new(0) }; file::DIRECTORY_BYTES + 1];

/// Whether the file is removed at a normal exit.
static UNLINK: AtomicBool = AtomicBool::new(false);

/// The file that [`PAGE`] maps, to be removed.
static FILE: file::Kept = file::Kept::new();

/// Reads the environment: whether it asks for a record.
pub(crate) fn is_wanted() -> bool {
    let Some(directory) = variable(c"GOMALLOC_RUN_DIR") else {
        return false;
    };
    if directory.is_empty() || directory.len() > file::DIRECTORY_BYTES {
        return false;
    }
    for (to, from) in DIRECTORY.iter().zip(directory) {
        to.store(*from, Ordering::Relaxed);
    }
    let unlink = variable(c"GOMALLOC_RUN_UNLINK").is_some_and(|value| value == b"1");
    UNLINK.store(unlink, Ordering::Relaxed);
    true
}

/// Makes this process's record and keeps it up to date.
pub(crate) fn start() {
    make(false);
    facade::c::on_slow_path(pass_by);
}

/// Writes the figures if they are [`PERIOD_MS`] old. On a slow path of any thread.
fn pass_by() {
    if PAGE.load(Ordering::Relaxed).is_null() {
        return;
    }
    let now = file::coarse_ms();
    let due = DUE_MS.load(Ordering::Relaxed);
    // Relaxed: which of two threads that are late writes does not matter.
    if now >= due {
        DUE_MS.store(now + PERIOD_MS, Ordering::Relaxed);
        write(false);
    }
}

/// Makes a fork's child a record of its own.
pub(crate) fn restart() {
    PAGE.store(core::ptr::null_mut(), Ordering::Relaxed);
    // The parent's writer, if there was one, is not here to finish.
    BUSY.store(false, Ordering::Relaxed);
    make(true);
}

/// Writes the figures for the last time.
pub(crate) fn finish() {
    let mine = is_mine();
    write(true);
    // What is freed after this, by whoever's destructors are left, is not counted any more.
    PAGE.store(core::ptr::null_mut(), Ordering::Relaxed);
    if mine && UNLINK.load(Ordering::Relaxed) {
        FILE.unlink();
    }
}

fn is_mine() -> bool {
    !PAGE.load(Ordering::Relaxed).is_null() && PID.load(Ordering::Relaxed) == file::pid()
}

fn make(inherits: bool) {
    let mut directory = [0; file::DIRECTORY_BYTES + 1];
    for (to, from) in directory.iter_mut().zip(&DIRECTORY) {
        *to = from.load(Ordering::Relaxed);
    }
    let Some(file) = File::create(&directory) else {
        return;
    };
    let process = Process {
        pid: file::pid(),
        parent: file::parent_pid(),
        name: file::process_name(),
        started_ns: file.started_ns,
    };
    // SAFETY: a page that was just mapped, never to be unmapped.
    let record = unsafe { Record::at(file.page) };
    record.create(&process, &facade::stats(), inherits);
    FILE.keep(&file);
    PID.store(process.pid, Ordering::Relaxed);
    // Release: a refresh that sees the page sees it filled (pairs with the Acquire in `write`).
    PAGE.store(file.page, Ordering::Release);
}

/// Writes the figures, unless somebody is about it.
fn write(finished: bool) {
    let page = PAGE.load(Ordering::Acquire);
    if page.is_null() || PID.load(Ordering::Relaxed) != file::pid() {
        return;
    }
    // Acquire and Release below: each writer sees the sequence that the one before it left.
    if BUSY.swap(true, Ordering::Acquire) {
        return;
    }
    // SAFETY: the page that `make` mapped, never unmapped.
    let record = unsafe { Record::at(page) };
    record.refresh(&facade::stats(), file::now_ns(), finished);
    BUSY.store(false, Ordering::Release);
}

/// The environment variable's bytes; none for a program with more rights than its user.
fn variable(name: &CStr) -> Option<&'static [u8]> {
    // SAFETY: reads one word of the auxiliary vector.
    if unsafe { libc::getauxval(libc::AT_SECURE) } != 0 {
        return None;
    }
    // SAFETY: a C string; the constructor runs before the program could change its environment.
    let value = unsafe { libc::getenv(name.as_ptr()) };
    if value.is_null() {
        return None;
    }
    // SAFETY: what `getenv` returns is a C string of the environment, which outlives this call.
    Some(unsafe { CStr::from_ptr(value) }.to_bytes())
}
