//! C++: `operator new` and `operator delete` in all their forms.
//!
//! A process without C++ has these names too and never calls them. The throwing forms run the
//! program's new-handler as the standard says (see [`handler`]); its exceptions pass through here,
//! which is why they are `C-unwind` and hold nothing that would have to be dropped. All forms of
//! `operator delete` are `free`: none needs the size, the alignment or the tag that it is told.
#![expect(
    unsafe_code,
    reason = "C functions: exported names, pointers from outside"
)]

mod handler;

use core::ffi::c_void;

use facade::c;

use crate::standard::free_block;
use handler::Wanted;

/// The address of a tag object (`std::nothrow`), whose value says nothing.
type Nothrow = *const c_void;

/// Exports one body under the name that a C++ compiler gives the form: the first where `size_t` is
/// mangled `m` (64 bits), the second where it is `j`.
macro_rules! forms {
    ($($(#[$note:meta])* $wide:literal $narrow:literal
        fn $name:ident($($argument:ident: $kind:ty),*) $body:expr;)*) => {$(
        $(#[$note])*
        #[cfg_attr(target_pointer_width = "64", unsafe(export_name = $wide))]
        #[cfg_attr(target_pointer_width = "32", unsafe(export_name = $narrow))]
        extern "C-unwind" fn $name($($argument: $kind),*) -> *mut c_void {
            $body
        }
    )*};
}

forms! {
    /// `operator new(size)`
    "_Znwm" "_Znwj" fn new(size: usize) alloc(size);
    /// `operator new[](size)`
    "_Znam" "_Znaj" fn new_array(size: usize) alloc(size);
    /// `operator new(size, std::nothrow)`
    "_ZnwmRKSt9nothrow_t" "_ZnwjRKSt9nothrow_t"
    fn new_quiet(size: usize, tag: Nothrow) alloc_quietly(size, tag);
    /// `operator new[](size, std::nothrow)`
    "_ZnamRKSt9nothrow_t" "_ZnajRKSt9nothrow_t"
    fn new_array_quiet(size: usize, tag: Nothrow) alloc_quietly(size, tag);
    /// `operator new(size, align)`
    "_ZnwmSt11align_val_t" "_ZnwjSt11align_val_t"
    fn new_aligned(size: usize, align: usize) alloc_aligned(size, align);
    /// `operator new[](size, align)`
    "_ZnamSt11align_val_t" "_ZnajSt11align_val_t"
    fn new_array_aligned(size: usize, align: usize) alloc_aligned(size, align);
    /// `operator new(size, align, std::nothrow)`
    "_ZnwmSt11align_val_tRKSt9nothrow_t" "_ZnwjSt11align_val_tRKSt9nothrow_t"
    fn new_aligned_quiet(size: usize, align: usize, tag: Nothrow)
        alloc_aligned_quietly(size, align, tag);
    /// `operator new[](size, align, std::nothrow)`
    "_ZnamSt11align_val_tRKSt9nothrow_t" "_ZnajSt11align_val_tRKSt9nothrow_t"
    fn new_array_aligned_quiet(size: usize, align: usize, tag: Nothrow)
        alloc_aligned_quietly(size, align, tag);
}

/// A block of `size` bytes, or what the new-handler decides.
#[inline(always)]
fn alloc(size: usize) -> *mut c_void {
    let block = c::malloc_hit(size);
    if block.is_null() {
        return alloc_slow(size);
    }
    block.cast()
}

/// What is left of [`alloc`] after a miss; out of line, so that the hit has no frame.
#[cold]
#[inline(never)]
extern "C-unwind" fn alloc_slow(size: usize) -> *mut c_void {
    let block = c::malloc_miss(size);
    if block.is_null() {
        return handler::retry_or_throw(Wanted { size, align: None });
    }
    block.cast()
}

/// A block of `size` bytes, or null once the new-handler gives up.
#[inline(always)]
fn alloc_quietly(size: usize, tag: Nothrow) -> *mut c_void {
    let block = c::malloc(size);
    if block.is_null() {
        return handler::retry_quietly(Wanted { size, align: None }, tag);
    }
    block.cast()
}

/// A block of `size` bytes at a multiple of `align`, or what the new-handler decides. `bad_alloc`
/// for an `align` that is no power of two, which the standard leaves open.
#[inline(always)]
fn alloc_aligned(size: usize, align: usize) -> *mut c_void {
    let block = c::aligned(align, size);
    if block.is_null() {
        let align = Some(align);
        return handler::retry_or_throw(Wanted { size, align });
    }
    block.cast()
}

/// A block of `size` bytes at a multiple of `align`, or null once the new-handler gives up.
#[inline(always)]
fn alloc_aligned_quietly(size: usize, align: usize, tag: Nothrow) -> *mut c_void {
    let block = c::aligned(align, size);
    if block.is_null() {
        let align = Some(align);
        return handler::retry_quietly(Wanted { size, align }, tag);
    }
    block.cast()
}

/// Exports `free` under the names that C++ compilers give the forms of `operator delete`.
macro_rules! deletes {
    ($($wide:literal $narrow:literal fn $name:ident($($more:ident: $kind:ty),*);)*) => {$(
        #[cfg_attr(target_pointer_width = "64", unsafe(export_name = $wide))]
        #[cfg_attr(target_pointer_width = "32", unsafe(export_name = $narrow))]
        unsafe extern "C" fn $name(block: *mut c_void $(, $more: $kind)*) {
            // SAFETY: C++'s rule for a delete-expression: null, or a block of operator new that
            // nobody uses any more.
            unsafe { free_block(block) }
        }
    )*};
}

deletes! {
    "_ZdlPv" "_ZdlPv" fn delete();
    "_ZdaPv" "_ZdaPv" fn delete_array();
    "_ZdlPvm" "_ZdlPvj" fn delete_sized(_size: usize);
    "_ZdaPvm" "_ZdaPvj" fn delete_array_sized(_size: usize);
    "_ZdlPvRKSt9nothrow_t" "_ZdlPvRKSt9nothrow_t" fn delete_quiet(_tag: Nothrow);
    "_ZdaPvRKSt9nothrow_t" "_ZdaPvRKSt9nothrow_t" fn delete_array_quiet(_tag: Nothrow);
    "_ZdlPvSt11align_val_t" "_ZdlPvSt11align_val_t" fn delete_aligned(_align: usize);
    "_ZdaPvSt11align_val_t" "_ZdaPvSt11align_val_t" fn delete_array_aligned(_align: usize);
    "_ZdlPvmSt11align_val_t" "_ZdlPvjSt11align_val_t"
    fn delete_sized_aligned(_size: usize, _align: usize);
    "_ZdaPvmSt11align_val_t" "_ZdaPvjSt11align_val_t"
    fn delete_array_sized_aligned(_size: usize, _align: usize);
    "_ZdlPvSt11align_val_tRKSt9nothrow_t" "_ZdlPvSt11align_val_tRKSt9nothrow_t"
    fn delete_aligned_quiet(_align: usize, _tag: Nothrow);
    "_ZdaPvSt11align_val_tRKSt9nothrow_t" "_ZdaPvSt11align_val_tRKSt9nothrow_t"
    fn delete_array_aligned_quiet(_align: usize, _tag: Nothrow);
}
