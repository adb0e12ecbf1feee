//! The text of the environment variable: every key, every unit, everything that is wrong.
use super::parse::apply;
use super::{Scavenger, Settings};

fn parsed(text: &str) -> (Settings, Vec<&str>) {
    let mut settings = Settings::DEFAULT;
    let mut wrong = Vec::new();
    apply(text.as_bytes(), &mut settings, |problem| {
        assert!(problem.expected.starts_with("expected "));
        wrong.push(core::str::from_utf8(problem.item).unwrap());
    });
    (settings, wrong)
}

#[test]
fn every_key_is_read() {
    let (settings, wrong) =
        parsed(" hard_limit = 1GiB , soft_limit=500MiB,,decay_ms=250,scavenger=thread, ");
    let expected = Settings {
        hard_limit: Some(1 << 30),
        soft_limit: Some(500 << 20),
        decay_ms: 250,
        scavenger: Scavenger::Thread,
    };
    assert_eq!((settings, wrong), (expected, Vec::new()));
}

#[test]
fn sizes_have_gos_units() {
    for (text, bytes) in [
        ("0", Some(0)),
        ("7B", Some(7)),
        ("3KiB", Some(3072)),
        ("2TiB", Some(2 << 40)),
        ("off", None),
    ] {
        let text = format!("hard_limit=9,hard_limit={text}");
        let (settings, wrong) = parsed(&text);
        assert_eq!((settings.hard_limit, wrong), (bytes, Vec::new()), "{text}");
    }
}

#[test]
fn what_is_wrong_is_named_and_changes_nothing() {
    for item in [
        "hard_limit",
        "hard_limit=",
        "hard_limit=-1",
        "hard_limit=1GB",
        "hard_limit=MiB",
        "hard_limit=99999999999999999999",
        "hard_limit=18446744073709551615KiB",
        "decay_ms=4294967296",
        "decay_ms=1s",
        "scavenger=Thread",
        "no_such_key=1",
        "=",
    ] {
        let text = format!("{item},decay_ms=5");
        let (settings, wrong) = parsed(&text);
        let others = Settings {
            decay_ms: 5,
            ..Settings::DEFAULT
        };
        assert_eq!((settings, wrong), (others, vec![item]));
    }
}

#[test]
fn any_bytes_are_survived() {
    // A linear congruential walk over texts made of the pieces that matter.
    let pieces: [&[u8]; 9] = [
        b"hard_limit",
        b"=",
        b",",
        b"9",
        b"GiB",
        b" ",
        b"\xff",
        b"decay_ms",
        b"off",
    ];
    let mut state = 1_u64;
    for _ in 0..20_000 {
        let mut text = Vec::new();
        for _ in 0..8 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            text.extend_from_slice(pieces[(state >> 33) as usize % pieces.len()]);
        }
        let mut settings = Settings::DEFAULT;
        let items = text.split(|&byte| byte == b',').count();
        let mut problems = 0;
        apply(&text, &mut settings, |_| problems += 1);
        assert!(problems <= items);
        assert_eq!(settings.scavenger, Scavenger::Inline);
    }
}
