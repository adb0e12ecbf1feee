//! Checked narrowing for `const fn`, where `TryFrom` cannot be called.
//!
//! Used only while a table is derived; every caller has compared its value with a limit before, so
//! the assertions cannot fire (the fuzz driver in `ops` looks for parameters that make them).

/// `value` as `u8`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "asserted on the line before"
)]
pub(crate) const fn to_u8(value: usize) -> u8 {
    assert!(value <= u8::MAX as usize);
    value as u8
}

/// `value` as `u16`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "asserted on the line before"
)]
pub(crate) const fn to_u16(value: u64) -> u16 {
    assert!(value <= u16::MAX as u64);
    value as u16
}

/// `value` as `u32`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "asserted on the line before"
)]
pub(crate) const fn to_u32(value: u64) -> u32 {
    assert!(value <= u32::MAX as u64);
    value as u32
}
