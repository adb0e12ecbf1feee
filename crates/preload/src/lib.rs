//! The C library of gomalloc: malloc and its family for any program.
