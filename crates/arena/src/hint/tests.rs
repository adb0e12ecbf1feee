//! Order and movement of hints.
use super::{Direction, Hint, Hints};
use crate::{Addr, ByteCount};

const MIB: ByteCount = ByteCount::mib(1);

#[test]
fn hints_are_tried_in_order_and_later_ones_first() {
    let mut hints = Hints::in_order([1, 2, 3].map(|n| Hint::up(Addr::new(n))).into_iter());
    assert_eq!(hints.pop(), Some(Hint::up(Addr::new(1))));
    hints.push(Hint::down(Addr::new(9)));
    assert_eq!(hints.first(), Some(Hint::down(Addr::new(9))));
    hints.keep(1);
    assert_eq!(hints.pop(), Some(Hint::down(Addr::new(9))));
    assert_eq!(hints.pop(), None);
}

#[test]
fn a_hint_moves_over_what_was_taken() {
    let up = Hint::up(Addr::new(0x40_0000));
    assert_eq!(up.region(MIB), Some(Addr::new(0x40_0000)));
    assert_eq!(up.advanced(MIB), Some(Hint::up(Addr::new(0x50_0000))));
    let down = Hint::down(Addr::new(0x40_0000));
    assert_eq!(down.region(MIB), Some(Addr::new(0x30_0000)));
    let next = down.advanced(MIB).expect("there is room below");
    assert_eq!(next.addr, Addr::new(0x30_0000));
    assert_eq!(next.direction, Direction::Down);
}

#[test]
fn a_hint_at_the_edge_of_the_numbers_is_no_region() {
    assert_eq!(Hint::up(Addr::new(usize::MAX)).region(MIB), None);
    assert_eq!(Hint::down(Addr::new(1)).region(MIB), None);
}
