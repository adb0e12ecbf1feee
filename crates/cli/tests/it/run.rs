//! What passes through unchanged: arguments, input, output, environment, and the way a program ends.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::world::{err, out, scratch, world};

/// Without and with somebody who waits.
const WAYS: [&[&str]; 2] = [&[], &["--stats"]];

#[test]
fn exit_statuses_pass_through() {
    for options in WAYS {
        for status in [0, 1, 2, 42, 125, 126, 127, 200, 255] {
            let output = world().subject(options, &["exit", &status.to_string()]);
            assert_eq!(output.status.code(), Some(status), "{}", err(&output));
        }
    }
}

#[test]
fn death_by_a_signal_passes_through() {
    for options in WAYS {
        for signal in [
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGKILL,
            libc::SIGSEGV,
            libc::SIGTERM,
            libc::SIGABRT,
        ] {
            let output = world().subject(options, &["raise", &signal.to_string()]);
            assert_eq!(output.status.signal(), Some(signal), "{}", err(&output));
        }
    }
}

#[test]
fn a_signal_without_a_name_becomes_a_status_as_in_a_shell() {
    assert_eq!(
        world()
            .subject(&["--stats"], &["raise", "40"])
            .status
            .code(),
        Some(168)
    );
}

#[test]
fn arguments_are_not_touched() {
    for options in WAYS {
        let output = world().subject(
            options,
            &["args", "--stats", "--", "-x", "", "a b", "--json"],
        );
        let name = world().path("subject");
        assert_eq!(
            out(&output),
            format!(
                "[{}][args][--stats][--][-x][][a b][--json]\n",
                name.display()
            )
        );
    }
    let bytes = OsStr::from_bytes(b"\xff\xfe");
    let output = world()
        .run(&[], world().path("subject"))
        .arg("args")
        .arg(bytes)
        .output()
        .unwrap();
    assert!(output.stdout.ends_with(b"[args][\xff\xfe]\n"));
    // The program's own options need no `--`.
    let output = world()
        .gomalloc()
        .arg("run")
        .arg(world().path("subject"))
        .args(["args", "-l", "--stats"])
        .output()
        .unwrap();
    assert!(
        out(&output).ends_with("[args][-l][--stats]\n"),
        "{}",
        err(&output)
    );
}

#[test]
fn a_program_from_path_sees_the_name_that_was_typed() {
    let directory = world().path("");
    let output = world()
        .run(&[], "subject")
        .arg("args")
        .env("PATH", directory)
        .output()
        .unwrap();
    assert_eq!(out(&output), "[subject][args]\n");
}

#[test]
fn input_and_output_pass_through() {
    for options in WAYS {
        let mut child = world()
            .run(options, world().path("subject"))
            .arg("cat")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(b"line\n\0bytes\xff")
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.stdout, b"line\n\0bytes\xff");
    }
}

#[test]
fn plain_run_says_nothing() {
    let output = world().subject(&[], &["alloc", "100", "64", "0"]);
    assert_eq!((out(&output).as_str(), err(&output).as_str()), ("", ""));
}

#[test]
fn what_is_preloaded_already_stays_after_ours() {
    let directory = scratch();
    let other = directory.path().join("other.so");
    fs::copy(world().path("libgomalloc.so"), &other).unwrap();
    for options in WAYS {
        let mut command = world().run(options, world().path("subject"));
        let output = command
            .args(["getenv", "LD_PRELOAD"])
            .env("LD_PRELOAD", &other)
            .output()
            .unwrap();
        let library = world().path("libgomalloc.so");
        assert_eq!(
            out(&output),
            format!("{}:{}\n", library.display(), other.display())
        );
    }
}

#[test]
fn a_library_named_from_here_is_found_from_everywhere() {
    let mut command = world().run(&["--library", "./libgomalloc.so"], world().path("subject"));
    let output = command
        .args(["getenv", "LD_PRELOAD"])
        .current_dir(world().path(""))
        .output()
        .unwrap();
    assert_eq!(
        out(&output),
        format!("{}\n", world().path("libgomalloc.so").display())
    );
}

#[test]
fn a_program_with_its_own_malloc_is_told_apart() {
    let line = "gomalloc: ";
    let output = world()
        .run(&[], world().path("own_malloc"))
        .output()
        .unwrap();
    assert_eq!(
        (output.status.code(), out(&output).as_str()),
        (Some(7), "own\n")
    );
    assert!(
        err(&output).starts_with(line) && err(&output).contains("exports its own malloc"),
        "{}",
        err(&output)
    );
    assert_eq!(err(&output).lines().count(), 1);
    let output = world()
        .run(&["--stats"], world().path("own_malloc"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7));
    assert!(
        err(&output).contains("exports its own malloc: the library has no effect"),
        "{}",
        err(&output)
    );
    assert_eq!(
        err(&output).lines().count(),
        1,
        "no table of zeros: {}",
        err(&output)
    );
}

#[test]
fn a_plain_run_leaves_nothing_behind() {
    let output = world().subject(
        &[],
        &[
            "getenv",
            "GOMALLOC_RUN_DIR",
            "getenv",
            "GOMALLOC_RUN_UNLINK",
        ],
    );
    let text = out(&output);
    let (directory, unlink) = text.trim_end().split_once('\n').unwrap();
    assert!(directory.ends_with("/live") && unlink == "1", "{text}");
    let user = directory.strip_suffix("/live").unwrap();
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(user).unwrap());
    assert_eq!(mode & 0o777, 0o700, "only its owner can enter {user}");
}
