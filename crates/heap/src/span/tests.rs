//! [`Span`]: shape, slots, lives and the look that notices a change.
use super::{Life, Located, Span, SpanState};
use arena::{Addr, PAGE_BYTES};
use core::ptr::{self, NonNull};
use sizeclass::{Scan, SizeClass, SpanClass, Table};
use sync::atomic::Ordering;

/// An address that is only counted with.
fn base_at(address: usize) -> NonNull<u8> {
    NonNull::new(ptr::without_provenance_mut(address)).unwrap()
}

fn class(number: u8) -> SpanClass {
    SpanClass::new(SizeClass::new(number).unwrap(), Scan::No)
}

#[test]
fn every_class_gets_its_slots_all_free() {
    let span = Span::dead();
    // Up and down, so that bits of a former life would be seen.
    let down = (1..68).rev();
    for number in (1..68).chain(down) {
        let class = class(number);
        span.init_small(base_at(0xc000_0000), class, Table::DEFAULT);
        let slots = Table::DEFAULT.slots(class.size_class());
        assert_eq!(span.slots(), slots);
        assert_eq!(span.class(), class);
        assert_eq!(span.state(), SpanState::InUse);
        assert_eq!(span.pages(), Table::DEFAULT.pages(class.size_class()));
        for slot in 0..1024 {
            let word = span.free_bits()[slot / 64].load(Ordering::Relaxed);
            assert_eq!(word >> (slot % 64) & 1 == 1, slot < slots, "slot {slot}");
        }
        assert_eq!(span.control().load(Ordering::Relaxed), slots as u64);
    }
}

#[test]
fn the_generation_outlives_the_life() {
    let span = Span::dead();
    span.init_small(base_at(0xc000_0000), class(1), Table::DEFAULT);
    span.control().store(7 << 32 | 3, Ordering::Relaxed);
    span.init_small(base_at(0xc000_2000), class(67), Table::DEFAULT);
    assert_eq!(span.control().load(Ordering::Relaxed), 7 << 32 | 1);
}

#[test]
fn a_manual_span_has_pages_and_no_slots() {
    let span = Span::dead();
    span.init_small(base_at(0xc000_0000), class(4), Table::DEFAULT);
    span.init_manual(base_at(0xc000_4000), 3);
    assert_eq!(span.state(), SpanState::Manual);
    assert_eq!((span.pages(), span.slots()), (3, 0));
    assert_eq!(span.slot_bytes(), 3 * PAGE_BYTES);
    assert_eq!(span.slot_index(Addr::new(0xc000_4000)), None);
    assert!(span.covers(Addr::new(0xc000_9fff)) && !span.covers(Addr::new(0xc000_a000)));
}

#[test]
fn slots_are_found_by_their_first_address_only() {
    let span = Span::dead();
    span.init_small(base_at(0xc000_0000), class(4), Table::DEFAULT);
    // 32 bytes... the sizes of Go's table stand in the sizeclass crate; 8,192 / 32 = 256.
    let bytes = span.slot_bytes();
    assert_eq!(span.slot_index(Addr::new(0xc000_0000)), Some(0));
    assert_eq!(span.slot_index(Addr::new(0xc000_0000 + 3 * bytes)), Some(3));
    assert_eq!(
        span.slot_index(Addr::new(0xc000_0000 + 3 * bytes + 1)),
        None
    );
    assert_eq!(span.slot_index(Addr::new(0xc000_0000 - bytes)), None);
    assert_eq!(span.slot_index(Addr::new(0xc000_0000 + PAGE_BYTES)), None);
    let inside = span.locate(Addr::new(0xc000_0000 + 5 * bytes + 7));
    assert_eq!(inside, Located { slot: 5, offset: 7 });
}

#[test]
fn the_tail_that_no_slot_fills_is_no_slot() {
    let span = Span::dead();
    // 48 bytes: 170 slots are 8,160 bytes.
    span.init_small(base_at(0xc000_0000), class(5), Table::DEFAULT);
    assert_eq!((span.slot_bytes(), span.slots()), (48, 170));
    assert_eq!(span.slot_index(Addr::new(0xc000_0000 + 8160)), None);
    assert!(span.locate(Addr::new(0xc000_0000 + 8160)).slot >= 170);
}

#[test]
fn states_change_along_the_legal_ways_only() {
    use SpanState::{Dead, Free, InUse, Manual};
    for (from, to, legal) in [
        (Dead, Free, true),
        (Dead, InUse, true),
        (Free, InUse, true),
        (Free, Manual, true),
        (InUse, Dead, true),
        (InUse, Free, false),
        (InUse, Manual, false),
        (Manual, InUse, false),
        (Manual, Free, false),
        (Manual, Dead, true),
        (Free, Free, false),
    ] {
        assert_eq!(from.may_become(to), legal, "{from:?} to {to:?}");
    }
}

#[test]
fn a_reader_notices_that_the_life_changed() {
    let life = Life::new();
    life.publish(SpanState::Free);
    life.publish(SpanState::InUse);
    assert_eq!(life.read(|state| state), Some(SpanState::InUse));
    let torn = life.read(|state| {
        life.change();
        life.publish(SpanState::InUse);
        state
    });
    assert_eq!(torn, None, "the same state in another life is another word");
}

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "a span goes from InUse to Free")]
fn an_illegal_way_is_refused() {
    let life = Life::new();
    life.publish(SpanState::InUse);
    life.publish(SpanState::Free);
}
