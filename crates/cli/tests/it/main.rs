//! The command as its users see it: run on C programs compiled here, over a stand-in for the library.

mod errors;
mod run;
mod signals;
mod stats;
mod world;
