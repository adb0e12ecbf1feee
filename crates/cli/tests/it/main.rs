//! The command as its users see it: run on C programs compiled here, over a stand-in for the library.

mod bench;
mod classes;
mod errors;
mod generate;
mod live;
mod run;
mod signals;
mod stats;
mod world;
