//! The end of a process whose allocator found a broken invariant or a wrong pointer, and warnings.
//!
//! Called by the facade and the C library only. Neither takes a lock, allocates, or unwinds; both format on
//! their own stack, for they run inside `malloc` and inside signal handlers.

/// The longest line that is written; more is cut. A constant text and a few numbers fit thrice.
const LINE_BYTES: usize = 256;

/// Writes one line `gomalloc: MESSAGE (NAME=0x…, …)` to standard error and ends the process by
/// `SIGABRT` (by `SIGKILL` if the program survives that).
pub fn fatal(message: &'static str, numbers: &[(&'static str, usize)]) -> ! {
    let mut line = Line::new();
    line.push_str("gomalloc: ");
    line.push_str(message);
    for (index, (name, number)) in numbers.iter().enumerate() {
        line.push_str(if index == 0 { " (" } else { ", " });
        line.push_str(name);
        line.push_str("=");
        line.push_hex(*number);
    }
    if !numbers.is_empty() {
        line.push_str(")");
    }
    line.end();
    die(line.as_bytes())
}

/// Writes one line `gomalloc: PARTS…` to standard error, and goes on. What is not printable ASCII
/// becomes a question mark, so that a line stays a line whatever the parts hold.
pub fn warn(parts: &[&[u8]]) {
    let mut line = Line::new();
    line.push_str("gomalloc: ");
    for byte in parts.iter().copied().flatten() {
        let printable = byte.is_ascii_graphic() || *byte == b' ';
        line.push(if printable { *byte } else { b'?' });
    }
    line.end();
    write(line.as_bytes());
}

#[cfg(unix)]
#[expect(unsafe_code, reason = "borrows the process's standard error")]
#[allow(
    unused_unsafe,
    reason = "safe where another crate of the build switches rustix's `std` on"
)]
fn write(line: &[u8]) {
    // SAFETY: the descriptor is borrowed for one write; if the program has closed it, the call
    // fails, and if it has reused the number, the line goes where its standard error goes.
    let stderr = unsafe { rustix::stdio::stderr() };
    // Nothing is left to do about a standard error that can't be written.
    let _ = rustix::io::write(stderr, line);
}

/// Without a system call to write with, nobody is told.
#[cfg(not(unix))]
fn write(_line: &[u8]) {}

#[cfg(unix)]
fn die(line: &[u8]) -> ! {
    use rustix::process::{Signal, getpid, kill_process};
    write(line);
    let _ = kill_process(getpid(), Signal::ABORT);
    // The kernel may hand SIGABRT to another thread, so this one waits for its end. A second is
    // long for that; a program that catches SIGABRT and goes on is ended for good.
    let second = rustix::thread::Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    };
    loop {
        let _ = rustix::thread::nanosleep(&second);
        let _ = kill_process(getpid(), Signal::KILL);
    }
}

/// Without a system call to write with: a panic that can't leave an `extern "C"` function aborts.
#[cfg(not(unix))]
extern "C" fn die(_line: &[u8]) -> ! {
    panic!("gomalloc: a broken invariant or a wrong pointer");
}

/// A line under construction. What does not fit is dropped.
struct Line {
    bytes: [u8; LINE_BYTES],
    len: usize,
}

impl Line {
    const fn new() -> Self {
        Self {
            bytes: [0; LINE_BYTES],
            len: 0,
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }

    fn push_str(&mut self, text: &str) {
        for byte in text.bytes() {
            self.push(byte);
        }
    }

    /// Hexadecimal without leading zeros, as addresses are written.
    fn push_hex(&mut self, number: usize) {
        self.push_str("0x");
        let digits = (usize::BITS - number.leading_zeros()).div_ceil(4).max(1);
        for place in (0..digits).rev() {
            let digit = number >> (place * 4) & 0xf;
            self.push(b"0123456789abcdef"[digit]);
        }
    }

    /// Ends the line, in the last byte if there is no room for more.
    fn end(&mut self) {
        self.len = self.len.min(LINE_BYTES - 1);
        self.push(b'\n');
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
