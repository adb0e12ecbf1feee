//! Doubly linked lists of spans, with every condition that Go's `mSpanList` dies of as an error.
//!
//! A list belongs to one owner, whose lock protects it and the links of its members. A span knows
//! which list it is on, so a list is not searched to find out. After Go 1.11 `mSpanList`.
use crate::{Span, SpanRef};
use arena::Addr;
use core::num::NonZeroU32;
use thiserror::Error;

/// What a list is known by: its owner gives each of its lists a number of its own.
///
/// Go takes the list's address, which a list that may be moved does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListId(NonZeroU32);

impl ListId {
    /// The list of number 1.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The list of this number; 0 is none.
    #[must_use]
    pub const fn new(number: u32) -> Option<Self> {
        match NonZeroU32::new(number) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0.get()
    }
}

/// A misuse of a list. Nothing changed. Lists are told by number (0: none), spans by the address of
/// their run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum ListError {
    /// The span is linked already: it is on a list or in a tree of runs, or was when its links were
    /// last written (Go "mSpanList.insert", "mSpanList.insertBack").
    #[error("insert of span {span} ({pages} pages) into list {list}: it is linked in list {found}")]
    StillLinked {
        /// The span's run.
        span: Addr,
        /// Its length.
        pages: usize,
        /// The list that it was to get on.
        list: u32,
        /// The list that it says it is on.
        found: u32,
    },
    /// The span is not on this list (Go "mSpanList.remove").
    #[error("remove of span {span} ({pages} pages) from list {list}: it is on list {found}")]
    WrongList {
        /// The span's run.
        span: Addr,
        /// Its length.
        pages: usize,
        /// The list that it was to leave.
        list: u32,
        /// The list that it says it is on.
        found: u32,
    },
    /// The links of the span and its neighbours disagree.
    #[error("span {span} ({pages} pages) of list {list}: its neighbours are not linked to it")]
    BrokenLinks {
        /// The span's run.
        span: Addr,
        /// Its length.
        pages: usize,
        /// The list.
        list: u32,
    },
    /// A list was to take the members of a list of its own number: of itself, or of another that has
    /// the same number by mistake. (Go drops every member.)
    #[error("list {list} was to take all of itself")]
    SameList {
        /// The list.
        list: u32,
    },
}

/// A list of spans.
///
/// # Invariants
///
/// * I1: the members, followed from `first` by `next`, are those followed from `last` by `prev`,
///   backwards; there are `len` of them.
/// * I2: each member's list number is `id`, and no other span's is.
/// * I3: `first` and `last` are both there or both not.
#[derive(Debug)]
pub struct SpanList {
    id: ListId,
    first: Option<SpanRef>,
    last: Option<SpanRef>,
    len: usize,
}

impl SpanList {
    /// A list without members, known by `id`.
    #[must_use]
    pub const fn new(id: ListId) -> Self {
        Self {
            id,
            first: None,
            last: None,
            len: 0,
        }
    }

    /// What the list is known by.
    #[must_use]
    pub const fn id(&self) -> ListId {
        self.id
    }

    /// Has it no members?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// How many members it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// The first member.
    #[must_use]
    pub const fn first(&self) -> Option<SpanRef> {
        self.first
    }

    /// The last member.
    #[must_use]
    pub const fn last(&self) -> Option<SpanRef> {
        self.last
    }

    /// Is the span on this list?
    #[must_use]
    pub fn contains(&self, span: &Span) -> bool {
        span.list() == self.id.get()
    }

    /// Members from the first to the last.
    #[must_use]
    pub const fn iter(&self) -> Members<'_> {
        Members {
            next: self.first,
            list: core::marker::PhantomData,
        }
    }

    /// Links the span in as the first. O(1).
    ///
    /// # Errors
    ///
    /// [`ListError::StillLinked`].
    pub fn insert(&mut self, span: SpanRef) -> Result<(), ListError> {
        self.check_unlinked(span)?;
        span.next.set(self.first);
        match self.first {
            Some(first) => first.prev.set(Some(span)),
            None => self.last = Some(span),
        }
        self.first = Some(span);
        self.joined(span);
        Ok(())
    }

    /// Links the span in as the last. O(1).
    ///
    /// # Errors
    ///
    /// [`ListError::StillLinked`].
    pub fn insert_back(&mut self, span: SpanRef) -> Result<(), ListError> {
        self.check_unlinked(span)?;
        span.prev.set(self.last);
        match self.last {
            Some(last) => last.next.set(Some(span)),
            None => self.first = Some(span),
        }
        self.last = Some(span);
        self.joined(span);
        Ok(())
    }

    /// Takes the span out, wherever in the list it is. O(1).
    ///
    /// # Errors
    ///
    /// [`ListError::WrongList`], [`ListError::BrokenLinks`].
    pub fn remove(&mut self, span: SpanRef) -> Result<(), ListError> {
        self.check_member(span)?;
        let (prev, next) = (span.prev.get(), span.next.get());
        match prev {
            Some(prev) => prev.next.set(next),
            None => self.first = next,
        }
        match next {
            Some(next) => next.prev.set(prev),
            None => self.last = prev,
        }
        span.prev.set(None);
        span.next.set(None);
        span.set_list(0);
        self.len -= 1;
        Ok(())
    }

    /// Takes every member of `other` and puts them, in their order, before its own. O(members of
    /// `other`).
    ///
    /// # Errors
    ///
    /// [`ListError::SameList`].
    pub fn take_all(&mut self, other: &mut Self) -> Result<(), ListError> {
        if self.id == other.id {
            let list = self.id.get();
            return Err(ListError::SameList { list });
        }
        let Some(other_last) = other.last.take() else {
            return Ok(());
        };
        for span in other.iter() {
            span.set_list(self.id.get());
        }
        match self.first {
            Some(first) => {
                first.prev.set(Some(other_last));
                other_last.next.set(Some(first));
            }
            None => self.last = Some(other_last),
        }
        self.first = other.first.take();
        self.len += core::mem::take(&mut other.len);
        Ok(())
    }

    fn joined(&mut self, span: SpanRef) {
        span.set_list(self.id.get());
        self.len += 1;
    }

    fn check_unlinked(&self, span: SpanRef) -> Result<(), ListError> {
        let linked = span.next.get().is_some() || span.prev.get().is_some();
        if linked || span.list() != 0 || span.height() != 0 {
            return Err(ListError::StillLinked {
                span: span.addr(),
                pages: span.pages(),
                list: self.id.get(),
                found: span.list(),
            });
        }
        Ok(())
    }

    /// Besides the number, both neighbours are asked: two loads that the removal needs anyway.
    fn check_member(&self, span: SpanRef) -> Result<(), ListError> {
        let (list, found) = (self.id.get(), span.list());
        let (addr, pages) = (span.addr(), span.pages());
        if list != found {
            return Err(ListError::WrongList {
                span: addr,
                pages,
                list,
                found,
            });
        }
        let before = span.prev.get().map_or(self.first, |prev| prev.next.get());
        let after = span.next.get().map_or(self.last, |next| next.prev.get());
        if before != Some(span) || after != Some(span) {
            return Err(ListError::BrokenLinks {
                span: addr,
                pages,
                list,
            });
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a SpanList {
    type Item = SpanRef;
    type IntoIter = Members<'a>;

    fn into_iter(self) -> Members<'a> {
        self.iter()
    }
}

/// The members of a list from the first to the last; made by [`SpanList::iter`].
#[derive(Clone, Debug)]
pub struct Members<'a> {
    next: Option<SpanRef>,
    list: core::marker::PhantomData<&'a SpanList>,
}

impl Iterator for Members<'_> {
    type Item = SpanRef;

    fn next(&mut self) -> Option<SpanRef> {
        let span = self.next?;
        self.next = span.next.get();
        Some(span)
    }
}

#[cfg(any(test, feature = "ops", debug_assertions))]
impl SpanList {
    /// Panics if an invariant does not hold. O(members).
    pub fn check_invariants(&self) {
        assert_eq!(self.first.is_some(), self.last.is_some(), "I3");
        let (mut before, mut len) = (None, 0);
        for span in self {
            assert_eq!(span.prev.get(), before, "I1");
            assert!(self.contains(&span), "I2");
            before = Some(span);
            len += 1;
        }
        assert_eq!(before, self.last, "I1");
        assert_eq!(len, self.len, "I1");
    }
}

#[cfg(any(test, feature = "ops"))]
pub(crate) mod ops;
#[cfg(all(test, not(gomalloc_loom)))]
mod tests;
