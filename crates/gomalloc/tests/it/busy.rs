//! Threads that keep every part of the allocator at work while a test does something else.
use crate::pthread;
use crate::shadow::{Block, Random};
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// Threads that allocate and free until they are told to stop.
pub(crate) struct Busy {
    stop: Arc<AtomicBool>,
    threads: Vec<pthread::Thread>,
}

impl Busy {
    pub(crate) fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let works: [fn(&AtomicBool); 3] = [mixed, tides, births];
        let threads = works
            .map(|work| {
                let stop = Arc::clone(&stop);
                pthread::spawn(move || work(&stop)).unwrap()
            })
            .into();
        Self { stop, threads }
    }

    pub(crate) fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            assert!(thread.join());
        }
    }
}

/// Blocks of every size, replaced at random.
pub(crate) fn mixed(stop: &AtomicBool) {
    let mut random = Random::new(7);
    let mut live: Vec<Block> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let size = random.size();
        if live.len() < 200 {
            let align = 1 << random.below(7);
            live.extend(match random.below(4) {
                0 => Block::zeroed(size, align),
                1 => Block::c(size, align),
                2 => Block::c_zeroed(size),
                _ => Block::alloc(size, align),
            });
        } else {
            let at = random.below(live.len());
            if random.below(4) == 0 {
                assert!(live[at].resize(size));
            } else {
                live.swap_remove(at);
            }
        }
    }
}

/// Many small blocks and then few: magazines that are refilled and flushed, wholly and by halves.
fn tides(stop: &AtomicBool) {
    let mut blocks: Vec<Box<u64>> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        blocks.extend((0..4000).map(Box::new));
        for number in 0..50_000 {
            let at = number % blocks.len();
            // Replaced: the last block that was freed is taken again, so every flush is one of half
            // a magazine.
            if number % 20 == 0 {
                let new = Box::new(number as u64);
                drop(core::mem::replace(&mut blocks[at], new));
            } else if blocks.len() > 100 {
                blocks.swap_remove(at);
            }
        }
    }
}

/// Threads that come and go: caches that are born, given back and reused.
fn births(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let (send, receive) = std::sync::mpsc::channel();
        let thread = pthread::spawn(move || {
            let left = vec![Block::alloc(100, 8), Block::alloc(5000, 8)];
            send.send(left).unwrap();
        });
        drop(receive.recv().unwrap());
        assert!(thread.unwrap().join());
    }
}
