//! Random numbers that are the same on every machine, and the sizes that workloads draw with them.
//!
//! A generator belongs to one thread. The generator is xorshift64* (Vigna, 2016): a few
//! instructions, so that a workload measures the allocator and not the dice.

/// A generator with a period of 2⁶⁴ − 1.
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// A generator whose numbers are a function of `seed` alone.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        // Zero is the one state that the generator does not leave; small seeds are spread.
        let state = seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self { state }
    }

    /// The next 32 random bits.
    #[inline]
    pub fn bits(&mut self) -> u32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let high = self.state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32;
        // The shift left 32 bits.
        high as u32
    }

    /// A number below `bound`, which is not zero.
    ///
    /// By multiplication (Lemire, 2018), without the rejection: the bias is below 2⁻¹² for the
    /// bounds that are used here, and it is the same for every allocator.
    #[inline]
    pub fn below(&mut self, bound: usize) -> usize {
        let wide = u64::from(self.bits()) * bound as u64;
        (wide >> 32) as usize
    }

    /// A size between `low` and `high` (both included, in bytes) whose logarithm is uniform: small
    /// ones are as frequent as in programs, large ones do occur.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the fraction of a byte is meant to go"
    )]
    pub fn size(&mut self, low: usize, high: usize) -> usize {
        let share = f64::from(self.bits()) / f64::from(u32::MAX);
        let ratio = high as f64 / low as f64;
        let size = low as f64 * ratio.powf(share);
        (size as usize).clamp(low, high)
    }
}

/// Sizes drawn beforehand, so that drawing costs a load: 4,096 of them in 16 KiB.
#[derive(Debug)]
pub struct Sizes {
    sizes: Box<[u32; Self::COUNT]>,
    next: usize,
}

impl Sizes {
    const COUNT: usize = 4096;

    /// Sizes between `low` and `high` bytes by [`Rng::size`].
    ///
    /// # Panics
    /// If `high` is 4 GiB or more.
    #[must_use]
    pub fn new(seed: u64, low: usize, high: usize) -> Self {
        let mut rng = Rng::new(seed);
        let mut sizes = Box::new([0; Self::COUNT]);
        for size in sizes.iter_mut() {
            *size = u32::try_from(rng.size(low, high)).expect("below 4 GiB");
        }
        Self { sizes, next: 0 }
    }

    /// The next size in bytes; after the last comes the first.
    #[inline]
    pub fn draw(&mut self) -> usize {
        self.next = (self.next + 1) % Self::COUNT;
        self.sizes[self.next] as usize
    }
}

#[cfg(test)]
mod tests;
