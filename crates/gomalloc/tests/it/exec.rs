//! `exec`, and children that share their parent's memory until they have called it.
use crate::busy::Busy;
use crate::child;
use crate::shadow::Block;
use std::os::unix::process::CommandExt;
use std::process::Command;

#[test]
fn a_process_with_busy_threads_may_become_another_program() {
    let text = child::succeeds("exec::child", "before");
    assert!(text.contains("another program, served"), "{text}");
}

#[test]
fn commands_are_started_while_threads_are_busy() {
    let busy = Busy::start();
    for number in 0..child::scaled(50, 1000) {
        // The C library starts it as `vfork` does: in this memory, with this thread stopped.
        let output = Command::new("echo")
            .arg(number.to_string())
            .output()
            .unwrap();
        assert_eq!(output.stdout, format!("{number}\n").as_bytes());
    }
    busy.end();
}

#[test]
fn child() {
    match child::case().as_deref() {
        None => {}
        Some("before") => {
            let _busy = Busy::start();
            let error = child::command("exec::child", "after").exec();
            panic!("exec: {error}");
        }
        Some("after") => after(),
        Some(other) => panic!("no case {other}"),
    }
}

#[expect(clippy::print_stdout, reason = "the parent reads it")]
fn after() {
    let blocks: Vec<_> = (1..100).map(|n| Block::alloc(n * n, 8)).collect();
    assert!(blocks.iter().all(Option::is_some));
    println!("another program, served");
}
