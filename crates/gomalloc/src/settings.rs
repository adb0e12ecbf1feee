//! [`Settings`]: limits and habits of the process's allocator, and where they come from.
//!
//! A builder in the program's source, overruled by the environment variable `GOMALLOC`, overruled by
//! calls at run time ([`set_hard_limit`](crate::set_hard_limit) and its like). Plain values, read
//! once at start-up; nothing is shared.
mod environment;
mod parse;

pub(crate) use environment::overruled_by_environment;

/// What can be chosen; [`GoMalloc`](crate::GoMalloc) has a method for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Mapped bytes, metadata included, that are never passed: allocation fails instead.
    pub(crate) hard_limit: Option<usize>,
    /// Resident bytes above which free memory goes back to the system first.
    pub(crate) soft_limit: Option<usize>,
    /// How long free memory is kept before it goes back to the system, in milliseconds.
    pub(crate) decay_ms: u32,
    /// Who gives it back.
    pub(crate) scavenger: Scavenger,
}

/// Who gives idle memory back to the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scavenger {
    /// The threads that allocate, a little at a time on their slow paths. No thread is started.
    #[default]
    Inline,
    /// A thread of its own, started at the first slow path after start-up.
    Thread,
}

impl Settings {
    /// No limits, one second, in line.
    pub(crate) const DEFAULT: Self = Self {
        hard_limit: None,
        soft_limit: None,
        decay_ms: 1000,
        scavenger: Scavenger::Inline,
    };
}

#[cfg(test)]
mod tests;
