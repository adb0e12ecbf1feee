//! The figures: exact for what one thread does, and adding up.
use gomalloc::{release_memory, stats};

#[test]
fn counts_follow_what_is_done() {
    // Other tests of this binary run meanwhile, so only lower bounds can be told.
    let before = stats();
    let blocks: Vec<Box<[u64; 31]>> = (0..1000).map(|n| Box::new([n; 31])).collect();
    let between = stats();
    let class = between
        .by_size
        .iter()
        .position(|row| row.size == 256)
        .unwrap();
    assert!(between.mallocs - before.mallocs >= 1000);
    assert!(between.by_size[class].mallocs - before.by_size[class].mallocs >= 1000);
    drop(blocks);
    let after = stats();
    assert!(after.by_size[class].frees - before.by_size[class].frees >= 1000);
    assert!(after.mallocs >= after.frees);
}

#[test]
fn large_blocks_are_counted_apart() {
    let before = stats();
    let block = vec![1_u8; 5 << 20];
    let between = stats();
    assert!(between.large_mallocs > before.large_mallocs);
    assert!(between.live_bytes >= 5 << 20);
    assert!(between.peak_bytes >= 5 << 20);
    assert!(between.mapped_bytes >= between.live_bytes);
    drop(block);
    assert!(stats().large_frees > before.large_frees);
}

#[test]
fn released_memory_works_again() {
    for round in 0..3_u8 {
        let blocks: Vec<Vec<u8>> = (0..64).map(|_| vec![round; 1 << 20]).collect();
        assert!(
            blocks
                .iter()
                .all(|block| block.iter().all(|&byte| byte == round))
        );
        drop(blocks);
        assert!(release_memory() > 0, "64 MiB were free");
    }
}
