//! The ranges against an array with one cell per address.
use super::{Kind, Ranges};

const KINDS: [Option<Kind>; 5] = [
    None,
    Some(Kind::Taken),
    Some(Kind::Reserved),
    Some(Kind::Prepared),
    Some(Kind::Ready),
];

#[test]
fn ranges_agree_with_an_array_of_cells() {
    let mut ranges = Ranges::default();
    let mut cells = [None; 64];
    let mut state = 7_u64;
    let mut random = |below: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) % below
    };
    for _ in 0..if cfg!(miri) { 100 } else { 3000 } {
        let start = random(60);
        let end = start + 1 + random(63 - start);
        let kind = KINDS[usize::try_from(random(5)).expect("small")];
        ranges.set(start, end, kind);
        let (from, to) = (usize::try_from(start), usize::try_from(end));
        cells[from.expect("small")..to.expect("small")].fill(kind);
        let (low, high) = (random(32), 32 + random(32));
        let part =
            &cells[usize::try_from(low).expect("small")..usize::try_from(high).expect("small")];
        assert_eq!(ranges.is_free(low, high), part.iter().all(Option::is_none));
        let kinds = [Kind::Reserved, Kind::Ready];
        let is_one = |cell: &&Option<Kind>| cell.is_some_and(|kind| kinds.contains(&kind));
        assert_eq!(
            ranges.bytes(low, high, &kinds),
            part.iter().filter(is_one).count() as u64
        );
        let all = part.iter().all(|cell| is_one(&cell));
        assert_eq!(ranges.is_all(low, high, &kinds), all);
        let gap = (0..=60_u64).rev().find(|start| {
            let start = usize::try_from(*start).expect("small");
            start >= 2 && start % 2 == 0 && cells[start..start + 4].iter().all(Option::is_none)
        });
        assert_eq!(ranges.highest_gap(2, 64, 4, 2), gap);
    }
}
