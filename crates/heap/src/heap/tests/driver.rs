//! The driver over the whole heap, with fixed seeds: it passes, and it reaches every hard branch.
use crate::ops::{HeapSeen, heap_ops, noise};

#[test]
fn the_driver_passes_every_branch() {
    let (seeds, ops) = if cfg!(miri) { (1, 100) } else { (20, 5_000) };
    let mut all = HeapSeen::default();
    for seed in 0..seeds {
        let mut data = noise(seed, 5 * ops);
        // Each world in turn.
        data[0] = u8::try_from(seed).unwrap();
        let seen = heap_ops(&data);
        all.ops += seen.ops;
        all.long += seen.long;
        all.merged_both += seen.merged_both;
        all.recent += seen.recent;
        all.partly_released += seen.partly_released;
        all.across_arenas += seen.across_arenas;
        all.aligned += seen.aligned;
        all.resized[0] += seen.resized[0];
        all.resized[1] += seen.resized[1];
        all.zero += seen.zero;
        all.stepped += seen.stepped;
        all.released += seen.released;
        all.refused += seen.refused;
        all.wrong += seen.wrong;
        all.lookups[0] += seen.lookups[0];
        all.lookups[1] += seen.lookups[1];
    }
    let HeapSeen {
        long,
        merged_both,
        recent,
        partly_released,
        across_arenas,
        aligned,
        resized,
        zero,
        stepped,
        released,
        refused,
        wrong,
        lookups,
        ops: done,
    } = all;
    assert!(
        done >= usize::try_from(seeds).unwrap() * ops * 9 / 10,
        "{done} operations"
    );
    let common = [
        long,
        recent,
        merged_both,
        partly_released,
        aligned,
        resized[0],
        resized[1],
    ];
    let more = [
        zero, stepped, released, refused, wrong, lookups[0], lookups[1],
    ];
    let least = common.into_iter().chain(more).min();
    assert!(
        cfg!(miri) || least > Some(50) && across_arenas > 10,
        "{all:?}"
    );
}
