//! `dlopen`: of plugins under the library, and of the library itself.

use std::ffi::OsStr;
use std::process::Command;

use crate::library;
use crate::program::{compile, preloaded, run};

#[test]
fn plugins_come_and_go() {
    let plugin = compile("plugin.c", &[OsStr::new("-shared"), OsStr::new("-fPIC")]);
    let mut command = preloaded(&compile("loading.c", &[]));
    command.arg("plugin").arg(plugin);
    run(command).must_be_done();
}

#[test]
fn the_library_is_loaded_by_name_and_stays() {
    let mut command = Command::new(compile("loading.c", &[]));
    command
        .env_remove("LD_PRELOAD")
        .arg("self")
        .arg(library::shared());
    run(command).must_be_done();
}
