//! Capacities of every class of the table.
use super::{array_slots, first_capacity, largest_capacity};
use sizeclass::Table;

#[test]
fn capacities_stay_within_their_bounds() {
    let table = Table::DEFAULT;
    for class in table.classes() {
        let bytes = table.slot_bytes(class);
        let (first, last) = (first_capacity(bytes), largest_capacity(bytes));
        assert!((2..=8).contains(&first));
        assert!((16..=1024).contains(&last));
        assert!(
            last * bytes <= 64 << 10 || last == 16,
            "64 KiB, or 16 slots"
        );
        assert!(
            2 * last * bytes > 64 << 10 || last == 1024,
            "not half of what may be"
        );
        let mut capacity = first;
        while capacity < last {
            assert!(array_slots(capacity) >= capacity);
            capacity *= 2;
        }
        assert_eq!(capacity, last, "doubling ends at the largest capacity");
    }
}
