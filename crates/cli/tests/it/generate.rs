//! Completions, manual page, help.

use crate::world::{assert_line, out, world};

fn gomalloc(arguments: &[&str]) -> std::process::Output {
    world().gomalloc().args(arguments).output().unwrap()
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let text = out(&gomalloc(&["completions", shell]));
        for word in ["run", "stats", "top", "bench", "classes", "per-process"] {
            assert!(text.contains(word), "{word} for {shell}");
        }
    }
    assert_line(&gomalloc(&["completions", "csh"]), 2, &["csh"]);
}

#[test]
fn bash_accepts_its_completions_and_completes() {
    let script = "eval \"$(\"$0\" completions bash)\"; COMP_WORDS=(gomalloc st); COMP_CWORD=1; _gomalloc gomalloc st gomalloc; echo \"${COMPREPLY[@]}\"";
    let output = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_gomalloc")])
        .output()
        .unwrap();
    assert_eq!(out(&output), "stats\n");
}

#[test]
fn the_manual_has_a_section_for_every_command() {
    let text = out(&gomalloc(&["man"]));
    assert!(
        text.lines().any(|line| line.starts_with(".TH gomalloc 1")),
        "{text}"
    );
    for name in [
        "RUN",
        "STATS",
        "TOP",
        "BENCH",
        "CLASSES",
        "COMPLETIONS",
        "MAN",
    ] {
        assert!(text.contains(&format!(".SH \"GOMALLOC {name}\"")), "{name}");
    }
    for name in ["EXIT STATUS", "ENVIRONMENT", "FILES", "EXAMPLES"] {
        assert!(text.contains(&format!(".SH \"{name}\"")), "{name}");
    }
    assert!(
        text.contains("\\fBgomalloc run\\fR [OPTIONS]") && text.contains("per\\-process"),
        "{text}"
    );
}

#[test]
fn help_goes_to_standard_output_and_is_no_failure() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["help", "bench"],
        &["-V"],
    ] {
        let output = gomalloc(arguments);
        assert!(
            output.status.success() && output.stderr.is_empty() && !output.stdout.is_empty(),
            "{arguments:?}"
        );
    }
    assert_eq!(gomalloc(&[]).status.code(), Some(2));
}
