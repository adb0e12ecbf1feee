//! [`Decay`]: what was needed lately stays, what was not may go in time.
use super::Decay;

/// Epochs of 100 ms.
fn decay() -> Decay {
    let mut decay = Decay::new(1000);
    assert!(!decay.tick(0, 0, 0), "the first time only starts the clock");
    decay
}

#[test]
fn what_nobody_needed_for_most_of_the_decay_time_may_go_within_it() {
    let mut decay = decay();
    // 1,000 bytes become free at 50 ms; the heap asks every 10 ms.
    for now in (60..1000).step_by(10) {
        decay.tick(now, 1000, 0);
        if now < 800 {
            assert_eq!(decay.debt(), 0, "{now} ms: too early");
        }
    }
    assert_eq!(decay.debt(), 1000);
}

#[test]
fn one_use_keeps_it_for_another_while() {
    let mut decay = decay();
    for now in (60..5000).step_by(10) {
        if now % 700 == 0 {
            decay.note(100);
        }
        decay.tick(now, 1000, 0);
        assert!(decay.debt() <= 100, "{now} ms: 900 were needed lately");
    }
}

#[test]
fn silence_counts_as_time() {
    let mut decay = decay();
    decay.note(0);
    // Everything became free after the last question at 0 ms; the next one comes late.
    assert!(decay.tick(5000, 1000, 0));
    assert_eq!(decay.debt(), 1000);
}

#[test]
fn what_is_retained_stays_and_what_has_gone_is_not_owed_again() {
    let mut decay = decay();
    decay.tick(5000, 1000, 300);
    assert_eq!(decay.debt(), 700);
    decay.paid(500);
    assert_eq!(decay.debt(), 200);
    assert!(decay.tick(5100, 500, 300));
    assert_eq!(decay.debt(), 200, "500 are held, 300 stay");
    decay.paid(200);
    decay.tick(5200, 300, 300);
    assert_eq!(decay.debt(), 0);
}

#[test]
fn the_next_question_is_worth_asking_when_it_says() {
    let mut decay = decay();
    assert_eq!(decay.next(0), 100);
    assert_eq!(decay.next(199), 200);
    decay.tick(5000, 1000, 0);
    assert_eq!(decay.next(5000), 5000, "there is something to do");
    decay.forgive();
    assert_eq!(decay.next(5000), 5100);
}

#[test]
fn without_decay_everything_may_go_at_once() {
    let mut decay = Decay::new(0);
    assert!(decay.tick(7, 1000, 100));
    assert_eq!(decay.debt(), 900);
}

#[test]
fn a_clock_that_goes_backwards_does_no_harm() {
    let mut decay = decay();
    decay.tick(5000, 1000, 0);
    decay.paid(1000);
    assert!(!decay.tick(100, 500, 0));
    assert_eq!(decay.debt(), 0);
    assert!(decay.tick(250, 500, 0), "the epochs go on from there");
}
