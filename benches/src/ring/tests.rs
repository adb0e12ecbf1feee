//! Blocks arrive whole, in order, once, and a ring that is dropped frees what is in it.

use super::ring;
use crate::Block;

#[test]
fn blocks_arrive_in_order() {
    let (mut sender, mut receiver) = ring();
    let count = 20_000;
    let thread = std::thread::spawn(move || {
        for size in 1..=count {
            sender.send(Block::new(size));
        }
    });
    for size in 1..=count {
        assert_eq!(receiver.receive().size(), size);
    }
    thread.join().expect("the sender ends");
    assert!(receiver.try_receive().is_none());
}

#[test]
fn what_was_not_received_is_dropped_with_the_ring() {
    let (mut sender, receiver) = ring();
    for _ in 0..10 {
        sender.send(Block::new(100));
    }
    // Under a leak checker this is the test; elsewhere it shows that nothing is freed twice.
    drop(receiver);
    drop(sender);
}
