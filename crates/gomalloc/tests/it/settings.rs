//! Settings of a process: limits by the environment and at run time, memory that goes back.
use std::process::Command;

const CASE: &str = "GOMALLOC_TEST_SETTINGS";

/// Runs `case` in a child with this configuration and returns its standard error.
fn child(case: &str, configuration: &str) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "settings::child_part",
            "--exact",
            "--nocapture",
            "--test-threads=1",
        ])
        .env(CASE, case)
        .env("GOMALLOC", configuration)
        .output()
        .unwrap();
    assert!(child.status.success(), "{case}: {child:?}");
    String::from_utf8_lossy(&child.stderr).into_owned()
}

#[test]
fn a_hard_limit_makes_allocation_fail_and_frees_make_it_work_again() {
    assert!(!child("hard", "hard_limit=256MiB").contains("gomalloc:"));
}

#[test]
fn what_is_wrong_is_said_in_a_line_an_item() {
    let lines = child("nothing", "hard_limit=lots,colour=red,decay_ms=10");
    let mut lines = lines
        .lines()
        .filter(|line| line.starts_with("gomalloc: GOMALLOC: "));
    assert!(
        lines
            .next()
            .unwrap()
            .contains("hard_limit=lots: expected a size")
    );
    assert!(
        lines
            .next()
            .unwrap()
            .contains("colour=red: expected hard_limit, ")
    );
    assert_eq!(lines.next(), None);
}

#[test]
fn idle_memory_goes_back_in_line() {
    child("decay", "decay_ms=200");
}

#[test]
fn idle_memory_goes_back_by_a_thread() {
    child("decay-thread", "decay_ms=200,scavenger=thread");
}

#[test]
fn memory_goes_back_at_once_on_demand() {
    child("release", "");
}

/// The child's part: does nothing in a normal run.
#[test]
fn child_part() {
    let Ok(case) = std::env::var(CASE) else {
        return;
    };
    match case.as_str() {
        "nothing" => {}
        "hard" => (0..10).for_each(|_| fill_to_the_limit()),
        "decay" => {
            let peak = use_and_free();
            std::thread::sleep(core::time::Duration::from_millis(400));
            // "Within the next 1,000 calls": some rounds, since a step gives back 32 MiB at most.
            for round in 0..500_usize {
                drop(vec![0_u8; 100 + round]);
            }
            expect_below_a_twentieth(peak);
        }
        "decay-thread" => {
            let peak = use_and_free();
            std::thread::sleep(core::time::Duration::from_millis(2000));
            expect_below_a_twentieth(peak);
        }
        "release" => {
            let peak = use_and_free();
            gomalloc::release_memory();
            expect_below_a_twentieth(peak);
        }
        other => panic!("no case {other}"),
    }
}

/// Allocates and touches until null, frees half, allocates again.
fn fill_to_the_limit() {
    let fill = |blocks: &mut Vec<Vec<u8>>| {
        loop {
            let mut block: Vec<u8> = Vec::new();
            if block.try_reserve_exact(1 << 20).is_err() {
                break;
            }
            // SAFETY: the vector has room for that many bytes, and nothing is in it.
            unsafe { block.as_mut_ptr().write_bytes(7, 1 << 20) };
            blocks.push(block);
        }
    };
    let mut blocks = Vec::with_capacity(1000);
    fill(&mut blocks);
    let most = blocks.len();
    assert!(most > 200, "{most} MiB of 256");
    blocks.truncate(most / 2);
    fill(&mut blocks);
    let stats = gomalloc::stats();
    assert!(stats.mapped_bytes + stats.metadata_bytes <= 256 << 20);
    assert!(blocks.len() + 8 >= most, "{} of {most} again", blocks.len());
}

/// A gibibyte in small blocks (a quarter of that without optimisation), all touched and all freed;
/// the resident bytes at the height of it.
fn use_and_free() -> usize {
    let bytes = if cfg!(debug_assertions) {
        256 << 20
    } else {
        1 << 30
    };
    let blocks: Vec<Box<[u8]>> = (0..bytes / 1000)
        .map(|at| vec![crate::low(at); 1000].into_boxed_slice())
        .collect();
    let peak = crate::resident_bytes();
    assert!(peak > bytes, "{peak} bytes resident");
    drop(blocks);
    peak
}

fn expect_below_a_twentieth(peak: usize) {
    let now = crate::resident_bytes();
    assert!(now < peak / 20, "{now} of {peak} bytes are resident");
}
