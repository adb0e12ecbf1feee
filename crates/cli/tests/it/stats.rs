//! `run --stats`: the figures of every process of a run.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::world::{err, out, scratch, world};

/// The JSON that `run --json OPTIONS -- subject ARGUMENTS` prints.
fn json(options: &[&str], arguments: &[&str]) -> Value {
    let options: Vec<&str> = ["--json"].iter().chain(options).copied().collect();
    let output = world().subject(&options, arguments);
    serde_json::from_str(&err(&output)).unwrap_or_else(|error| panic!("{error}: {}", err(&output)))
}

/// The row of one size class.
fn class(figures: &Value, size: u64) -> Value {
    let rows = figures["by_size"].as_array().unwrap();
    rows.iter()
        .find(|row| row["size"] == size)
        .cloned()
        .unwrap_or_default()
}

#[test]
fn a_process_is_counted() {
    // glibc's blocks hold 8 bytes beyond a multiple of 16: 1,000 bytes are a block of 1,000.
    let run = json(&[], &["alloc", "5000", "1000", "20"]);
    let total = &run["total"];
    assert!(total["mallocs"].as_u64().unwrap() >= 5000, "{total}");
    let row = class(total, 1008);
    assert_eq!(
        (&row["mallocs"], &row["frees"], &row["live"]),
        (&5000.into(), &4980.into(), &20.into()),
        "{total}"
    );
    assert!(total["live_bytes"].as_u64().unwrap() >= 20_000);
    assert_eq!(total["mapped_bytes"], 1 << 20);
    assert_eq!(total["metadata_bytes"], 12345);
    assert_eq!(
        (&run["exit_status"], &run["signal"], &run["no_effect"]),
        (&0.into(), &Value::Null, &Value::Null)
    );
    assert_eq!(
        (&run["process_count"], &run["still_running"]),
        (&1.into(), &0.into())
    );
    assert!(run.get("processes").is_none(), "only on request");
}

#[test]
fn large_blocks_are_counted_apart() {
    let total = &json(&[], &["alloc", "7", "100000", "2"])["total"];
    let figures =
        ["large_mallocs", "large_frees", "large_live"].map(|name| total[name].as_u64().unwrap());
    assert_eq!(figures, [7, 5, 2]);
}

#[test]
fn a_child_counts_only_what_it_did_itself() {
    let run = json(
        &["--per-process"],
        &[
            "alloc", "1000", "1000", "10", "fork", "alloc", "300", "1000", "5",
        ],
    );
    assert_eq!(run["process_count"], 2);
    let processes = run["processes"].as_array().unwrap();
    let rows: Vec<Value> = processes
        .iter()
        .map(|process| class(process, 1008))
        .collect();
    assert_eq!(
        (&rows[0]["mallocs"], &rows[0]["live"]),
        (&1000.into(), &10.into())
    );
    assert_eq!(
        (&rows[1]["mallocs"], &rows[1]["live"]),
        (&300.into(), &15.into()),
        "what it inherited is alive in it"
    );
    assert_eq!(class(&run["total"], 1008)["mallocs"], 1300);
    assert_eq!(processes[1]["ppid"], processes[0]["pid"]);
    assert_eq!(run["pid"], processes[0]["pid"]);
    assert!(
        processes
            .iter()
            .all(|process| process["name"] == "subject" && process["finished"] == true)
    );
}

#[test]
fn what_a_process_did_before_exec_counts() {
    let subject = world().path("subject").display().to_string();
    let run = json(
        &["--per-process"],
        &[
            "alloc", "640", "1000", "0", "exec", &subject, "alloc", "100", "1000", "0",
        ],
    );
    let counts = [
        "process_count",
        "program_count",
        "cut_short",
        "still_running",
    ];
    assert_eq!(counts.map(|name| run[name].as_u64().unwrap()), [1, 2, 1, 0]);
    let processes = run["processes"].as_array().unwrap();
    assert_eq!(processes[0]["pid"], processes[1]["pid"]);
    assert_eq!(
        (&processes[0]["finished"], &processes[1]["finished"]),
        (&false.into(), &true.into())
    );
    // The last refresh before exec is at most 64 allocations old in the stand-in.
    let before = class(&processes[0], 1008)["mallocs"].as_u64().unwrap();
    assert!((577..=640).contains(&before), "{before}");
    assert_eq!(class(&processes[1], 1008)["mallocs"], 100);
}

#[test]
fn a_killed_process_leaves_what_it_last_said() {
    let run = json(
        &["--per-process"],
        &["alloc", "640", "1000", "0", "raise", "9"],
    );
    assert_eq!(
        (&run["signal"], &run["exit_status"]),
        (&9.into(), &Value::Null)
    );
    assert_eq!(run["processes"][0]["finished"], false);
    assert!(class(&run["total"], 1008)["mallocs"].as_u64().unwrap() >= 577);
    let output = world().subject(&["--stats"], &["alloc", "640", "1000", "0", "raise", "9"]);
    assert!(
        err(&output).contains("ended by SIGKILL") && err(&output).contains("last refresh"),
        "{}",
        err(&output)
    );
}

#[test]
fn what_goes_on_after_the_program_is_told() {
    let run = json(&[], &["background", "nap"]);
    assert_eq!(
        (&run["process_count"], &run["still_running"]),
        (&2.into(), &1.into())
    );
}

#[test]
fn the_directory_is_removed_at_the_end() {
    let output = world().subject(
        &["--stats"],
        &[
            "getenv",
            "GOMALLOC_RUN_DIR",
            "getenv",
            "GOMALLOC_RUN_UNLINK",
        ],
    );
    let text = out(&output);
    let (directory, unlink) = text.trim_end().split_once('\n').unwrap();
    assert!(
        directory.contains("/run-") && !Path::new(directory).exists(),
        "{directory}"
    );
    assert_eq!(unlink, "(unset)");
}

#[test]
fn a_plain_run_inside_a_counted_one_is_counted() {
    let gomalloc = env!("CARGO_BIN_EXE_gomalloc");
    let subject = world().path("subject").display().to_string();
    let run = json(
        &[],
        &[
            "exec", gomalloc, "run", &subject, "alloc", "500", "1000", "0",
        ],
    );
    assert_eq!(class(&run["total"], 1008)["mallocs"], 500);
}

#[test]
fn a_counted_run_inside_a_counted_one_is_counted_twice() {
    let gomalloc = env!("CARGO_BIN_EXE_gomalloc");
    let subject = world().path("subject").display().to_string();
    let directory = scratch();
    let file = directory.path().join("inner").display().to_string();
    let run = json(
        &[],
        &[
            "exec", gomalloc, "run", "--json", "--output", &file, &subject, "alloc", "500", "1000",
            "0",
        ],
    );
    let inner: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    for figures in [&run["total"], &inner["total"]] {
        assert_eq!(class(figures, 1008)["mallocs"], 500);
    }
}

#[test]
fn a_library_that_leaves_no_record_had_no_effect() {
    let library = world().path("empty.so").display().to_string();
    let output = world().subject(&["--stats", "--library", &library], &["exit", "3"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        err(&output).contains("no record appeared: the library had no effect on"),
        "{}",
        err(&output)
    );
    assert_eq!(err(&output).lines().count(), 1);
    let run = json(&["--library", &library], &[]);
    assert!(
        run["no_effect"]
            .as_str()
            .unwrap()
            .starts_with("no record appeared"),
        "{run}"
    );
}

#[test]
fn a_table_for_people() {
    let output = world().subject(
        &["--stats"],
        &["alloc", "1234567", "1000", "3", "alloc", "9", "100000", "1"],
    );
    let text = err(&output);
    let line = |start: &str| {
        text.lines()
            .find(|line| line.trim_start().starts_with(start))
            .unwrap_or_else(|| panic!("{start} in {text}"))
    };
    assert!(
        line("gomalloc: ").ends_with("status 0")
            && line("gomalloc: ").contains("subject: 1 process in"),
        "{text}"
    );
    assert!(
        line("mallocs").contains("1,234,5") && line("mallocs").contains("KiB"),
        "{text}"
    );
    assert!(
        line("size").contains("mallocs") && line("size").ends_with("live bytes"),
        "{text}"
    );
    assert_eq!(
        line("1,008").split_whitespace().collect::<Vec<_>>(),
        ["1,008", "1,234,567", "1,234,564", "3", "2.95", "KiB"]
    );
    assert_eq!(
        line("large  ").split_whitespace().collect::<Vec<_>>(),
        ["large", "9", "8", "1"]
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn only_the_busiest_classes_unless_all_are_asked_for() {
    let mut words = Vec::new();
    for size in 1..=30 {
        words.extend([
            "alloc".to_owned(),
            size.to_string(),
            (size * 16).to_string(),
            "0".to_owned(),
        ]);
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let rows = |options: &[&str]| {
        let output = world().subject(options, &words);
        let text = err(&output);
        let table: Vec<String> = text
            .lines()
            .skip_while(|line| !line.contains("live bytes"))
            .skip(1)
            .map(str::to_owned)
            .collect();
        table
    };
    let busiest = rows(&["--stats"]);
    assert_eq!(busiest.len(), 13, "{busiest:?}");
    assert!(busiest[12].trim_start().contains(" more "), "{busiest:?}");
    let all = rows(&["--all-classes"]);
    assert!(all.len() >= 30, "{all:?}");
}

#[test]
fn one_table_a_process_on_request() {
    let output = world().subject(
        &["--per-process"],
        &[
            "alloc", "9", "50", "0", "fork", "alloc", "9", "50", "0", "fork", "alloc", "9", "50",
            "0",
        ],
    );
    let text = err(&output);
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("gomalloc: subject (pid "))
            .count(),
        3,
        "{text}"
    );
    assert_eq!(
        text.lines()
            .filter(|line| line.starts_with("gomalloc: ") && line.contains("3 processes in"))
            .count(),
        1
    );
}

#[test]
fn figures_go_to_a_file_on_request() {
    let directory = scratch();
    let file = directory.path().join("figures");
    let name = file.display().to_string();
    let output = world().subject(&["--json", "--output", &name], &["exit", "3"]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(3), ""));
    let run: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(run["exit_status"], 3);
    let output = world().subject(&["--output", "/no/such/file"], &["exit", "3"]);
    crate::world::assert_line(&output, 2, &["/no/such/file"]);
}

#[test]
fn a_program_that_drops_its_environment_is_told_apart() {
    let output = world()
        .run(&["--stats"], "env")
        .args(["-i", "/bin/true"])
        .output()
        .unwrap();
    // `env` itself loaded the library; a statically linked child would not have.
    assert!(output.status.success());
    assert!(
        err(&output).starts_with("gomalloc: env: 1 process"),
        "{}",
        err(&output)
    );
}
