//! The life word of a header: which life it is in, and the state of that life.
//!
//! Read by anybody without a lock, written by the heap under its lock. It is a sequence lock over
//! the header's other fields: [`Life::change`] before they change, [`Life::publish`] after, and a
//! reader that sees the same word before and after its reads has seen one life's fields.
use core::fmt;
use sync::atomic::{AtomicU32, Ordering, fence};

/// What a run of pages is used for (Go `mSpanState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SpanState {
    /// The header describes no memory, or is about to describe other memory.
    Dead = 0,
    /// Objects: the slots of a class, or one large one.
    InUse = 1,
    /// Somebody else's business, such as stacks: no objects.
    Manual = 2,
    /// In the structure of free runs.
    Free = 3,
}

impl SpanState {
    const ALL: [Self; 4] = [Self::Dead, Self::InUse, Self::Manual, Self::Free];

    /// May a span of this state get that one next? Through [`SpanState::Dead`] everything is
    /// possible, and the way from use to freedom leads through it; a free run is not looked at by
    /// readers and may be put to use at once.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Dead, _) | (_, Self::Dead) => true,
            (Self::Free, Self::InUse | Self::Manual) => true,
            (Self::Free, Self::Free) | (Self::InUse | Self::Manual, _) => false,
        }
    }
}

/// Life << 2 | state. 2³⁰ lives until a number comes again: a reader would have to sleep through
/// exactly a multiple of that many uses of one header, between two of its instructions.
pub(crate) struct Life(AtomicU32);

const STATE_BITS: u32 = 2;
const STATE_MASK: u32 = (1 << STATE_BITS) - 1;

impl Life {
    pub(crate) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    pub(crate) fn state(&self) -> SpanState {
        // Acquire: pairs with the Release in `publish`.
        state_of(self.0.load(Ordering::Acquire))
    }

    /// Ends a life: the state is dead until the next [`Life::publish`], and readers that are on
    /// their way notice.
    pub(crate) fn change(&self) {
        let lives = self.0.load(Ordering::Relaxed) & !STATE_MASK;
        let next = lives.wrapping_add(1 << STATE_BITS);
        self.0
            .store(next | SpanState::Dead as u32, Ordering::Relaxed);
        // Release: a reader that sees a field written after this sees the word, or a newer one, at
        // its second look; pairs with the fence in `read`.
        fence(Ordering::Release);
    }

    /// Gives the life its state, after every other field.
    pub(crate) fn publish(&self, state: SpanState) {
        let word = self.0.load(Ordering::Relaxed);
        debug_assert!(
            state_of(word).may_become(state),
            "a span goes from {:?} to {state:?}",
            state_of(word)
        );
        // Release: publishes the fields; pairs with the Acquire in `state` and `read`.
        self.0
            .store(word & !STATE_MASK | state as u32, Ordering::Release);
    }

    /// What `read` makes of the fields of one life; `None` if the life changed meanwhile.
    pub(crate) fn read<R>(&self, read: impl FnOnce(SpanState) -> R) -> Option<R> {
        // Acquire: pairs with the Release in `publish`.
        let before = self.0.load(Ordering::Acquire);
        let result = read(state_of(before));
        // Acquire: pairs with the fence in `change`.
        fence(Ordering::Acquire);
        (self.0.load(Ordering::Relaxed) == before).then_some(result)
    }
}

fn state_of(word: u32) -> SpanState {
    SpanState::ALL[(word & STATE_MASK) as usize]
}

impl fmt::Debug for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state().fmt(f)
    }
}
