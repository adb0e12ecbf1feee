//! Ratios and their means over made-up reports, and the table that is printed of them.

use super::Rounds;
use crate::compare::{allocators, csv, table};
use crate::{Outcome, Report, workloads};

/// Three rounds of two rows on three allocators. In every round the base takes 100 and 50 ns, the
/// second twice that, the third half; the rounds differ by a factor, as a busy machine makes them.
fn rounds() -> Rounds {
    let report = |workload: &str, allocator: &str, wall_ns: u64| Report {
        workload: workload.to_owned(),
        allocator: allocator.to_owned(),
        outcome: Outcome {
            operations: 1,
            wall_ns,
            user_ns: wall_ns / 2,
            system_ns: 0,
        },
        peak_kib: 1000,
    };
    let round = |factor: u64| {
        let row = |name: &str, time: u64| {
            let time = time * factor;
            vec![
                report(name, "system", time),
                report(name, "jemalloc", 2 * time),
                report(name, "rpmalloc", time / 2),
            ]
        };
        vec![row("pair", 100), row("json", 50)]
    };
    let chosen = ["system", "jemalloc", "rpmalloc"].map(|name| allocators::find(name).expect(name));
    Rounds {
        allocators: chosen.to_vec(),
        workloads: ["pair", "json"]
            .map(|name| workloads::find(name).expect(name))
            .to_vec(),
        reports: [1, 4, 2].into_iter().map(round).collect(),
    }
}

#[test]
fn ratios_are_taken_within_rounds() {
    let rounds = rounds();
    let wall = Report::wall_per_operation;
    let slower = rounds.ratio(0, 1, wall);
    assert!((slower.median - 0.5).abs() < 1e-9 && (slower.high - 0.5).abs() < 1e-9);
    assert!((rounds.ratio(1, 2, wall).median - 2.0).abs() < 1e-9);
    assert!((rounds.mean_ratio(1, wall).median - 0.5).abs() < 1e-9);
    assert!(
        (rounds.median(0, 0, wall) - 200.0).abs() < 1e-9,
        "the middle round"
    );
    assert_eq!(rounds.best_other(0, wall), Some(2));
}

#[test]
fn the_table_shows_every_row_and_marks_a_missed_goal() {
    let text = table::ratios(&rounds(), Report::wall_per_operation, Some(1.05));
    let row = text
        .lines()
        .find(|line| line.contains("pair"))
        .expect("a row");
    assert!(row.contains("0.50") && row.contains("2.00"), "{text}");
    assert!(row.contains('!'), "the best other is twice as fast: {text}");
    assert!(
        text.lines()
            .last()
            .is_some_and(|line| line.contains("geometric mean")),
        "{text}"
    );
}

#[test]
fn the_raw_figures_have_a_line_a_run() {
    let text = csv::text(&rounds(), "date: today\ncores: 2");
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(lines.len(), 1 + 3 * 2 * 3);
    assert!(text.starts_with("# date: today\n# cores: 2\n"));
    assert_eq!(lines[1], "1,pair,system,1,100,50,0,1000");
}
