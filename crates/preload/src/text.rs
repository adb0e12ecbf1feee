//! Text without memory: words and decimal numbers into a buffer of fixed size.
//!
//! Owned by whoever writes. `core::fmt` can panic and pulls in 20 KB; this cannot and does not.

/// A buffer of `N` bytes. What does not fit is cut off.
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Text {
            bytes: [0; N],
            len: 0,
        }
    }

    /// What was written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends `bytes`.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> &mut Self {
        for (place, byte) in self.bytes.iter_mut().skip(self.len).zip(bytes) {
            *place = *byte;
            self.len += 1;
        }
        self
    }

    /// Appends `number` in decimal.
    pub(crate) fn number(&mut self, mut number: u64) -> &mut Self {
        // 20 digits are u64::MAX's.
        let mut digits = [0u8; 20];
        let mut first = digits.len();
        for (place, digit) in digits.iter_mut().enumerate().rev() {
            *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
            first = place;
            if number == 0 {
                break;
            }
        }
        self.push(digits.get(first..).unwrap_or_default())
    }
}
