//! The class of a size together with an alignment.
//!
//! Pure functions of a table.

use crate::class::SizeClass;
use crate::table::Table;

impl Table {
    /// The smallest class whose slots hold `size` bytes and all start at multiples of `align`.
    ///
    /// Slots start at a multiple of the slot size from a multiple of the page, so a slot size that
    /// is a multiple of `align` is what it takes, and an alignment above the page has no class.
    /// `None` too if `align` is not a power of two, or if no class is large enough.
    ///
    /// Takes the class of `size`, rounded up to `align`, and walks upward from there: no step for
    /// alignments up to 128 in either Go table, at most two for larger ones.
    ///
    /// ```
    /// use gomalloc_sizeclass::Table;
    ///
    /// let class = Table::DEFAULT.class_for(1025, 512).unwrap();
    /// assert_eq!(Table::DEFAULT.slot_bytes(class), 1536);
    /// assert_eq!(Table::DEFAULT.class_for(8, 16384), None);
    /// ```
    pub const fn class_for(&self, size: usize, align: usize) -> Option<SizeClass> {
        if !align.is_power_of_two() || align > self.page_bytes() || size > self.max_size() {
            return None;
        }
        let size = if size == 0 { 1 } else { size };
        // No overflow: both are at most 1 MiB.
        let rounded = (size + (align - 1)) & !(align - 1);
        let mut at = match self.class_of(rounded) {
            Some(class) => class.get(),
            None => return None,
        };
        while (at as usize) < self.len() {
            let class = match SizeClass::new(at) {
                Some(class) => class,
                None => return None,
            };
            if self.slot_bytes(class).is_multiple_of(align) {
                return Some(class);
            }
            at += 1;
        }
        None
    }
}

#[cfg(test)]
mod tests;
