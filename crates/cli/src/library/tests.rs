//! The order of what is preloaded.

use std::ffi::OsStr;
use std::path::PathBuf;

use super::Library;
use crate::elf::Image;

#[test]
fn ours_comes_first_and_once_and_the_rest_keeps_its_order() {
    let library = Library {
        path: PathBuf::from("/x/libgomalloc.so"),
        image: Image::default(),
    };
    let preload = |present: &str| {
        library
            .preload(Some(OsStr::new(present)))
            .into_string()
            .unwrap()
    };
    assert_eq!(library.preload(None), "/x/libgomalloc.so");
    assert_eq!(preload(""), "/x/libgomalloc.so");
    assert_eq!(preload("b.so:a.so"), "/x/libgomalloc.so:b.so:a.so");
    assert_eq!(
        preload("b.so /x/libgomalloc.so  a.so"),
        "/x/libgomalloc.so:b.so:a.so"
    );
}
