//! Every failure: one line, and the status that `env` would give.

use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::process::Command;

use crate::world::{assert_line, install, install_bytes, is_root, out, scratch, set_mode, world};

#[test]
fn no_program() {
    for arguments in [&["run"][..], &["run", "--stats"], &["run", "--"]] {
        let output = world().gomalloc().args(arguments).output().unwrap();
        assert_line(
            &output,
            2,
            &[
                "no program given",
                "gomalloc run [OPTIONS] -- PROGRAM [ARG]...",
            ],
        );
    }
}

#[test]
fn unknown_option_and_command() {
    let output = world()
        .gomalloc()
        .args(["run", "--no-such"])
        .output()
        .unwrap();
    assert_line(&output, 2, &["--no-such"]);
    let output = world().gomalloc().arg("no-such").output().unwrap();
    assert_line(&output, 2, &["no-such"]);
}

#[test]
fn not_found() {
    assert_line(
        &world().run(&[], "no-such-program").output().unwrap(),
        127,
        &["no-such-program: not found in PATH"],
    );
    assert_line(
        &world().run(&["--stats"], "/no/such").output().unwrap(),
        127,
        &["/no/such: not found"],
    );
    assert_line(
        &world().run(&[], "/dev/null/x").output().unwrap(),
        127,
        &["/dev/null/x: not found"],
    );
    assert_line(&world().run(&[], "").output().unwrap(), 127, &["not found"]);
}

#[test]
fn not_executable() {
    let directory = scratch();
    let file = directory.path().join("file");
    install(world().path("subject"), &file, 0o644);
    assert_line(
        &world().run(&[], &file).output().unwrap(),
        126,
        &["file: not executable"],
    );
    assert_line(
        &world().run(&[], directory.path()).output().unwrap(),
        126,
        &["a directory"],
    );
    // In PATH it is passed over while another may follow.
    let output = world()
        .run(&[], "file")
        .env("PATH", directory.path())
        .output()
        .unwrap();
    assert_line(&output, 126, &["file: not executable"]);
    let other = scratch();
    install(world().path("subject"), other.path().join("file"), 0o755);
    let path = format!("{}:{}", directory.path().display(), other.path().display());
    let output = world()
        .run(&[], "file")
        .args(["exit", "3"])
        .env("PATH", path)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn statically_linked() {
    for options in [&[][..], &["--stats"]] {
        let output = world()
            .run(options, world().path("static"))
            .output()
            .unwrap();
        assert_line(
            &output,
            126,
            &["/static: statically linked: preloading cannot work"],
        );
    }
}

#[test]
fn damaged_and_for_another_machine() {
    let directory = scratch();
    let file = directory.path().join("file");
    let mut bytes = fs::read(world().path("subject")).unwrap();
    bytes[18] = 183;
    install_bytes(&bytes, &file, 0o755);
    let output = world().run(&[], &file).output().unwrap();
    assert_line(
        &output,
        126,
        &[
            "a program for aarch64, but the library is for",
            "preloading cannot work",
        ],
    );
    install_bytes(&bytes[..100], &file, 0o755);
    assert_line(
        &world().run(&[], &file).output().unwrap(),
        126,
        &["damaged ELF file"],
    );
}

#[test]
fn scripts_are_judged_by_their_interpreter() {
    let directory = scratch();
    let script = directory.path().join("script");
    let write = |text: &str| install_bytes(text, &script, 0o755);
    let run = || world().run(&[], &script).args(["a", "b"]).output().unwrap();
    write(&format!("#! {} args\n", world().path("subject").display()));
    assert!(out(&run()).ends_with("/script][a][b]\n"), "{}", out(&run()));
    write("#!/no/such/interpreter -x\n");
    assert_line(
        &run(),
        127,
        &["/script: its interpreter /no/such/interpreter: not found"],
    );
    write(&format!("#!{}\n", world().path("static").display()));
    assert_line(&run(), 126, &["statically linked"]);
    write(&format!("#!{}\n", script.display()));
    assert_line(&run(), 126, &["too many scripts"]);
    // No first line at all: the shell's, as with `env`.
    write("echo shell $1 $2; exit 5\n");
    assert_eq!(
        (out(&run()).as_str(), run().status.code()),
        ("shell a b\n", Some(5))
    );
}

#[test]
fn library_not_found() {
    let run = |configure: fn(&mut Command)| {
        let mut command = world().gomalloc();
        command.env_remove("GOMALLOC_LIBRARY").arg("run");
        configure(&mut command);
        command.args(["--", "true"]).output().unwrap()
    };
    let output = run(|command| {
        command.env("GOMALLOC_LIBRARY", "/no/such.so");
    });
    assert_line(
        &output,
        2,
        &[
            "libgomalloc.so not found: looked for /no/such.so (",
            "--library FILE",
            "GOMALLOC_LIBRARY",
        ],
    );
    let output = run(|command| {
        command
            .env("GOMALLOC_LIBRARY", "/no/such.so")
            .args(["--library", "/nor/this.so"]);
    });
    assert_line(&output, 2, &["looked for /nor/this.so ("]);
    let output = run(|command| {
        command.args(["--library", "/etc/passwd"]);
    });
    assert_line(&output, 2, &["/etc/passwd: not a shared library"]);
    // A position-independent program has a library's type, but the loader takes none.
    let output = run(|command| {
        command.arg("--library").arg(world().path("subject"));
    });
    assert_line(&output, 2, &["/subject: not a shared library"]);
}

#[test]
fn the_library_is_looked_for_around_the_command() {
    let directory = scratch();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir_all(at("bin")).unwrap();
    fs::create_dir_all(at("lib")).unwrap();
    install(env!("CARGO_BIN_EXE_gomalloc"), at("bin/gomalloc"), 0o755);
    let run = || {
        let mut command = Command::new(at("bin/gomalloc"));
        command
            .env_remove("GOMALLOC_LIBRARY")
            .env_remove("LD_PRELOAD")
            .arg("run")
            .arg(world().path("subject"));
        command.args(["getenv", "LD_PRELOAD"]).output().unwrap()
    };
    let display = |name: &str| at(name).display().to_string();
    assert_line(
        &run(),
        2,
        &[
            "looked for",
            &display("bin/libgomalloc.so"),
            &display("lib/libgomalloc.so"),
        ],
    );
    let found_at = |name: &str| {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        install(world().path("libgomalloc.so"), at(name), 0o644);
        assert_eq!(out(&run()), format!("{}\n", display(name)));
    };
    fs::write(at("CACHEDIR.TAG"), "").unwrap();
    found_at("debug/libgomalloc.so");
    found_at("release/libgomalloc.so");
    found_at("lib/libgomalloc.so");
    found_at("bin/libgomalloc.so");
}

#[test]
fn a_library_whose_name_the_loader_cannot_carry() {
    let directory = scratch();
    let library = directory.path().join("with space.so");
    fs::copy(world().path("libgomalloc.so"), &library).unwrap();
    let output = world()
        .run(&[], "true")
        .env("GOMALLOC_LIBRARY", &library)
        .output()
        .unwrap();
    assert_line(&output, 2, &["space or a colon"]);
}

/// A copy of the test program that belongs to `user` and `group`, with `mode`.
fn owned(directory: &Path, user: u32, group: u32, mode: u32) -> std::path::PathBuf {
    let file = directory.join("privileged");
    install(world().path("subject"), &file, 0o755);
    chown(&file, Some(user), Some(group)).unwrap();
    set_mode(&file, mode);
    file
}

const NOBODY: u32 = 65534;

#[test]
fn set_uid_and_set_gid() {
    if !is_root() {
        crate::world::skipped("only root can make a program another user's");
        return;
    }
    let directory = scratch();
    let run = |user, group, mode| {
        world()
            .run(&[], owned(directory.path(), user, group, mode))
            .args(["exit", "4"])
            .output()
            .unwrap()
    };
    assert_line(
        &run(NOBODY, 0, 0o4755),
        126,
        &["set-uid: the loader ignores LD_PRELOAD", "cannot work"],
    );
    assert_line(&run(0, NOBODY, 0o2755), 126, &["set-gid"]);
    // The kernel gives no rights here: our own user, and a group that may not execute.
    assert_eq!(run(0, 0, 0o6755).status.code(), Some(4));
    assert_eq!(run(0, NOBODY, 0o2745).status.code(), Some(4));
    assert_eq!(
        fs::metadata(owned(directory.path(), 0, 0, 0o4755))
            .unwrap()
            .mode()
            & 0o4000,
        0o4000
    );
}

#[test]
fn file_capabilities() {
    let directory = scratch();
    let file = owned(
        directory.path(),
        rustix::process::getuid().as_raw(),
        rustix::process::getgid().as_raw(),
        0o755,
    );
    let given = Command::new("setcap")
        .arg("cap_net_raw=ep")
        .arg(&file)
        .status();
    if !is_root() || !given.is_ok_and(|status| status.success()) {
        crate::world::skipped("only root can give a program capabilities, and only with setcap");
        return;
    }
    // Root gains nothing.
    assert_eq!(
        world()
            .run(&[], &file)
            .args(["exit", "4"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(4)
    );
    let command = directory.path().join("gomalloc");
    install(env!("CARGO_BIN_EXE_gomalloc"), &command, 0o755);
    let mut other = Command::new("setpriv");
    other
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&command)
        .args(["run", "--"])
        .arg(&file);
    let output = other
        .env("GOMALLOC_LIBRARY", world().path("libgomalloc.so"))
        .output()
        .unwrap();
    assert_line(&output, 126, &["given file capabilities"]);
}
