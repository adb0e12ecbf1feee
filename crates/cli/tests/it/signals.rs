//! Signals that reach the command, and dispositions that it was started with.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::world::{out, world};

/// Starts `gomalloc run --stats` on a program that counts `signal`, and hands over its process number once
/// the program is ready.
fn counting(signal: i32, send: impl FnOnce(Pid)) -> String {
    let number = signal.to_string();
    let mut command = world().run(&["--stats"], world().path("subject"));
    command
        .args(["catch", &number, "await", &number])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0);
    let mut child = command.spawn().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    send(Pid::from_child(&child));
    line.clear();
    output.read_to_string(&mut line).unwrap();
    assert!(
        child.wait().unwrap().success(),
        "the program ended by itself"
    );
    line
}

#[test]
fn what_is_sent_to_the_command_reaches_the_program() {
    for signal in [
        Signal::TERM,
        Signal::INT,
        Signal::HUP,
        Signal::QUIT,
        Signal::USR1,
        Signal::USR2,
    ] {
        let text = counting(signal.as_raw(), |pid| kill_process(pid, signal).unwrap());
        assert_eq!(text, "caught 1 time(s)\n", "{signal:?}");
    }
}

#[test]
fn a_program_that_does_not_catch_a_signal_takes_the_command_with_it() {
    let mut command = world().run(&["--stats"], world().path("subject"));
    let mut child = command
        .arg("pause")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&output.status),
        Some(libc::SIGTERM)
    );
    assert!(
        crate::world::err(&output).contains("ended by SIGTERM"),
        "the table is printed all the same"
    );
}

#[test]
fn what_a_terminal_sends_to_both_is_not_sent_twice() {
    // `script` gives its child a terminal; a Ctrl-C typed into it is the kernel's signal to the whole group.
    let inner = format!(
        "{} run --stats -- {} catch 2 await 2",
        env!("CARGO_BIN_EXE_gomalloc"),
        world().path("subject").display()
    );
    let mut script = Command::new("script");
    script
        .args(["-q", "-e", "-c", &inner, "/dev/null"])
        .env("GOMALLOC_LIBRARY", world().path("libgomalloc.so"));
    let Ok(mut child) = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() else {
        crate::world::skipped("no `script` to make a terminal");
        return;
    };
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    output.read_line(&mut text).unwrap();
    assert_eq!(text.trim_end(), "ready");
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"\x03").unwrap();
    output.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    assert!(text.contains("caught 1 time(s)"), "{text}");
}

#[test]
fn a_signal_to_the_whole_group_reaches_the_program() {
    let text = counting(libc::SIGUSR1, |pid| {
        kill_process_group(pid, Signal::USR1).unwrap()
    });
    assert!(text.starts_with("caught "), "{text}");
}

/// What `subject` finds when it is started through the command, and that by `env SETUP`.
fn found(setup: &[&str], options: &[&str], words: &[&str]) -> String {
    let mut command = Command::new("env");
    command
        .args(setup)
        .arg(env!("CARGO_BIN_EXE_gomalloc"))
        .arg("run")
        .args(options)
        .arg("--");
    command
        .arg(world().path("subject"))
        .args(words)
        .env("GOMALLOC_LIBRARY", world().path("libgomalloc.so"));
    out(&command.output().unwrap())
}

#[test]
fn ignored_signals_stay_ignored_and_others_at_their_default() {
    for options in [&[][..], &["--stats"]] {
        for (name, number) in [
            ("PIPE", "13"),
            ("HUP", "1"),
            ("INT", "2"),
            ("TERM", "15"),
            ("CHLD", "17"),
            ("USR1", "10"),
        ] {
            let ignore = format!("--ignore-signal={name}");
            assert_eq!(
                found(&[&ignore], options, &["disposition", number]),
                "ignored\n",
                "{name} {options:?}"
            );
            assert_eq!(
                found(&["--default-signal"], options, &["disposition", number]),
                "default\n",
                "{name} {options:?}"
            );
        }
    }
}

#[test]
fn what_is_blocked_stays_blocked_and_nothing_else() {
    for options in [&[][..], &["--stats"]] {
        let words = ["mask", "15", "mask", "17", "mask", "2"];
        assert_eq!(found(&[], options, &words), "open\nopen\nopen\n");
        assert_eq!(
            found(&["--block-signal=USR1"], options, &["mask", "10"]),
            "blocked\n"
        );
    }
}
