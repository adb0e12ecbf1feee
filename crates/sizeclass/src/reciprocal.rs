//! Division of an offset by a slot size without a division: both forms that Go has used.
//!
//! Pure arithmetic. The proofs are in [`is_exact`]; the tests try every offset of every span.

use crate::narrow::{to_u8, to_u16};

/// The reciprocal of `bytes` for [`magic_index`]: 2³² / `bytes`, rounded up (Go ≥ 1.17
/// `class_to_divmagic`); 0 for a size of 0 (a large span: every offset is in slot 0).
///
/// A size of 1 has none (it would be 2³²); its value is 0 too.
#[inline]
pub const fn magic_for(bytes: u32) -> u32 {
    match u32::MAX.checked_div(bytes) {
        Some(below) => below.wrapping_add(1),
        None => 0,
    }
}

/// `offset` divided by the slot size whose reciprocal is `magic`: one multiplication, one shift.
///
/// Exact for every offset of a span of a [`Table`](crate::Table), its end included.
/// `offset` must be below 2³²; what lies above is cut off.
///
/// ```
/// use gomalloc_sizeclass::{magic_for, magic_index};
///
/// assert_eq!(magic_index(magic_for(48), 95), 1);
/// assert_eq!(magic_index(magic_for(48), 96), 2);
/// ```
#[inline(always)]
#[expect(
    clippy::cast_possible_truncation,
    reason = "the offset's bound is documented; the product of two 32-bit numbers, shifted by 32, fits"
)]
pub const fn magic_index(magic: u32, offset: usize) -> usize {
    ((offset as u32 as u64 * magic as u64) >> 32) as usize
}

/// Division by a slot size as two shifts and a 16-bit factor (Go ≤ 1.16 `divMagic`).
///
/// The size is 2^`shift` · d with d odd. For d = 1 the first shift is all and `base_mask` cuts an
/// offset down to its slot's start; else `mul` / 2^`shift2` stands for 1 / d. 32-bit arithmetic
/// suffices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ShiftMul {
    /// Power of two in the size.
    pub shift: u8,
    /// Fraction bits of `mul`.
    pub shift2: u8,
    /// Reciprocal of the size's odd part, rounded up.
    pub mul: u16,
    /// 2¹⁶ − size for a power of two whose span ends at 2¹⁶ or below, else 0.
    pub base_mask: u16,
}

impl ShiftMul {
    /// The smallest `shift2` and its `mul` that are exact for every offset below `span_bytes`.
    ///
    /// `None` when `bytes` is 0 or more than `span_bytes`, or no factor of 16 bits is exact.
    /// Tries at most 32 shifts, each in constant time.
    pub const fn new(bytes: u32, span_bytes: u32) -> Option<Self> {
        if bytes == 0 || span_bytes < bytes {
            return None;
        }
        let shift = bytes.trailing_zeros();
        let odd = (bytes >> shift) as u64;
        let most = ((span_bytes - 1) >> shift) as u64;
        let shift8 = to_u8(shift as usize);
        if odd == 1 {
            let masked = span_bytes <= 1 << 16 && bytes < 1 << 16;
            let base_mask = if masked {
                to_u16((1 << 16) - bytes as u64)
            } else {
                0
            };
            return Some(Self {
                shift: shift8,
                shift2: 0,
                mul: 1,
                base_mask,
            });
        }
        let mut shift2 = 0;
        while shift2 < 32 {
            let mul = (1_u64 << shift2).div_ceil(odd);
            if mul > u16::MAX as u64 || mul * most > u32::MAX as u64 {
                return None;
            }
            if is_exact(odd, mul, shift2, most) {
                return Some(Self {
                    shift: shift8,
                    shift2: to_u8(shift2 as usize),
                    mul: to_u16(mul),
                    base_mask: 0,
                });
            }
            shift2 += 1;
        }
        None
    }

    /// The slot that `offset` lies in (Go ≤ 1.16 `objIndex`).
    ///
    /// Exact for every offset of the span that this was made for; anything for others.
    #[inline]
    pub const fn index(self, offset: u32) -> u32 {
        if self.base_mask != 0 {
            return offset >> self.shift;
        }
        (offset >> self.shift).wrapping_mul(self.mul as u32) >> self.shift2
    }

    /// The offset at which the slot of `offset` starts; `bytes` is the slot size.
    #[inline]
    pub const fn slot_start(self, offset: u32, bytes: u32) -> u32 {
        if self.base_mask != 0 {
            return offset & self.base_mask as u32;
        }
        self.index(offset).wrapping_mul(bytes)
    }
}

/// Whether `n * mul >> shift == n / d` for every n of 0..=`most`; `mul` is 2^`shift` / d rounded up.
///
/// With e = mul·d − 2^shift ≥ 0: n·mul / 2^shift = n/d + n·e / (d·2^shift). That reaches the next
/// whole number iff n·e ≥ (d − n mod d)·2^shift. Within n = q·d … q·d + d − 1 the left side grows
/// and the right side falls, so the last n is the worst, and the larger q the worse. Only two n
/// have to be tried: the last one of the last whole group, and `most`.
pub(crate) const fn is_exact(d: u64, mul: u64, shift: u32, most: u64) -> bool {
    let partial = (most + 1) % d;
    let last_group = most < d - 1 || is_exact_at(d, mul, shift, most - partial);
    last_group && is_exact_at(d, mul, shift, most)
}

const fn is_exact_at(d: u64, mul: u64, shift: u32, n: u64) -> bool {
    let one = 1_u64 << shift;
    n * (mul * d - one) < (d - n % d) * one
}

#[cfg(test)]
mod tests;
