//! `gomalloc classes`: Go's tables and others.

use serde_json::Value;

use crate::world::{assert_line, err, out, world};

fn classes(arguments: &[&str]) -> std::process::Output {
    world()
        .gomalloc()
        .arg("classes")
        .args(arguments)
        .output()
        .unwrap()
}

fn json(arguments: &[&str]) -> Value {
    let output = classes(&[&["--json"], arguments].concat());
    serde_json::from_str(&out(&output)).unwrap_or_else(|error| panic!("{error}: {}", err(&output)))
}

#[test]
fn the_default_is_go_s_present_table() {
    let text = out(&classes(&[]));
    assert_eq!(text.lines().count(), 68);
    let words: Vec<&str> = text.lines().nth(5).unwrap().split_whitespace().collect();
    // Go's `sizeclasses.go`: class 5, 48 bytes, 170 objects, 32 bytes of tail waste, 31.52 % at most.
    assert_eq!(words, ["5", "48", "8192", "170", "32", "31.52%", "16"]);
    let table = json(&[]);
    assert_eq!(
        (&table["page_bytes"], &table["max_size"]),
        (&8192.into(), &32768.into())
    );
    let classes = table["classes"].as_array().unwrap();
    assert_eq!(classes.len(), 67);
    assert_eq!(classes[4]["max_waste_percent"], 31.52);
    assert_eq!(
        json(&["--go", "1.8"])["classes"].as_array().unwrap().len(),
        66
    );
}

#[test]
fn any_parameters_give_a_table_or_a_line() {
    let table = json(&["--max-size", "16k", "--tail-divisor", "16"]);
    assert_eq!(table["max_size"], 16384);
    let wasted = |class: &Value| {
        class["tail_bytes"].as_u64().unwrap() * 16 <= class["span_bytes"].as_u64().unwrap()
    };
    assert!(table["classes"].as_array().unwrap().iter().all(wasted));
    assert_line(
        &classes(&["--granule", "7"]),
        2,
        &["no such table", "granule"],
    );
    assert_line(
        &classes(&["--max-size", "33333"]),
        2,
        &["no such table", "33333"],
    );
    assert_line(
        &classes(&["--page-bytes", "8X"]),
        2,
        &["--page-bytes", "expected a size"],
    );
    assert_line(
        &classes(&["--page-bytes", "99999999999999999G"]),
        2,
        &["--page-bytes", "too large"],
    );
}

#[test]
fn a_reader_may_leave() {
    let pipe = format!(
        "{} classes | head -1; echo ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_gomalloc")
    );
    let output = std::process::Command::new("bash")
        .args(["-c", &pipe])
        .output()
        .unwrap();
    assert_eq!(err(&output), "");
    assert!(out(&output).ends_with("\n0\n"), "{}", out(&output));
}
