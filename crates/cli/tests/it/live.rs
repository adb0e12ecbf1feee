//! `stats PID` and `top PID`, on processes that run.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

use crate::world::{assert_line, err, out, scratch, skipped, world};

/// A program that has allocated and waits, and the command that started it; killed when dropped.
struct Running {
    child: Child,
    /// The program's number; the command's own where nobody waits.
    program: u32,
}

impl Running {
    fn new(options: &[&str]) -> Self {
        let mut command = world().run(options, world().path("subject"));
        command
            .args(["alloc", "6400", "1000", "7", "pause"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Running {
            program: line.trim().parse().expect("a process number"),
            child,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = Command::new("kill")
            .args(["-9", &self.program.to_string()])
            .stderr(Stdio::null())
            .status();
        let _ = self.child.wait();
    }
}

fn gomalloc(arguments: &[&str]) -> Output {
    world().gomalloc().args(arguments).output().unwrap()
}

fn class_mallocs(figures: &Value, size: u64) -> u64 {
    let row = figures["by_size"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["size"] == size);
    row.map_or(0, |row| row["mallocs"].as_u64().unwrap())
}

#[test]
fn a_running_program_is_looked_at() {
    let running = Running::new(&[]);
    let pid = running.program.to_string();
    assert_eq!(
        running.program,
        running.child.id(),
        "nobody stands between the program and its caller"
    );
    let output = gomalloc(&["stats", "--json", &pid]);
    let view: Value = serde_json::from_str(&out(&output))
        .unwrap_or_else(|error| panic!("{error}: {}", err(&output)));
    assert_eq!(view["pid"], running.program);
    assert_eq!(view["processes"][0]["name"], "subject");
    assert_eq!(view["processes"][0]["finished"], false);
    // The stand-in refreshes after every 64 allocations.
    assert!(
        (6300..=6400).contains(&class_mallocs(&view["total"], 1008)),
        "{view}"
    );
    let text = out(&gomalloc(&["stats", &pid]));
    assert!(
        text.starts_with(&format!("subject (pid {pid}): up ")) && text.contains(" refreshed "),
        "{text}"
    );
    assert!(
        text.contains("live bytes") && text.contains("1,008"),
        "{text}"
    );
}

#[test]
fn a_waiting_run_shows_the_sum() {
    let running = Running::new(&["--stats"]);
    let (pid, program) = (running.child.id().to_string(), running.program.to_string());
    assert_ne!(pid, program);
    for number in [&pid, &program] {
        let view: Value =
            serde_json::from_str(&out(&gomalloc(&["stats", "--json", number]))).unwrap();
        assert!(class_mallocs(&view["total"], 1008) >= 6300, "{view}");
        assert_eq!(view["processes"][0]["pid"], running.program);
    }
    let text = out(&gomalloc(&["stats", &pid]));
    assert!(
        text.starts_with(&format!("run {pid}: 1 programs so far")),
        "{text}"
    );
}

#[test]
fn what_has_no_figures_is_told() {
    assert_line(
        &gomalloc(&["stats", "999999999"]),
        1,
        &["process 999999999: no such process"],
    );
    let own = std::process::id().to_string();
    assert_line(
        &gomalloc(&["stats", &own]),
        1,
        &["it was not started with `gomalloc run`"],
    );
    assert_line(
        &gomalloc(&["top", &own]),
        1,
        &["it was not started with `gomalloc run`"],
    );
    assert_line(&gomalloc(&["stats", "x"]), 2, &["invalid value 'x'"]);
    assert_line(
        &gomalloc(&["top", "1", "--interval", "0"]),
        2,
        &["expected seconds"],
    );
}

#[test]
fn the_record_of_a_plain_run_is_removed_at_its_end() {
    let output = world().subject(&[], &["getenv", "GOMALLOC_RUN_DIR", "pid"]);
    let text = out(&output);
    let (directory, pid) = text.trim_end().split_once('\n').unwrap();
    let names = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(
        !names
            .into_iter()
            .any(|name| name.starts_with(&format!("{pid}."))),
        "{directory}"
    );
}

#[test]
fn what_a_killed_program_leaves_is_swept_by_the_next_run() {
    let running = Running::new(&[]);
    let maps = std::fs::read_to_string(format!("/proc/{}/maps", running.program)).unwrap();
    let own = format!("/{}.", running.program);
    let line = maps
        .lines()
        .find(|line| line.contains(&own))
        .expect("its record is mapped");
    let record = line[line.find('/').unwrap()..].to_owned();
    assert!(std::path::Path::new(&record).exists());
    drop(running);
    world().subject(&[], &[]);
    assert!(!std::path::Path::new(&record).exists(), "{record}");
}

#[test]
fn top_prints_blocks_where_there_is_no_terminal() {
    let running = Running::new(&[]);
    let pid = running.program.to_string();
    let text = out(&gomalloc(&["top", &pid, "-n", "3", "-i", "0.05"]));
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("subject (pid "))
            .count(),
        3,
        "{text}"
    );
    assert_eq!(
        text.matches("0 mallocs/s, 0 frees/s").count(),
        2,
        "the first look knows no rate: {text}"
    );
    assert!(!text.contains('\x1b'), "{text}");
    let lines = out(&gomalloc(&["top", &pid, "--json", "-n", "2", "-i", "0.05"]));
    let views: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(views.len(), 2);
    assert!(
        views[0].get("mallocs_per_second").is_none() && views[1]["mallocs_per_second"] == 0.0,
        "{lines}"
    );
    assert!(views[1]["now_ns"].as_u64() > views[0]["now_ns"].as_u64());
}

#[test]
fn top_ends_with_its_process() {
    let running = Running::new(&[]);
    let pid = running.program.to_string();
    let mut top = world().gomalloc();
    let mut top = top
        .args(["top", &pid, "-i", "0.05"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(top.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    drop(running);
    output.read_to_string(&mut String::new()).unwrap();
    let output = top.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(err(&output), format!("gomalloc: process {pid} has ended\n"));
}

#[test]
fn top_leaves_a_terminal_as_it_was() {
    let running = Running::new(&[]);
    let directory = scratch();
    let log = directory.path().join("log");
    let inner = format!(
        "stty rows 20 cols 60; stty -a >{0}/before; {1} top {2} -i 0.1; stty -a >{0}/after",
        directory.path().display(),
        env!("CARGO_BIN_EXE_gomalloc"),
        running.program
    );
    let mut script = Command::new("script");
    script
        .args(["-q", "-e", "-c", &inner])
        .arg(&log)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let Ok(mut child) = script.spawn() else {
        skipped("no `script` to make a terminal");
        return;
    };
    let mut screen = child.stdout.take().unwrap();
    let mut shown = Vec::new();
    let mut part = [0; 4096];
    // Until the second drawing: rates are known by then.
    while !String::from_utf8_lossy(&shown).contains("mallocs/s, ") {
        let length = screen.read(&mut part).unwrap();
        assert_ne!(length, 0, "{}", String::from_utf8_lossy(&shown));
        shown.extend_from_slice(&part[..length]);
    }
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), b"q").unwrap();
    screen.read_to_end(&mut shown).unwrap();
    assert!(child.wait().unwrap().success());
    let shown = String::from_utf8_lossy(&shown);
    assert!(
        shown.contains("\x1b[?1049h")
            && shown.contains("\x1b[?1049l")
            && shown.contains("\x1b[?25h"),
        "{shown}"
    );
    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
    assert_eq!(read("before"), read("after"));
}
