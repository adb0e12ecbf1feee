//! The lines with which the process ends after a wrong pointer, a double free or a start-up that
//! can't succeed.
//!
//! Called by any thread, holding no lock. Each line names the pointer and what is wrong with it.
use sync::fatal;

/// Ends the process: a pointer that no arena of ours contains.
#[cold]
pub(crate) fn foreign(pointer: *mut u8) -> ! {
    fatal(
        "free of a pointer that gomalloc did not allocate",
        &[("pointer", pointer.addr())],
    )
}

/// Ends the process: a pointer into an arena, but to nothing that is in use.
#[cold]
pub(crate) fn not_live(pointer: *mut u8) -> ! {
    fatal(
        "use of a pointer to memory that is not in use: freed already, or never allocated",
        &[("pointer", pointer.addr())],
    )
}

/// Ends the process: the exchange refused a slot.
#[cold]
pub(crate) fn end(error: central::FlushError) -> ! {
    use central::FlushErrorKind;
    let pointer = ("pointer", error.pointer);
    match error.kind {
        FlushErrorKind::Foreign => fatal(
            "free of a pointer that gomalloc did not allocate",
            &[pointer],
        ),
        FlushErrorKind::Interior => {
            fatal("free of a pointer into the middle of a block", &[pointer])
        }
        FlushErrorKind::DoubleFree => fatal("double free", &[pointer]),
        FlushErrorKind::NotASlot => fatal(
            "free of a pointer past the last block of its span",
            &[pointer],
        ),
        FlushErrorKind::WrongClass { expected, found } => fatal(
            "free with a layout of another size class than the block has",
            &[
                pointer,
                ("layout_class", expected.size_class().index()),
                ("block_class", found.size_class().index()),
            ],
        ),
    }
}

/// Ends the process: the heap refused a large block.
#[cold]
pub(crate) fn end_large(error: heap::FreeError) -> ! {
    use heap::FreeError;
    match error {
        FreeError::NotOurs { pointer } => fatal(
            "free of a pointer that gomalloc did not allocate",
            &[("pointer", pointer.get())],
        ),
        FreeError::NotLive { pointer } => fatal(
            "free of a pointer to memory that is not in use",
            &[("pointer", pointer.get())],
        ),
        FreeError::Interior { pointer, base } => fatal(
            "free of a pointer into the middle of a block",
            &[("pointer", pointer.get()), ("block", base.get())],
        ),
        FreeError::WrongKind { pointer } => fatal(
            "free with a layout of another size class than the block has",
            &[("pointer", pointer.get())],
        ),
        _ => fatal("the heap's records contradict each other", &[]),
    }
}

/// Ends the process: the system's page size can't be used. Want of memory comes back as an error.
#[cold]
pub(crate) fn end_start_up(error: &arena::PageSizeError) -> ! {
    use arena::PageSizeError;
    match *error {
        PageSizeError::Unknown => fatal("failed to get system page size", &[]),
        PageSizeError::TooLarge(bytes)
        | PageSizeError::TooSmall(bytes)
        | PageSizeError::NotAPowerOfTwo(bytes) => {
            fatal("bad system page size", &[("bytes", bytes)])
        }
        PageSizeError::HugeNotAPowerOfTwo(bytes) => {
            fatal("bad system huge page size", &[("bytes", bytes)])
        }
        _ => fatal("bad system page sizes", &[]),
    }
}
