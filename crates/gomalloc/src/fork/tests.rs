//! A hit takes no lock: it goes on while a fork handler holds every lock of the allocator.
use crate::GoMalloc;
use core::alloc::{GlobalAlloc, Layout};

#[test]
fn hits_go_on_while_every_lock_is_held() {
    let allocator = GoMalloc::new();
    let layout = Layout::new::<[u64; 6]>();
    // SAFETY: the layout is not empty. Warms this thread's magazine: at least one slot is in it.
    let warm = unsafe { allocator.alloc(layout) };
    // SAFETY: allocated just above.
    unsafe { allocator.dealloc(warm, layout) };
    // SAFETY: the handlers are called in their order, from one thread.
    unsafe { super::prepare() };
    let mut blocks = [core::ptr::null_mut(); 4];
    for _ in 0..1000 {
        // SAFETY: the layout is not empty. A lock taken here would never be given back.
        let block = unsafe { allocator.alloc(layout) };
        blocks[0] = block;
        // SAFETY: allocated just above.
        unsafe { allocator.dealloc(block, layout) };
    }
    // SAFETY: as above.
    unsafe { super::parent() };
    assert_eq!(blocks[0], warm, "last in, first out");
}
