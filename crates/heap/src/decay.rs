//! How much of the free memory has not been needed for a while.
//!
//! Belongs to the heap, whose lock protects it. Time is cut into epochs of a tenth of the decay time.
//! Of each epoch the least is remembered that was free and held memory at any moment of it; the least
//! of eight epochs was not needed in any of them, and is what may go.
//!
//! A stamp per run (Go ≤ 1.11 `unusedsince`) does not do here: a large run that is merged with every
//! small one that is freed beside it would stay young for ever.

/// Epochs that are looked back on: together with the one that is going on, less than the decay time.
const EPOCHS: usize = 8;
/// Epochs in a decay time.
const EPOCHS_IN_DECAY: u64 = 10;

/// The least bytes that were held in each of the last epochs.
///
/// # Invariants
///
/// * I1: `floor` is at most what was held at any moment since the epoch began.
#[derive(Debug)]
pub(crate) struct Decay {
    /// Milliseconds of an epoch; 0: everything may go at once.
    length: u64,
    /// The number of the epoch that is going on, once a time was heard of.
    epoch: Option<u64>,
    floor: usize,
    past: [usize; EPOCHS],
    /// What may still go of what the last epoch's end allowed.
    debt: usize,
}

impl Decay {
    pub(crate) const fn new(decay_ms: u64) -> Self {
        Self {
            length: decay_ms.div_ceil(EPOCHS_IN_DECAY),
            epoch: None,
            floor: 0,
            past: [0; EPOCHS],
            debt: 0,
        }
    }

    /// Free memory was taken into use, and this much is held after that.
    #[inline]
    pub(crate) fn note(&mut self, held: usize) {
        self.floor = self.floor.min(held);
    }

    /// It is `now`, and `held` bytes are free and held, of which `retained` shall stay. Answers with
    /// whether an epoch has ended.
    ///
    /// Epochs in which nobody asked are taken to have held what is held now: whoever uses the heap
    /// asks often, so that the least was reached shortly after the last question.
    pub(crate) fn tick(&mut self, now: u64, held: usize, retained: usize) -> bool {
        let epoch = match self.length {
            0 => return self.allow(held, retained),
            length => now / length,
        };
        let Some(before) = self.epoch.replace(epoch) else {
            self.floor = held;
            return false;
        };
        // A clock that goes backwards begins anew.
        let passed = epoch.saturating_sub(before);
        if passed == 0 {
            return false;
        }
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        let silent = passed.min(EPOCHS);
        self.past.rotate_right(silent);
        self.past[..silent].fill(held);
        if let Some(asked) = self.past.get_mut(passed - 1) {
            *asked = self.floor;
        }
        self.floor = held;
        let unneeded = self.past.iter().copied().min().unwrap_or(0);
        self.allow(unneeded, retained)
    }

    fn allow(&mut self, unneeded: usize, retained: usize) -> bool {
        self.debt = unneeded.saturating_sub(retained);
        true
    }

    /// How much may go.
    pub(crate) const fn debt(&self) -> usize {
        self.debt
    }

    /// The rest stays for now: it cannot go.
    pub(crate) const fn forgive(&mut self) {
        self.debt = 0;
    }

    /// This much has gone.
    pub(crate) fn paid(&mut self, bytes: usize) {
        self.debt = self.debt.saturating_sub(bytes);
        self.floor = self.floor.saturating_sub(bytes);
        for past in &mut self.past {
            *past = past.saturating_sub(bytes);
        }
    }

    /// When the next question may have another answer.
    pub(crate) fn next(&self, now: u64) -> u64 {
        if self.debt > 0 || self.length == 0 {
            return now;
        }
        (now / self.length + 1) * self.length
    }
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
