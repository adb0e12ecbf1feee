//! The bitmap against an array of bits, over a layout.
use super::{BitmapError, HeapBitmap, WordBits};
use crate::{
    Addr, AddressSpace, ByteCount, Category, Host, PAGE_BYTES, PageCount, Sparse, SparseConfig,
    Window,
};
use std::vec::Vec;

const WORD: usize = size_of::<usize>();

fn grown(pages: usize) -> (Sparse<Host, Window>, Addr) {
    let space = Sparse::for_platform(Host::new(), SparseConfig::default()).expect("a layout");
    let growth = space.grow(PageCount::new(pages)).expect("pages");
    let base = Addr::of(growth.base.as_ptr());
    (space, base)
}

fn at(base: Addr, word: usize) -> Addr {
    Addr::new(base.get() + word * WORD)
}

#[test]
fn nobody_pays_before_it_is_mapped_and_then_it_is_dead() {
    let (space, base) = grown(1);
    let before = space.memory().usage().of(Category::Metadata);
    assert_eq!(space.bitmap().get(base), None);
    assert_eq!(
        space.bitmap().set(base, WordBits::POINTER),
        Err(BitmapError::Absent(base))
    );
    space.map_bitmap(base, PageCount::new(1)).expect("metadata");
    let mapped = space.memory().usage().of(Category::Metadata).get() - before.get();
    assert_eq!(
        mapped,
        <Window as crate::Platform>::ARENA.get() / (4 * WORD)
    );
    assert_eq!(space.bitmap().get(base), Some(WordBits::DEAD));
    space
        .map_bitmap(base, PageCount::new(1))
        .expect("again is free");
    assert_eq!(
        space.memory().usage().of(Category::Metadata).get() - before.get(),
        mapped
    );
}

#[test]
fn words_are_independent_of_their_neighbours() {
    let (space, base) = grown(1);
    space.map_bitmap(base, PageCount::new(1)).expect("metadata");
    let bitmap = space.bitmap();
    let kinds = [WordBits::POINTER, WordBits::DEAD, WordBits::SCALAR];
    let mut model = [WordBits::DEAD; 64];
    let mut state = 3_usize;
    for _ in 0..if cfg!(miri) { 60 } else { 1000 } {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
        let (word, bits) = (state / 7 % 64, kinds[state / 64 % 3]);
        bitmap.set(at(base, word), bits).expect("mapped");
        model[word] = bits;
        for (word, bits) in model.iter().enumerate() {
            assert_eq!(bitmap.get(at(base, word)), Some(*bits), "word {word}");
        }
    }
}

#[test]
fn pointers_of_an_object_end_at_the_first_dead_word() {
    let (space, base) = grown(1);
    space.map_bitmap(base, PageCount::new(1)).expect("metadata");
    let bitmap = space.bitmap();
    for (word, bits) in [
        (0, WordBits::POINTER),
        (1, WordBits::SCALAR),
        (2, WordBits::POINTER),
        (4, WordBits::POINTER),
    ] {
        bitmap.set(at(base, word), bits).expect("mapped");
    }
    let pointers = |words| {
        bitmap
            .pointers(base, ByteCount::new(words * WORD))
            .collect::<Vec<_>>()
    };
    assert_eq!(pointers(8), [at(base, 0), at(base, 2)], "word 3 is dead");
    assert_eq!(pointers(2), [at(base, 0)], "the object ends earlier");
    let tail = bitmap.pointers(at(base, 4), ByteCount::new(WORD));
    assert_eq!(tail.collect::<Vec<_>>(), [at(base, 4)]);
}

#[test]
fn ranges_are_filled_across_arenas_in_groups_of_four_words() {
    let pages = <Window as crate::Platform>::PAGES + 1;
    let (space, base) = grown(pages);
    space
        .map_bitmap(base, PageCount::new(pages))
        .expect("metadata");
    let arena = <Window as crate::Platform>::ARENA.get();
    let first = Addr::new(base.get() + arena - 32 * WORD);
    let bytes = ByteCount::new(64 * WORD);
    let bitmap = space.bitmap();
    bitmap
        .fill(first, bytes, WordBits::POINTER)
        .expect("mapped");
    assert_eq!(bitmap.pointers(first, bytes).count(), 64);
    assert_eq!(
        bitmap.get(Addr::new(first.get() - WORD)),
        Some(WordBits::DEAD)
    );
    assert_eq!(bitmap.get(at(first, 64)), Some(WordBits::DEAD));
    bitmap
        .clear(at(first, 4), ByteCount::new(4 * WORD))
        .expect("mapped");
    assert_eq!(bitmap.pointers(first, bytes).count(), 4);
    let unaligned = ByteCount::new(2 * WORD);
    let addr = first;
    assert_eq!(
        bitmap.clear(first, unaligned),
        Err(BitmapError::Unaligned {
            addr,
            bytes: unaligned
        })
    );
}

#[test]
fn pages_that_were_never_grown_have_no_bitmap() {
    let (space, base) = grown(1);
    let outside = Addr::new(base.get().wrapping_sub(PAGE_BYTES));
    assert!(space.map_bitmap(outside, PageCount::new(1)).is_err());
    assert_eq!(space.bitmap().get(outside), None);
}
