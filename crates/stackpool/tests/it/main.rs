//! What users of the crate see, with real coroutines on its stacks.
mod coroutines;
