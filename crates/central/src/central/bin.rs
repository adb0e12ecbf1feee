//! One class of the exchange: its lock and its two lists.
//!
//! Shared by every thread; the lists, and the links and states of the spans of this class, are
//! protected by the lock. Nothing in here calls the heap.
use super::ClassStats;
use crate::protocol;
use crate::queue::{Queue, set_state, state, state_of};
use heap::Span;
use sync::atomic::{AtomicUsize, Ordering};
use sync::{Mutex, Rank};

#[derive(Debug)]
pub(super) struct Bin {
    pub(super) lists: Mutex<Lists>,
    /// Spans of this class that the source has given and not got back. Relaxed: a figure only.
    spans: AtomicUsize,
}

/// The spans with free slots.
#[derive(Debug)]
pub(super) struct Lists {
    /// First in, first out: while a span waits, more of it is freed, and the refill that takes it
    /// gets more slots for the same work.
    partial: Queue,
    /// Last in, first out: the span whose memory was used last.
    kept: Queue,
}

impl Bin {
    #[cfg(not(gomalloc_loom))]
    pub(super) const fn new() -> Self {
        Self {
            lists: Mutex::new(Rank::Central, Lists::new()),
            spans: AtomicUsize::new(0),
        }
    }

    #[cfg(gomalloc_loom)]
    pub(super) fn new() -> Self {
        Self {
            lists: Mutex::new(Rank::Central, Lists::new()),
            spans: AtomicUsize::new(0),
        }
    }

    /// Counts a span that the source has given.
    pub(super) fn count_span(&self) {
        self.spans.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> ClassStats {
        let lists = self.lists.lock();
        ClassStats {
            spans: self.spans.load(Ordering::Relaxed),
            partial: lists.partial.len(),
            kept: lists.kept.len(),
        }
    }

    /// S1, S2: does what the flusher found to do when it added to the count of `span` in its life
    /// `generation`. Answers with the span if it is to go back to the heap.
    pub(super) fn settle<'s>(
        &self,
        span: &'s Span,
        generation: u32,
        slots: usize,
        kept_bytes: usize,
    ) -> Option<&'s Span> {
        let mut lists = self.lists.lock();
        let control = protocol::read(span);
        if control.generation != generation {
            return None;
        }
        // SAFETY: the generation is the one in which the span had this class, and it changes only
        // under this lock, which we hold; so the span belongs to this class.
        let state = unsafe { state_of(span) };
        match state {
            state::FULL | state::PARTIAL if control.free == slots => {
                // SAFETY: as for `state_of`, and the state is what was read.
                let ended = unsafe { lists.keep_or_end(span, state, kept_bytes) };
                drop(lists);
                if !ended {
                    return None;
                }
                self.spans.fetch_sub(1, Ordering::Relaxed);
                Some(span)
            }
            state::FULL if control.free != 0 => {
                // SAFETY: as for `state_of`, and a full span is in no list.
                unsafe { lists.list(span) };
                None
            }
            // Somebody else has done it: listed, kept, or taken again to the last slot.
            _ => None,
        }
    }

    /// Ends the life of one kept span and answers with it; it is to go back to the heap.
    pub(super) fn end_kept(&self) -> Option<&Span> {
        let mut lists = self.lists.lock();
        let span: *const Span = lists.kept.first()?;
        // SAFETY: a listed span's header outlives the exchange (Q1).
        let span = unsafe { &*span };
        // SAFETY: the lock is held, and the span is the first of this queue.
        unsafe { lists.kept.remove(span) };
        // SAFETY: the lock is held.
        unsafe { set_state(span, state::FULL) };
        protocol::end_life(span);
        drop(lists);
        self.spans.fetch_sub(1, Ordering::Relaxed);
        Some(span)
    }
}

impl Lists {
    const fn new() -> Self {
        Self {
            partial: Queue::new(),
            kept: Queue::new(),
        }
    }

    /// The span to take from next: a partial one, else a kept one.
    pub(super) fn next(&self) -> Option<&Span> {
        self.partial.first().or_else(|| self.kept.first())
    }

    /// Lists a span that has free slots.
    ///
    /// # Safety
    ///
    /// The span belongs to this class, its header outlives the exchange, and it is in no list.
    pub(super) unsafe fn list(&mut self, span: &Span) {
        // SAFETY: `&mut self` is the lock; the rest is the caller's promise.
        unsafe { self.partial.push_back(span) };
        // SAFETY: the lock is held.
        unsafe { set_state(span, state::PARTIAL) };
    }

    /// Notes that slots of `span` were taken, and whether it has any left.
    ///
    /// # Safety
    ///
    /// The span was the answer of [`Lists::next`].
    pub(super) unsafe fn note_taken(&mut self, span: &Span, has_more: bool) {
        // SAFETY: the lock is held.
        let state = unsafe { state_of(span) };
        match (state, has_more) {
            (state::KEPT, true) => {
                // SAFETY: the lock is held, and the state says in which queue the span is.
                unsafe { self.kept.remove(span) };
                // A refill ends within this span, so the next one goes on where it ended.
                // SAFETY: the lock is held, and the span is in no queue any more.
                unsafe { self.partial.push_front(span) };
                // SAFETY: the lock is held.
                unsafe { set_state(span, state::PARTIAL) };
            }
            (state::KEPT, false) => {
                // SAFETY: the lock is held, and the state says in which queue the span is.
                unsafe { self.kept.remove(span) };
                // SAFETY: the lock is held.
                unsafe { set_state(span, state::FULL) };
            }
            (_, false) => {
                // SAFETY: as above; what is not kept and was `next` is partial.
                unsafe { self.partial.remove(span) };
                // SAFETY: the lock is held.
                unsafe { set_state(span, state::FULL) };
            }
            (_, true) => {}
        }
    }

    /// Keeps a wholly free span if there is room, else ends its life; says whether it has ended.
    ///
    /// # Safety
    ///
    /// The span belongs to this class, is wholly free, and its state is `state`: full or partial.
    unsafe fn keep_or_end(&mut self, span: &Span, state: u8, kept_bytes: usize) -> bool {
        if state == state::PARTIAL {
            // SAFETY: the lock is held, and the state says in which queue the span is.
            unsafe { self.partial.remove(span) };
        }
        let ends = (self.kept.len() + 1) * span.bytes() > kept_bytes;
        if ends {
            // SAFETY: the lock is held.
            unsafe { set_state(span, state::FULL) };
            protocol::end_life(span);
        } else {
            // SAFETY: the lock is held, and the span is in no queue any more.
            unsafe { self.kept.push_front(span) };
            // SAFETY: the lock is held.
            unsafe { set_state(span, state::KEPT) };
        }
        ends
    }
}
