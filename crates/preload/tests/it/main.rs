//! The C library as programs meet it: compiled C and C++ under the built shared library.
//!
//! Each test compiles a program of `tests/programs` and runs it; the programs check the standards'
//! words and say `done`. Nothing here links the library: it is built with `cargo build --release`.
//! Only Linux has all of it (`LD_PRELOAD`, `/proc`).
#![cfg(target_os = "linux")]

mod library;
mod program;

mod exports;
mod family;
mod foreign;
mod invalid;
mod loading;
mod memory;
mod process;
mod record;
mod threads;
