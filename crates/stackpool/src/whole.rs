//! Free stacks that are spans of their own: a bucket a size, in two lists by temperature.
//!
//! Two of these per pool, plain and guarded, each under a lock of its own, which is never held while
//! the heap or the system is called. After Go's `stackLarge`, which keeps large stacks only while
//! the collector marks; here they wait, with their guards in place, for the next caller.
//!
//! A *hot* stack may be resident as far down as its last user went; of a *cold* one only the top is.
//! Hot ones are handed out first. Their bytes are bounded ([`Retention::hot`](crate::Retention::hot)).
use crate::limits::BUCKETS;
use heap::{ListError, ListId, SpanList, SpanRef};

/// The free stacks of one size.
///
/// # Invariants
///
/// * I1: `low` is the smallest number of stacks that were here since the last decay.
#[derive(Debug)]
struct Bucket {
    hot: SpanList,
    cold: SpanList,
    low: usize,
    floor: usize,
}

impl Bucket {
    const fn new(hot: ListId, cold: ListId) -> Self {
        Self {
            hot: SpanList::new(hot),
            cold: SpanList::new(cold),
            low: 0,
            floor: 0,
        }
    }

    fn len(&self) -> usize {
        self.hot.len() + self.cold.len()
    }

    fn note_low(&mut self) {
        self.low = self.low.min(self.len());
    }
}

/// The free stacks of all sizes.
///
/// # Invariants
///
/// * I2: `hot_bytes` is the size of the stacks in all hot lists together.
#[derive(Debug)]
pub(crate) struct Buckets {
    buckets: [Bucket; BUCKETS],
    hot_bytes: usize,
}

/// What decay has to do with a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Surplus {
    /// Stacks to give back to the heap.
    pub(crate) give_back: usize,
    /// Hot stacks to cool after that.
    pub(crate) cool: usize,
}

/// Numbers of buckets, the smallest first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occupied {
    bits: u64,
}

const _: () = assert!(BUCKETS <= 64);

impl Iterator for Occupied {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let index = self.bits.trailing_zeros();
        // Clears the lowest bit.
        self.bits &= self.bits.checked_sub(1)?;
        Some(index as usize)
    }
}

/// Both lists of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heat {
    Hot,
    Cold,
}

impl Buckets {
    /// Empty buckets, whose lists are known by the numbers from `first` on, two a bucket.
    pub(crate) const fn new(first: u32) -> Self {
        let mut buckets = [const { Bucket::new(list(1), list(1)) }; BUCKETS];
        let mut index = 0;
        while index < BUCKETS {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "below BUCKETS, which is 35"
            )]
            let hot = first + 2 * index as u32;
            buckets[index] = Bucket::new(list(hot), list(hot + 1));
            index += 1;
        }
        Self {
            buckets,
            hot_bytes: 0,
        }
    }

    /// Takes a free stack, the most recently used one first. `bytes` is the size of this bucket's.
    pub(crate) fn pop(
        &mut self,
        bucket: usize,
        bytes: usize,
    ) -> Result<Option<SpanRef>, ListError> {
        let free = &self.buckets[bucket];
        let (span, heat) = match (free.hot.first(), free.cold.first()) {
            (Some(span), _) => (span, Heat::Hot),
            (None, Some(span)) => (span, Heat::Cold),
            (None, None) => return Ok(None),
        };
        self.remove(bucket, bytes, span, heat)?;
        Ok(Some(span))
    }

    /// Takes the stack that nobody has needed for longest.
    pub(crate) fn pop_oldest(
        &mut self,
        bucket: usize,
        bytes: usize,
    ) -> Result<Option<SpanRef>, ListError> {
        let free = &self.buckets[bucket];
        let (span, heat) = match (free.cold.last(), free.hot.last()) {
            (Some(span), _) => (span, Heat::Cold),
            (None, Some(span)) => (span, Heat::Hot),
            (None, None) => return Ok(None),
        };
        self.remove(bucket, bytes, span, heat)?;
        Ok(Some(span))
    }

    /// Takes the hot stack that nobody has needed for longest, to be cooled.
    pub(crate) fn pop_hot(
        &mut self,
        bucket: usize,
        bytes: usize,
    ) -> Result<Option<SpanRef>, ListError> {
        let Some(span) = self.buckets[bucket].hot.last() else {
            return Ok(None);
        };
        self.remove(bucket, bytes, span, Heat::Hot)?;
        Ok(Some(span))
    }

    fn remove(
        &mut self,
        bucket: usize,
        bytes: usize,
        span: SpanRef,
        heat: Heat,
    ) -> Result<(), ListError> {
        let free = &mut self.buckets[bucket];
        match heat {
            Heat::Hot => {
                free.hot.remove(span)?;
                self.hot_bytes -= bytes;
            }
            Heat::Cold => free.cold.remove(span)?,
        }
        free.note_low();
        Ok(())
    }

    /// Puts a stack in as hot. If the hot stacks exceed `limit` bytes then, the one of the bucket that
    /// has been there longest comes back, to be cooled.
    pub(crate) fn push(
        &mut self,
        bucket: usize,
        bytes: usize,
        span: SpanRef,
        limit: usize,
    ) -> Result<Option<SpanRef>, ListError> {
        self.buckets[bucket].hot.insert(span)?;
        self.hot_bytes += bytes;
        if self.hot_bytes <= limit {
            return Ok(None);
        }
        self.pop_hot(bucket, bytes)
    }

    /// Puts a stack in as cold: only its top is resident.
    pub(crate) fn push_cold(&mut self, bucket: usize, span: SpanRef) -> Result<(), ListError> {
        self.buckets[bucket].cold.insert(span)
    }

    /// What decay has to do with a bucket: half of the stacks that nobody needed since it was here
    /// last go back, but never the floor; the other half cools. Begins the next period.
    pub(crate) fn end_period(&mut self, bucket: usize) -> Surplus {
        let free = &mut self.buckets[bucket];
        let unused = free.low;
        let give_back = unused.saturating_sub(free.floor).div_ceil(2);
        free.low = free.len();
        Surplus {
            give_back,
            cool: unused - give_back,
        }
    }

    /// The buckets in which stacks lie.
    pub(crate) fn occupied(&self) -> Occupied {
        let mut bits = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            bits |= u64::from(bucket.len() > 0) << index;
        }
        Occupied { bits }
    }

    /// Free stacks in a bucket.
    pub(crate) fn len(&self, bucket: usize) -> usize {
        self.buckets[bucket].len()
    }

    /// The stacks that decay leaves in a bucket from now on.
    pub(crate) fn set_floor(&mut self, bucket: usize, floor: usize) {
        self.buckets[bucket].floor = floor;
    }

    /// I1 and I2; `bytes_of` gives the size of a bucket's stacks.
    #[cfg(any(test, feature = "ops"))]
    pub(crate) fn check_invariants(&self, bytes_of: impl Fn(usize) -> usize) {
        let mut hot_bytes = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            hot_bytes += bucket.hot.len() * bytes_of(index);
            assert!(bucket.low <= bucket.len(), "low mark of bucket {index}");
        }
        assert_eq!(hot_bytes, self.hot_bytes, "I2");
    }
}

/// A list of this number, which is not 0: for the constants in the constructors.
pub(crate) const fn list(number: u32) -> ListId {
    match ListId::new(number) {
        Some(list) => list,
        None => panic!("list numbers begin at 1"),
    }
}
