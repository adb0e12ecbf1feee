//! Every workload runs, does what it says it does, and does the same every time.

use super::{ALL, find};
use crate::Effort;

#[test]
fn names_are_distinct_and_found() {
    for workload in &ALL {
        let found = find(workload.name).expect(workload.name);
        assert!(
            std::ptr::eq(found, workload),
            "two workloads are called {}",
            workload.name
        );
    }
    assert!(find("no such").is_none());
}

#[test]
fn every_workload_does_the_same_work_every_time() {
    // `startup` starts the program's own file again, which here is the test program.
    for workload in ALL.iter().filter(|workload| workload.name != "startup") {
        let first = workload.run(Effort::Smoke);
        let second = workload.run(Effort::Smoke);
        assert!(first.operations > 0, "{} did nothing", workload.name);
        assert_eq!(first.operations, second.operations, "{}", workload.name);
    }
}
