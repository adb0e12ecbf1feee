//! [`Released`] against a vector of booleans, across words and leaves.
use super::{LEAF_PAGES, Released};
use crate::ops::{Input, noise};
use arena::{Host, Memory, PageId, Persistent};
use core::ops::Range;
use std::vec::Vec;

/// Two words below a leaf's border, two words above it.
const FIRST: usize = 5 * LEAF_PAGES - 128;
const PAGES: usize = 256;

fn range(start: usize, end: usize) -> Range<PageId> {
    PageId::new(FIRST + start)..PageId::new(FIRST + end)
}

/// The highest pages in a row that the model holds, found page by page.
fn highest_held(model: &[bool], start: usize, end: usize) -> Option<Range<PageId>> {
    let last = (start..end).rev().find(|page| !model[*page])?;
    let released = (start..last).rev().find(|page| model[*page]);
    Some(range(released.map_or(start, |page| page + 1), last + 1))
}

#[test]
fn bits_are_those_of_the_model() {
    let memory = Memory::new(Host::new()).unwrap();
    let mut persistent = Persistent::new();
    let mut bits = Released::new();
    let mut model: Vec<bool> = std::vec![false; PAGES];
    let all = range(0, PAGES);
    assert_eq!(bits.highest_held(&all), None, "not covered");
    bits.cover(&all, &mut persistent, &memory).unwrap();
    let data = noise(6, if cfg!(miri) { 600 } else { 60_000 });
    let mut input = Input::new(&data);
    while !input.is_empty() {
        let op = input.byte();
        let (a, b) = (input.below(PAGES), input.below(PAGES));
        let (start, end) = if a == b {
            (a, a + 1)
        } else {
            (a.min(b), a.max(b))
        };
        let pages = range(start, end);
        match op % 5 {
            0 => {
                bits.set(&pages);
                model[start..end].fill(true);
            }
            1 => {
                bits.clear(&pages);
                model[start..end].fill(false);
            }
            _ => {}
        }
        let count = model[start..end].iter().filter(|bit| **bit).count();
        assert_eq!(bits.count(&pages), count);
        assert_eq!(bits.highest_held(&pages), highest_held(&model, start, end));
    }
    // SAFETY: nothing refers to the tables but `bits`, which is not used any more.
    unsafe { persistent.release(&memory) };
}

#[cfg(target_pointer_width = "64")]
#[test]
fn addresses_of_more_than_48_bits_are_not_covered() {
    let memory = Memory::new(Host::new()).unwrap();
    let mut persistent = Persistent::new();
    let mut bits = Released::new();
    let far = PageId::new(1 << 35)..PageId::new((1 << 35) + 1);
    assert!(bits.cover(&far, &mut persistent, &memory).is_none());
    bits.set(&far);
    assert_eq!(bits.count(&far), 0);
    assert_eq!(bits.highest_held(&far), None, "nobody could remember");
    // SAFETY: nothing refers to the tables but `bits`, which is not used any more.
    unsafe { persistent.release(&memory) };
}
