//! Real threads that trade slots: each stamps what it owns and checks the stamps before it frees.
use super::{class_of, give, take};
use crate::Central;
use crate::fake::FakeHeap;
use sizeclass::{SpanClass, Table};
use std::sync::Mutex;
use std::thread;
use std::vec::Vec;
use sync::atomic::Ordering;

/// Slots on their way from one thread to another.
struct Parcel(SpanClass, Vec<*mut u8>);

// SAFETY: a slot may be used and freed by any thread that owns it.
unsafe impl Send for Parcel {}

const THREADS: u32 = if cfg!(miri) { 3 } else { 4 };
const ROUNDS: usize = if cfg!(miri) { 12 } else { 4000 };

/// A generator of small numbers; Marsaglia's xorshift32.
struct Dice(u32);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

fn stamp(slots: &[*mut u8], with: u64) {
    for slot in slots {
        // SAFETY: slots are at least 8 bytes, 8-aligned, and owned by this thread.
        unsafe { slot.cast::<u64>().write(with ^ slot.addr() as u64) };
    }
}

fn check(slots: &[*mut u8], with: u64) {
    for slot in slots {
        // SAFETY: as in `stamp`, which has written it.
        let read = unsafe { slot.cast::<u64>().read() };
        let expected = with ^ slot.addr() as u64;
        assert_eq!(read, expected, "nobody else wrote to an owned slot");
    }
}

fn slot_bytes(class: SpanClass) -> usize {
    Table::DEFAULT.slot_bytes(class.size_class())
}

fn trade(central: &Central<FakeHeap>, market: &[Mutex<Vec<Parcel>>], me: u32) {
    let classes = [class_of(8), class_of(64), class_of(4096), class_of(8192)];
    let mut dice = Dice(0x9E37_79B9 ^ (me + 1));
    for _ in 0..ROUNDS {
        let class = classes[dice.below(classes.len())];
        let most = (16 << 10) / slot_bytes(class);
        let slots = take(central, class, 1 + dice.below(most.min(100)));
        stamp(&slots, slot_bytes(class) as u64);
        let to = dice.below(market.len());
        market[to].lock().expect("whole").push(Parcel(class, slots));
        let parcel = market[me as usize].lock().expect("whole").pop();
        if let Some(Parcel(class, slots)) = parcel {
            check(&slots, slot_bytes(class) as u64);
            give(central, class, slots).expect("owned");
        }
    }
}

#[test]
fn threads_trade_slots_without_loss_or_overlap() {
    let central = Central::new_keeping(FakeHeap::new(600), 16 << 10);
    let market: Vec<_> = (0..THREADS).map(|_| Mutex::new(Vec::new())).collect();
    thread::scope(|scope| {
        for me in 0..THREADS {
            let (central, market) = (&central, &market);
            scope.spawn(move || trade(central, market, me));
        }
    });
    let rest = market
        .into_iter()
        .flat_map(|parcels| parcels.into_inner().expect("whole"));
    for Parcel(class, slots) in rest {
        give(&central, class, slots).expect("owned");
    }
    central.source().check_at_rest();
    central.release_kept();
    let out = central.source().out.load(Ordering::Relaxed);
    assert_eq!(out, 0, "every span went home");
}
