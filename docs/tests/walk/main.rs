//! The numbers of `docs/ALLOCATION-WALK.md`: the same as those that the code gives.
//!
//! Goes the steps of the facade's example `walk` and compares what they print with the blocks of the
//! document. In a test binary of its own, since the first addresses are those of a process in which
//! nobody else uses the allocator.
#[path = "../../../crates/gomalloc/examples/walk/recorder.rs"]
mod recorder;
#[path = "../../../crates/gomalloc/examples/walk/steps.rs"]
mod steps;
#[path = "../../../crates/gomalloc/examples/walk/text.rs"]
mod text;

/// The lines of the blocks that are marked as parts of the walk, in their order.
fn shown(document: &str) -> String {
    let mut inside = false;
    let mut lines = String::new();
    for line in document.lines() {
        if line.starts_with("```") {
            inside = line == "```walk";
        } else if inside {
            lines.push_str(line);
            lines.push('\n');
        }
    }
    lines
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn the_document_shows_what_the_code_does() {
    use gomalloc::arena::{Native, System};
    use std::path::Path;

    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ALLOCATION-WALK.md");
    let document = std::fs::read_to_string(path).expect("the document");
    let walked = steps::walk::<_, Native>(&recorder::Recorder::new(System::new()));
    assert!(
        shown(&document) == walked,
        "the walk has changed; put this into the blocks of docs/ALLOCATION-WALK.md, and see whether \
         the text between them is still true:\n{walked}"
    );
}

#[test]
fn only_marked_blocks_are_compared() {
    let document = "a\n```sh\nb\n```\n```walk\nc\n  d\n```\ne\n```walk\nf\n```\n";
    assert_eq!(shown(document), "c\n  d\nf\n");
}
