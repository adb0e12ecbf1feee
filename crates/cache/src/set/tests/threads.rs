//! Real threads that come and go while another reads the figures.
#![expect(unsafe_code, reason = "each thread owns the cache that it acquired")]
use super::{Set, alloc, class_of, free, set, stats};
use sizeclass::SpanClass;
use std::sync::Mutex;
use std::thread;
use std::vec::Vec;
use sync::atomic::{AtomicBool, Ordering};

/// A slot on its way to another thread.
struct Parcel(SpanClass, *mut u8);

// SAFETY: a slot may be freed by any thread that owns it.
unsafe impl Send for Parcel {}

const LIVES: u32 = if cfg!(miri) { 2 } else { 40 };
const STEPS: u32 = if cfg!(miri) { 60 } else { 2000 };

/// One short life of a thread: allocates, sends some slots away, frees what it gets.
fn live(set: &Set, market: &Mutex<Vec<Parcel>>, seed: u32) {
    let classes = [class_of(8), class_of(48), class_of(1024)];
    let cache = set.acquire().expect("memory");
    let mut own = Vec::new();
    for step in 0..STEPS {
        let dice = (seed.wrapping_mul(31).wrapping_add(step)).wrapping_mul(0x9E37_79B9) >> 16;
        let class = classes[dice as usize % classes.len()];
        let slot = alloc(set, cache, class);
        // SAFETY: a slot of at least 8 bytes, 8-aligned, that this thread owns.
        unsafe { slot.cast::<u64>().write(slot.addr() as u64) };
        match dice % 4 {
            0 => market.lock().expect("whole").push(Parcel(class, slot)),
            1 => own.push((class, slot)),
            _ => free(set, cache, class, slot).expect("owned"),
        }
        if dice % 5 == 0
            && let Some(Parcel(class, slot)) = market.lock().expect("whole").pop()
        {
            // SAFETY: the slot came with the parcel; whoever sent it wrote it.
            let stamp = unsafe { slot.cast::<u64>().read() };
            assert_eq!(stamp, slot.addr() as u64, "nobody else had the slot");
            free(set, cache, class, slot).expect("owned");
        }
    }
    for (class, slot) in own {
        free(set, cache, class, slot).expect("owned");
    }
    // SAFETY: acquired above and not used again.
    unsafe { set.give_back(cache) }.expect("right pointers");
}

/// Reads until told to stop: no figure ever falls.
fn watch(set: &Set, stop: &AtomicBool) {
    let mut before = stats(set);
    while !stop.load(Ordering::Relaxed) {
        let now = stats(set);
        let pairs = now.mallocs.iter().zip(&before.mallocs);
        let pairs = pairs.chain(now.frees.iter().zip(&before.frees));
        for (now, before) in pairs {
            assert!(now >= before, "a figure fell");
        }
        before = now;
    }
}

#[test]
fn threads_that_come_and_go_leave_exact_figures() {
    let set = set();
    set.set_warm_limit(2);
    let market = Mutex::new(Vec::new());
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| watch(&set, &stop));
        let workers: Vec<_> = (0..3)
            .map(|worker| {
                let (set, market) = (&set, &market);
                scope.spawn(move || {
                    for life in 0..LIVES {
                        live(set, market, worker * LIVES + life);
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.join().expect("its assertions hold");
        }
        stop.store(true, Ordering::Relaxed);
    });
    let waiting = market.into_inner().expect("whole");
    let figures = stats(&set);
    let mallocs: u64 = figures.mallocs.iter().sum();
    let frees: u64 = figures.frees.iter().sum();
    assert_eq!(
        mallocs,
        u64::from(3 * LIVES * STEPS),
        "every allocation is counted once"
    );
    assert_eq!(mallocs - frees, waiting.len() as u64, "and every free");
    assert!(
        figures.caches <= 4,
        "{} caches for three threads at a time",
        figures.caches
    );
    set.flush_dead().expect("right pointers");
    assert_eq!(set.exchange().out(), waiting.len());
}
