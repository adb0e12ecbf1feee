//! Sampling: which allocations a heap profiler is told of.
//!
//! Every byte that is allocated is an event of a Poisson process with one event per `mean` bytes; an
//! allocation is sampled if an event falls into it. So an allocation of `bytes` is sampled with
//! probability 1 − e^(−bytes / mean), independently of all others, and stands for the inverse of
//! that many of its size (Go's `pprof` scales in the same way). After Go 1.12 `nextSample` and
//! `fastexprand`, with two differences:
//!
//! * Go counts bytes down, one countdown a cache; here every class counts its *allocations* down,
//!   in the word that counts them anyway. A sum of independent Poisson processes is one, so the
//!   classes need not know of each other, and a hit pays nothing.
//! * The distribution is exact: von Neumann's method ("Various techniques used in connection with
//!   random digits", 1951) draws from it by comparing random numbers, without a logarithm.
//!
//! [`Sampling`] is shared by every thread (atomics, Relaxed: a setting that reaches each class of each
//! cache with its next miss); a [`Random`] belongs to the owner of a cache.
#![expect(unsafe_code, reason = "keeps a function's address in an atomic")]
use crate::word::COUNT_MAX;
use core::mem;
use core::ptr;
use sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};

/// What a profiler is told of a sampled allocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The slot, not written yet.
    pub pointer: *mut u8,
    /// Bytes of the slot (Go's profiles take the size of the slot as well).
    pub bytes: usize,
}

/// Called in the thread that allocates, before it gets the slot, under no lock. It may allocate, and
/// must expect to be called for that as well.
pub type OnSample = fn(Sample);

/// The setting of a set, and its source of seeds.
#[derive(Debug)]
pub(crate) struct Sampling {
    /// Bytes between samples on average; 0: off.
    mean: AtomicUsize,
    /// An [`OnSample`], or null.
    on_sample: AtomicPtr<()>,
    seeds: AtomicU64,
}

impl Sampling {
    #[cfg(not(gomalloc_loom))]
    pub(crate) const fn new() -> Self {
        Self {
            mean: AtomicUsize::new(0),
            on_sample: AtomicPtr::new(ptr::null_mut()),
            seeds: AtomicU64::new(0),
        }
    }

    #[cfg(gomalloc_loom)]
    pub(crate) fn new() -> Self {
        Self {
            mean: AtomicUsize::new(0),
            on_sample: AtomicPtr::new(ptr::null_mut()),
            seeds: AtomicU64::new(0),
        }
    }

    pub(crate) fn set(&self, mean: usize, on_sample: OnSample) {
        let function = on_sample as *mut ();
        self.on_sample.store(function, Ordering::Relaxed);
        self.mean.store(mean, Ordering::Relaxed);
    }

    /// 0: off.
    pub(crate) fn mean(&self) -> usize {
        self.mean.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self, sample: Sample) {
        let function = self.on_sample.load(Ordering::Relaxed);
        if function.is_null() {
            return;
        }
        // SAFETY: what is not null was stored by `set` as a function of this type.
        let on_sample = unsafe { mem::transmute::<*mut (), OnSample>(function) };
        on_sample(sample);
    }

    /// A generator that no other call has got; its state is not 0.
    pub(crate) fn seed(&self) -> Random {
        Random(self.seeds.fetch_add(Random::STEP, Ordering::Relaxed) | 1)
    }
}

/// A generator of random numbers: `splitmix64` (Steele, Lea and Flood, 2014).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Seeds are this far from each other on the one cycle of 2⁶⁴ numbers: any odd number that is no
    /// small multiple of the generator's own step keeps them apart for longer than a process lives.
    const STEP: u64 = 0xD1B5_4A32_D192_ED03;

    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) >> 32) as u32
    }

    /// A number with the exponential distribution of mean 1, times 2³².
    ///
    /// A run of falling random numbers has odd length with probability 1 − e^(−first); if it has,
    /// the first of them is the fraction, else 1 is added and another run tried.
    fn exponential(&mut self) -> u64 {
        let mut whole = 0_u64;
        loop {
            let first = self.next();
            let (mut last, mut is_odd) = (first, true);
            loop {
                let next = self.next();
                if next >= last {
                    break;
                }
                last = next;
                is_odd = !is_odd;
            }
            if is_odd {
                return (whole << u32::BITS) | u64::from(first);
            }
            whole += 1;
        }
    }

    /// The bytes to the next event, the last of them included.
    fn distance(&mut self, mean: usize) -> u64 {
        let bytes = (u128::from(self.exponential()) * mean as u128) >> u32::BITS;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Does an event fall into an allocation of `bytes`?
    pub(crate) fn hits(&mut self, bytes: usize, mean: usize) -> bool {
        self.distance(mean) < bytes as u64
    }

    /// Where the count of a word has to begin so that it is full at the next sampled allocation of
    /// `bytes`. `None`: that is further away than a count reaches. A new draw after a whole count
    /// without a sample is right, since the process does not remember how long it has waited.
    pub(crate) fn start(&mut self, bytes: usize, mean: usize) -> Option<u16> {
        // The sampled allocation is the one behind `before`.
        let before = self.distance(mean) / (bytes as u64).max(1);
        let before = u32::try_from(before).ok().filter(|n| *n <= COUNT_MAX)?;
        u16::try_from(COUNT_MAX - before).ok()
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
