//! Which hints a list starts with.
//!
//! Pure functions of platform and policy. After Go 1.26 `mallocinit`.
use crate::platform::HINT_NUMBERS;
use crate::{Addr, PAGE_SHIFT, Platform};

/// Which addresses are asked for first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum HintPolicy {
    /// The platform's (Go's default up to 1.25): every process has its heap at the same address.
    #[default]
    Platform,
    /// Those that a race detector's shadow covers. When they are used up, growth fails instead of
    /// going elsewhere.
    Race,
    /// The platform's, moved by a random base (Go 1.26's default). The seed is the caller's: 64
    /// random bits, of which at most 47 are used, from the top.
    Random {
        /// Where everything is taken from.
        seed: u64,
    },
    /// None: the system chooses.
    System,
}

/// log2 of the granule in which the start inside the first arena is chosen: Go's chunk of 4 MiB.
const CHUNK_SHIFT: u32 = 22;

impl HintPolicy {
    /// The addresses of a platform under this policy, in the order in which they are tried.
    ///
    /// Go 1.20 and later keep those of the second half for user arenas, which are not here. In race
    /// mode each address is listed twice, since numbers differ in bits that the addresses share.
    pub fn addresses<P: Platform>(self) -> impl Iterator<Item = Addr> {
        (0..HINT_NUMBERS).filter_map(move |number| match self {
            Self::Platform => P::hint(number),
            Self::Race => P::race_hint(number),
            Self::Random { .. } if P::POINTER_BYTES < 8 || P::WINDOWED => P::hint(number),
            Self::Random { seed } => random::<P>(seed, number),
            Self::System => None,
        })
    }

    /// How far into its first region the heap starts: with a random base, at a chunk and a page of
    /// the first arena that the seed chooses.
    pub(crate) fn first_offset<P: Platform>(self) -> usize {
        let Self::Random { seed } = self else {
            return 0;
        };
        if P::POINTER_BYTES < 8 || P::WINDOWED {
            return 0;
        }
        let (chunk_bits, used) = (P::ARENA_SHIFT.saturating_sub(CHUNK_SHIFT), top_bits::<P>());
        let chunk = take(seed << used, chunk_bits);
        let page = take(seed << (used + chunk_bits), CHUNK_SHIFT - PAGE_SHIFT);
        usize::try_from(chunk << CHUNK_SHIFT | page << PAGE_SHIFT).unwrap_or(0)
    }
}

/// How many bits of the seed choose the base.
const fn top_bits<P: Platform>() -> u32 {
    P::RANDOM_BITS - P::ARENA_SHIFT
}

/// The top `bits` bits of a seed.
const fn take(seed: u64, bits: u32) -> u64 {
    if bits == 0 { 0 } else { seed >> (64 - bits) }
}

/// Go 1.26's formula. It masks with the address bits, not with those that the prefix is shifted by,
/// so low bits of the base's prefix are OR-ed back in and some hints coincide.
fn random<P: Platform>(seed: u64, number: usize) -> Option<Addr> {
    const {
        assert!(
            P::RANDOM_BITS >= P::ARENA_SHIFT && P::RANDOM_BITS >= 8 && P::ADDRESS_BITS >= 8,
            "not enough address bits for a random base"
        );
    }
    let base = take(seed, top_bits::<P>()) << P::ARENA_SHIFT;
    let prefix = (base >> (P::RANDOM_BITS - 8)) & 0xff;
    let prefix = (prefix + number as u64) & 0xff;
    let kept = base & !(0xff << (P::ADDRESS_BITS - 8));
    let addr = prefix << (P::RANDOM_BITS - 8) | kept;
    usize::try_from(addr).ok().map(Addr::new)
}

#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
