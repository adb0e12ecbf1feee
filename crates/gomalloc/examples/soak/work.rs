//! What a worker does: one step of it at a time, chosen at random.
//!
//! While a limit is set any allocation may be refused, also one of std's, which then ends the
//! process. So workers keep their blocks in vectors that have their full length from the beginning,
//! and start threads only while no limit is set.
use crate::shadow::{Block, Random};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};

/// Blocks that a worker holds at most.
const LIVE: usize = 4000;
/// Blocks that wait for another worker at most.
const MAILBOX: usize = 256;
/// Largest request of a worker that sees a limit.
const GREEDY: usize = 4 << 20;

/// What the workers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) is_over: AtomicBool,
    /// A limit is set.
    pub(crate) is_limited: AtomicBool,
    /// Held while a thread starts, and while a limit is set.
    pub(crate) starting: Mutex<()>,
    /// One a worker: blocks on their way to it.
    mailboxes: Vec<Mutex<Vec<Block>>>,
    blocks: AtomicU64,
    refused: AtomicU64,
    resized: AtomicU64,
    handed: AtomicU64,
    died: AtomicU64,
}

/// What has been done so far.
#[derive(Debug)]
pub(crate) struct Counts {
    /// Blocks that were allocated.
    pub(crate) blocks: u64,
    /// Requests that got nothing, because of a limit.
    pub(crate) refused: u64,
    pub(crate) resized: u64,
    /// Blocks that were checked and freed by another thread than their first.
    pub(crate) handed: u64,
    /// Threads that ended with objects in use.
    pub(crate) died: u64,
}

impl Shared {
    pub(crate) fn new(workers: usize) -> Self {
        Self {
            is_over: AtomicBool::new(false),
            is_limited: AtomicBool::new(false),
            starting: Mutex::new(()),
            mailboxes: (0..workers)
                .map(|_| Mutex::new(Vec::with_capacity(MAILBOX)))
                .collect(),
            blocks: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            resized: AtomicU64::new(0),
            handed: AtomicU64::new(0),
            died: AtomicU64::new(0),
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            blocks: self.blocks.load(Ordering::Relaxed),
            refused: self.refused.load(Ordering::Relaxed),
            resized: self.resized.load(Ordering::Relaxed),
            handed: self.handed.load(Ordering::Relaxed),
            died: self.died.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn empty_mailboxes(&self) {
        for mailbox in &self.mailboxes {
            mailbox
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clear();
        }
    }

    fn count(counter: &AtomicU64, more: usize) {
        counter.fetch_add(more as u64, Ordering::Relaxed);
    }
}

/// One thread's part.
#[derive(Debug)]
pub(crate) struct Worker {
    pub(crate) shared: Arc<Shared>,
    index: usize,
    random: Random,
    live: Vec<Block>,
}

impl Worker {
    pub(crate) fn new(shared: Arc<Shared>, index: usize, seed: u64) -> Self {
        Self {
            shared,
            index,
            random: Random::new(seed.wrapping_mul(1000).wrapping_add(index as u64)),
            live: Vec::with_capacity(LIVE),
        }
    }

    /// One of the things that a thread of a program does.
    pub(crate) fn step(&mut self) {
        match self.random.below(10_000) {
            0..5000 => self.alloc(),
            5000..8000 => self.free_one(),
            8000..9700 => self.resize(),
            9700..9800 => self.hand_over(),
            9800..9900 => self.take_in(),
            9900..9960 => self.burst(),
            9960..9980 => gomalloc::flush_thread_cache(),
            9980..9990 => self.look_at_all(),
            9990..9999 => self.raise_a_thread(),
            _ => drop(gomalloc::release_memory()),
        }
    }

    /// The end: what is still in use.
    pub(crate) fn settle(self) -> Vec<Block> {
        self.look_at_all();
        gomalloc::flush_thread_cache();
        self.live
    }

    fn alloc(&mut self) {
        if self.live.len() == LIVE {
            // Not one by one: a program's memory grows and shrinks by phases.
            let left = self.random.below(LIVE);
            self.live.truncate(left);
        }
        let block = if self.shared.is_limited.load(Ordering::Relaxed) {
            // Small requests find free slots for long; these find the limit.
            let size = 1 + self.random.below(GREEDY);
            Block::alloc(size, 8)
        } else {
            some_block(&mut self.random)
        };
        self.keep(block);
    }

    fn keep(&mut self, block: Option<Block>) {
        match block {
            Some(block) => {
                Shared::count(&self.shared.blocks, 1);
                self.live.push(block);
            }
            None => Shared::count(&self.shared.refused, 1),
        }
    }

    fn free_one(&mut self) {
        if !self.live.is_empty() {
            let at = self.random.below(self.live.len());
            self.live.swap_remove(at);
        }
    }

    fn resize(&mut self) {
        if self.live.is_empty() {
            return;
        }
        let at = self.random.below(self.live.len());
        let size = self.random.size();
        let counter = if self.live[at].resize(size) {
            &self.shared.resized
        } else {
            &self.shared.refused
        };
        Shared::count(counter, 1);
    }

    /// Blocks to a worker that is chosen at random, perhaps to this one.
    fn hand_over(&mut self) {
        let to = self.random.below(self.shared.mailboxes.len());
        let Ok(mut mailbox) = self.shared.mailboxes[to].try_lock() else {
            return;
        };
        let count = self.random.below(32).min(MAILBOX - mailbox.len());
        let from = self.live.len().saturating_sub(count);
        mailbox.extend(self.live.drain(from..));
    }

    /// Checks and frees what others have sent, and keeps some of it.
    fn take_in(&mut self) {
        let Ok(mut mailbox) = self.shared.mailboxes[self.index].try_lock() else {
            return;
        };
        Shared::count(&self.shared.handed, mailbox.len());
        mailbox.iter().for_each(Block::check);
        let kept = (mailbox.len() / 4).min(LIVE - self.live.len());
        self.live.extend(mailbox.drain(..kept));
        mailbox.clear();
    }

    /// Many blocks of one size, freed in another order.
    fn burst(&mut self) {
        let size = 1 + self.random.below(2000);
        let before = self.live.len();
        for _ in 0..self.random.below(600).min(LIVE - before) {
            let block = Block::alloc(size, 8);
            self.keep(block);
        }
        while self.live.len() > before {
            let at = before + self.random.below(self.live.len() - before);
            self.live.swap_remove(at);
        }
    }

    fn look_at_all(&self) {
        self.live.iter().for_each(Block::check);
    }

    /// A thread that allocates, dies, and leaves its objects to this one.
    fn raise_a_thread(&mut self) {
        let room = LIVE - self.live.len();
        let _no_limit_meanwhile = match self.shared.starting.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::Poisoned(error)) => error.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let mut random = Random::new(self.random.next());
        let thread = std::thread::spawn(move || {
            let mut blocks = Vec::new();
            for _ in 0..random.below(300).min(room) {
                blocks.extend(some_block(&mut random));
                if random.below(3) == 0 {
                    blocks.pop();
                }
            }
            blocks
        });
        let left = thread.join().unwrap();
        Shared::count(&self.shared.died, 1);
        Shared::count(&self.shared.blocks, left.len());
        self.live.extend(left);
    }
}

/// A block of any size by any way.
fn some_block(random: &mut Random) -> Option<Block> {
    let size = random.size();
    // Most have no wishes; few want a page or more.
    let align = match random.below(100) {
        0..70 => 8,
        70..98 => 1 << random.below(10),
        _ => 1 << random.below(18),
    };
    match random.below(8) {
        0 => Block::zeroed(size, align),
        1 => Block::c_zeroed(size),
        2 | 3 => Block::c(size, align),
        _ => Block::alloc(size, align),
    }
}
