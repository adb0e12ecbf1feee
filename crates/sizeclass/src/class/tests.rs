//! Numbers and bins of classes, all of them.

use super::*;
use crate::{TINY_CLASS, TINY_SPAN_CLASS};

#[test]
fn size_classes_end_at_127() {
    for number in 0..=u8::MAX {
        let class = SizeClass::new(number);
        assert_eq!(class.map(SizeClass::get), (number < 128).then_some(number));
    }
    assert_eq!(SizeClass::default(), SizeClass::LARGE);
    assert!(SizeClass::LARGE.is_large() && !TINY_CLASS.is_large());
}

#[test]
fn span_classes_are_numbered_as_in_go() {
    for raw in 0..=u8::MAX {
        let class = SpanClass::from_raw(raw);
        assert_eq!(class.get(), raw);
        assert_eq!(class.size_class().get(), raw >> 1);
        assert_eq!(class.is_noscan(), raw & 1 == 1);
        assert_eq!(SpanClass::new(class.size_class(), class.scan()), class);
    }
    assert_eq!((SPAN_CLASSES, BINS), (136, 136));
    assert_eq!(TINY_SPAN_CLASS.get(), 5);
    assert_eq!(
        (SpanClass::LARGE.get(), SpanClass::LARGE_NOSCAN.get()),
        (0, 1)
    );
}

#[test]
fn bins_are_dense_and_keep_the_kinds_apart() {
    let mut seen = [false; BINS];
    for number in 0..CLASSES {
        let class = SizeClass::new(u8::try_from(number).unwrap()).unwrap();
        for (scan, bin) in [(Scan::Yes, number), (Scan::No, CLASSES + number)] {
            let span_class = SpanClass::new(class, scan);
            assert_eq!(span_class.bin(), bin);
            assert_eq!(SpanClass::from_bin(bin), Some(span_class));
            seen[bin] = true;
        }
    }
    assert_eq!(seen, [true; BINS]);
    assert_eq!(SpanClass::from_bin(BINS), None);
    assert_eq!(SpanClass::from_bin(usize::MAX), None);
}
