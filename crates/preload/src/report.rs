//! What a person may read: `malloc_stats` and `malloc_info`.
//!
//! Both show one reading of the facade's statistics, written without memory of ours. The stream
//! that `malloc_info` writes to is the program's and may itself allocate.
#![expect(
    unsafe_code,
    reason = "C functions: exported names, pointers from outside"
)]

use core::ffi::c_int;

use facade::Stats;

use crate::errno;
use crate::text::Text;

/// `malloc_stats`: one line a figure on standard error. Keeps `errno`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn malloc_stats() {
    let stats = facade::stats();
    let rows: [(&[u8], u64); 8] = [
        (b"live bytes     ", stats.live_bytes),
        (b"peak bytes     ", stats.peak_bytes),
        (b"mapped bytes   ", stats.mapped_bytes),
        (b"released bytes ", stats.released_bytes),
        (b"mallocs        ", stats.mallocs),
        (b"frees          ", stats.frees),
        (b"large mallocs  ", stats.large_mallocs),
        (b"large frees    ", stats.large_frees),
    ];
    // 8 lines of at most 10 + 15 + 20 + 1 bytes.
    let mut text = Text::<400>::new();
    for (name, number) in rows {
        text.push(b"gomalloc: ")
            .push(name)
            .number(number)
            .push(b"\n");
    }
    let kept = errno::get();
    let bytes = text.as_bytes();
    // SAFETY: the bytes are ours and that long. A closed or full standard error is nobody's loss.
    unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
    errno::set(kept);
}

/// `malloc_info`: the state as XML to `stream`; 0, `EINVAL` if `options` is not 0, -1 if the stream
/// fails. One `size` element per size class that was ever used (`from` and `to` in bytes), then
/// totals: `mallocs` of all `size` elements and of `large` add up to those of `total`.
///
/// # Safety
/// `stream` is an open stream.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn malloc_info(options: c_int, stream: *mut libc::FILE) -> c_int {
    if options != 0 {
        return libc::EINVAL;
    }
    let stats = facade::stats();
    let mut put = |text: &[u8]| {
        // SAFETY: the bytes are `text`'s, the stream is open by the caller's duty.
        let written = unsafe { libc::fwrite(text.as_ptr().cast(), 1, text.len(), stream) };
        written == text.len()
    };
    let done = put(b"<malloc version=\"gomalloc-1\">\n<heap nr=\"0\">\n<sizes>\n")
        && put_sizes(&stats, &mut put)
        && put(b"</sizes>\n")
        && put_totals(&stats, &mut put)
        && put(b"</heap>\n")
        && put_totals(&stats, &mut put)
        && put(b"</malloc>\n");
    if done { 0 } else { -1 }
}

/// One element per size class that was ever used.
fn put_sizes(stats: &Stats, put: &mut impl FnMut(&[u8]) -> bool) -> bool {
    let mut below = 0;
    // Row 0 is the large blocks', which have an element of their own.
    for class in stats.by_size.iter().skip(1) {
        let from = below + 1;
        below = u64::from(class.size);
        if class.mallocs == 0 {
            continue;
        }
        let mut text = Text::<160>::new();
        text.push(b"<size from=\"").number(from);
        text.push(b"\" to=\"").number(u64::from(class.size));
        text.push(b"\" mallocs=\"").number(class.mallocs);
        text.push(b"\" frees=\"").number(class.frees);
        text.push(b"\"/>\n");
        if !put(text.as_bytes()) {
            return false;
        }
    }
    true
}

/// The sums, once for the only heap and once for the process.
fn put_totals(stats: &Stats, put: &mut impl FnMut(&[u8]) -> bool) -> bool {
    let mut text = Text::<600>::new();
    text.push(b"<large mallocs=\"").number(stats.large_mallocs);
    text.push(b"\" frees=\"").number(stats.large_frees);
    text.push(b"\"/>\n<total mallocs=\"").number(stats.mallocs);
    text.push(b"\" frees=\"").number(stats.frees);
    text.push(b"\" live=\"").number(stats.live_bytes);
    text.push(b"\"/>\n<system type=\"current\" size=\"")
        .number(stats.mapped_bytes.saturating_sub(stats.released_bytes));
    text.push(b"\"/>\n<system type=\"mapped\" size=\"")
        .number(stats.mapped_bytes);
    text.push(b"\"/>\n<live type=\"max\" size=\"")
        .number(stats.peak_bytes);
    text.push(b"\"/>\n");
    put(text.as_bytes())
}
