//! Stacks by order from the span heap, for coroutine and runtime authors.
