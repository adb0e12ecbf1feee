//! Every edge of the word: empty, full count, both.
use super::{COUNT_MAX, Word};

#[test]
fn a_pop_takes_one_and_counts_one() {
    let word = Word::new(3, 7).pop().expect("three slots");
    assert_eq!((word.len(), word.count()), (2, 8));
}

#[test]
fn an_empty_magazine_stops_a_pop_at_every_count() {
    for count in 0..=COUNT_MAX {
        assert_eq!(Word::new(0, count).pop(), None);
    }
}

#[test]
fn a_full_count_stops_a_pop_at_every_length() {
    for len in 0..=1024 {
        assert_eq!(Word::new(len, COUNT_MAX).pop(), None);
        let before = Word::new(len, COUNT_MAX - 1).pop();
        assert_eq!(before.is_some(), len > 0);
    }
}

#[test]
fn a_push_leaves_the_count_alone() {
    let word = Word::new(1023, COUNT_MAX).push();
    assert_eq!((word.len(), word.count()), (1024, COUNT_MAX));
}

#[test]
fn exactly_32768_pops_fit_between_two_stops() {
    let mut word = Word::new(1, 0);
    let mut pops = 0;
    while let Some(popped) = word.pop() {
        word = popped.push();
        pops += 1;
    }
    assert_eq!(pops, COUNT_MAX, "the 32,768th pop is the slow path's");
}
