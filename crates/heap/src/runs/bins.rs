//! Lists of runs of about the same length: constant steps at every length, for a fit that is good but
//! not always the best.
//!
//! Belongs to the heap, whose lock protects it. Lengths below 64 pages have a list each, above there
//! are eight to a doubling, as TLSF has them (Masmano et al., 2004).
use super::{RunError, RunStore};
use crate::{ListId, SpanList, SpanRef};

/// log2 of the first length that shares its list.
const EXACT_SHIFT: u32 = 6;
/// log2 of the lists to a doubling.
const STEP_SHIFT: u32 = 3;
/// Lists: 64 exact ones, and eight for each doubling up to the longest run that a `usize` can count.
const BINS: usize = (1 << EXACT_SHIFT) + ((usize::BITS - EXACT_SHIFT) as usize) * (1 << STEP_SHIFT);
const WORDS: usize = BINS.div_ceil(64);

/// Runs of the request's own bin that are looked at: the one that was freed last is mostly of the
/// length that is asked for next, and eighth parts waste little.
const LOOKS: usize = 4;

/// Free runs in lists by length, last in first out.
///
/// # Invariants
///
/// * I1: bit `n` of `filled` is set exactly if bin `n` has members.
/// * I2: a run is in the bin of its length.
#[derive(Debug)]
pub struct BinnedRuns {
    filled: [u64; WORDS],
    bins: [SpanList; BINS],
}

/// The bin of a length.
const fn bin_of(pages: usize) -> usize {
    if pages < 1 << EXACT_SHIFT {
        return pages;
    }
    let log2 = pages.ilog2();
    let step = pages >> (log2 - STEP_SHIFT) & ((1 << STEP_SHIFT) - 1);
    (1 << EXACT_SHIFT) + ((log2 - EXACT_SHIFT) as usize) * (1 << STEP_SHIFT) + step
}

const _: () = assert!(bin_of(usize::MAX) == BINS - 1, "every length has a bin");

impl BinnedRuns {
    /// A structure without runs.
    #[must_use]
    pub fn new() -> Self {
        let bin = |number: usize| {
            // Not 0, which is no number, and far below 2³².
            let id = u32::try_from(number + 1).ok().and_then(ListId::new);
            SpanList::new(id.unwrap_or(ListId::FIRST))
        };
        Self {
            filled: [0; WORDS],
            bins: core::array::from_fn(bin),
        }
    }

    /// The first bin with members from this one on.
    fn filled_from(&self, bin: usize) -> Option<usize> {
        let mut word = bin / 64;
        let mut bits = self.filled.get(word)? & (!0 << (bin % 64));
        while bits == 0 {
            word += 1;
            bits = *self.filled.get(word)?;
        }
        Some(word * 64 + bits.trailing_zeros() as usize)
    }
}

impl Default for BinnedRuns {
    fn default() -> Self {
        Self::new()
    }
}

impl RunStore for BinnedRuns {
    const BEST_FIT: bool = false;

    fn insert(&mut self, run: SpanRef) -> Result<(), RunError> {
        let pages = run.pages();
        if pages == 0 {
            return Err(RunError::Empty { run: run.addr() });
        }
        let bin = bin_of(pages);
        self.bins[bin].insert(run)?;
        self.filled[bin / 64] |= 1 << (bin % 64);
        Ok(())
    }

    fn remove(&mut self, run: SpanRef) -> Result<(), RunError> {
        let bin = bin_of(run.pages());
        self.bins[bin].remove(run)?;
        if self.bins[bin].is_empty() {
            self.filled[bin / 64] &= !(1 << (bin % 64));
        }
        Ok(())
    }

    fn best_fit(&self, pages: usize) -> Option<SpanRef> {
        let own = bin_of(pages);
        let fits = |run: &SpanRef| run.pages() >= pages;
        if let Some(run) = self.bins[own].iter().take(LOOKS).find(fits) {
            return Some(run);
        }
        match self.filled_from(own + 1) {
            Some(bin) => self.bins[bin].first(),
            // Nothing longer: the rest of the own bin is looked through.
            None => self.bins[own].iter().skip(LOOKS).find(fits),
        }
    }

    fn for_each(&self, each: &mut dyn FnMut(SpanRef)) {
        for bin in &self.bins {
            bin.iter().for_each(&mut *each);
        }
    }

    #[cfg(any(test, feature = "ops", debug_assertions))]
    fn check_invariants(&self) {
        for (number, bin) in self.bins.iter().enumerate() {
            let filled = self.filled[number / 64] >> (number % 64) & 1 == 1;
            assert_eq!(filled, !bin.is_empty(), "I1");
            assert!(bin.iter().all(|run| bin_of(run.pages()) == number), "I2");
            bin.check_invariants();
        }
    }
}
