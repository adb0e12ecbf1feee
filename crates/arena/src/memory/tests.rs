//! Page-size checks, accounts and trimming.
#![expect(unsafe_code, reason = "drives the boundary")]
use super::Memory;
use crate::{Addr, ByteCount, Category, Host, Os, PageSizeError, Reason, Usage};
use core::ptr::NonNull;

/// A system that only has page sizes.
struct Pages(usize, usize);

// SAFETY: it never returns any memory.
unsafe impl Os for Pages {
    const PROTECTS: bool = false;

    fn page_size(&self) -> usize {
        self.0
    }

    fn huge_page_size(&self) -> usize {
        self.1
    }

    fn alloc(&self, _bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Err(Reason::Unsupported)
    }

    fn reserve(&self, _hint: Option<Addr>, _bytes: ByteCount) -> Result<NonNull<u8>, Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn map(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn used(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn unused(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn fault(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }

    unsafe fn free(&self, _at: NonNull<u8>, _bytes: ByteCount) -> Result<(), Reason> {
        Err(Reason::Unsupported)
    }
}

fn checked(page: usize, huge: usize) -> Result<(usize, usize), PageSizeError> {
    Memory::new(Pages(page, huge)).map(|m| (m.page_size().get(), m.huge_page_size().get()))
}

#[test]
fn page_sizes_are_checked_in_order() {
    assert_eq!(checked(0, 3), Err(PageSizeError::Unknown));
    assert_eq!(checked(524_289, 3), Err(PageSizeError::TooLarge(524_289)));
    assert_eq!(
        checked(1_048_576, 0),
        Err(PageSizeError::TooLarge(1_048_576))
    );
    assert_eq!(checked(4095, 3), Err(PageSizeError::TooSmall(4095)));
    assert_eq!(checked(2048, 3), Err(PageSizeError::TooSmall(2048)));
    assert_eq!(checked(12288, 3), Err(PageSizeError::NotAPowerOfTwo(12288)));
    assert_eq!(checked(4096, 3), Err(PageSizeError::HugeNotAPowerOfTwo(3)));
}

#[test]
fn usable_page_sizes_pass_and_giant_huge_pages_are_ignored() {
    for page in [4096, 8192, 16384, 65536, 524_288] {
        assert_eq!(checked(page, 0), Ok((page, 0)));
    }
    assert_eq!(checked(4096, 2 << 20), Ok((4096, 2 << 20)));
    assert_eq!(checked(4096, 4 << 20), Ok((4096, 4 << 20)));
    assert_eq!(checked(4096, 8 << 20), Ok((4096, 0)));
}

#[test]
fn messages_carry_the_numbers() {
    use std::string::ToString;
    assert_eq!(
        PageSizeError::TooSmall(2048).to_string(),
        "system page size (2048) is smaller than minimum page size (4096)"
    );
    let memory = Memory::new(Host::new()).expect("a host has pages of 4 KiB");
    let refused = memory.reserve(Some(Addr::new(0x1000)), ByteCount::mib(2048));
    assert_eq!(
        refused.expect_err("no host has 2 GiB").to_string(),
        "Reserve of 2147483648 bytes at 0x1000 failed: out of memory"
    );
}

#[test]
fn every_transition_moves_the_accounts() {
    let memory = Memory::new(Host::new()).expect("a host has pages of 4 KiB");
    let (four, one) = (ByteCount::kib(16), ByteCount::kib(4));
    let at = memory.reserve(None, four).expect("four pages");
    assert_eq!(memory.usage().reserved, four);
    // SAFETY: reserved above.
    unsafe { memory.map(at, four, Category::Stack) }.expect("hosts map");
    assert_eq!(memory.usage().reserved, ByteCount::ZERO);
    assert_eq!(memory.usage().of(Category::Stack), four);
    assert_eq!(memory.usage().ready, ByteCount::ZERO);
    // SAFETY: prepared above.
    unsafe { memory.used(at, four, four) }.expect("hosts use");
    assert_eq!(memory.usage().ready, four);
    // SAFETY: ready.
    unsafe { memory.unused(at, one) }.expect("hosts unuse");
    assert_eq!(memory.usage().ready, ByteCount::kib(12));
    // SAFETY: the host is not reached.
    let unaligned = unsafe { memory.unused(at, ByteCount::new(100)) };
    assert_eq!(
        unaligned.expect_err("100 bytes are no page").reason,
        Reason::Unaligned
    );
    // SAFETY: prepared or ready.
    unsafe { memory.used(at, four, one) }.expect("hosts use");
    // SAFETY: ready.
    unsafe { memory.fault(at, four, Category::Stack) }.expect("hosts fault");
    assert_eq!(memory.usage().total(), ByteCount::ZERO);
    assert_eq!(memory.usage().ready, ByteCount::ZERO);
    // SAFETY: reserved.
    unsafe { memory.release(at, four) }.expect("hosts release");
    assert_eq!(memory.usage(), Usage::default());
}

#[test]
fn allocated_pages_are_rounded_and_come_back_whole() {
    let memory = Memory::new(Host::new()).expect("a host has pages of 4 KiB");
    let bytes = ByteCount::new(5000);
    let at = memory.alloc(bytes, Category::Span).expect("two pages");
    assert_eq!(memory.usage().of(Category::Span), ByteCount::kib(8));
    memory.transfer(ByteCount::kib(1), Category::Span, Category::Cache);
    assert_eq!(memory.usage().of(Category::Cache), ByteCount::kib(1));
    assert_eq!(memory.usage().total(), ByteCount::kib(8));
    memory.transfer(ByteCount::kib(1), Category::Cache, Category::Span);
    // SAFETY: allocated above.
    unsafe { memory.free(at, bytes, Category::Span) }.expect("hosts free");
    assert_eq!(memory.usage(), Usage::default());
}
#[test]
fn the_limit_refuses_what_would_pass_it_and_nothing_else() {
    let memory = Memory::new(Host::new()).expect("pages of 4 KiB");
    let bytes = ByteCount::kib(64);
    let base = memory.reserve(None, ByteCount::kib(128)).expect("room");
    memory.set_limit(Some(ByteCount::kib(100)));
    // SAFETY: reserved above.
    unsafe { memory.map(base, bytes, Category::Heap) }.expect("64 of 100 KiB");
    let refused = memory.alloc(ByteCount::kib(40), Category::Other);
    assert_eq!(
        refused.map_err(|error| error.reason),
        Err(Reason::OutOfMemory)
    );
    // SAFETY: reserved above.
    let second = unsafe { base.add(bytes.get()) };
    // SAFETY: as above.
    let refused = unsafe { memory.map(second, bytes, Category::Heap) };
    assert_eq!(
        refused.map_err(|error| error.reason),
        Err(Reason::OutOfMemory)
    );
    let small = memory
        .alloc(ByteCount::kib(36), Category::Other)
        .expect("100 KiB in all");
    assert_eq!(memory.usage().total(), ByteCount::kib(100));
    memory.set_limit(None);
    // SAFETY: reserved above.
    unsafe { memory.map(second, bytes, Category::Heap) }.expect("no limit");
    // SAFETY: allocated above, and nothing refers to it.
    unsafe { memory.free(small, ByteCount::kib(36), Category::Other) }.expect("freed");
    // SAFETY: reserved and mapped above, and nothing refers to it.
    assert!(unsafe { memory.forget(base, ByteCount::kib(128)) });
    memory.close(ByteCount::kib(128), ByteCount::ZERO);
    assert_eq!(memory.usage().total(), ByteCount::ZERO);
}
