//! Rust text with what is no code taken out: comments, and what stands between quotes.
//!
//! Not a parser. It knows enough of the language to tell an `unsafe` that the compiler sees from one
//! that only a reader does.

/// `text` without comments, and with empty string and character literals.
pub(crate) fn bare(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let skipped = skipped(rest);
        if skipped == 0 {
            out.push(character);
            rest = &rest[character.len_utf8()..];
        } else {
            // A space keeps words apart; line breaks keep lines.
            out.push(' ');
            out.extend(rest[..skipped].chars().filter(|&c| c == '\n'));
            rest = &rest[skipped..];
        }
    }
    out
}

/// Bytes of the comment or literal that `rest` begins with; 0 if it begins with code.
fn skipped(rest: &str) -> usize {
    let to = |end: &str, from: usize| {
        let found = rest[from..].find(end);
        found.map_or(rest.len(), |at| from + at + end.len())
    };
    if rest.starts_with("//") {
        rest.find('\n').unwrap_or(rest.len())
    } else if rest.starts_with("/*") {
        to("*/", 2)
    } else if rest.starts_with("r#\"") {
        to("\"#", 3)
    } else if rest.starts_with('"') {
        string_end(rest)
    } else if rest.starts_with("'\\") {
        to("'", 3)
    } else if rest.starts_with('\'') && rest.chars().nth(2) == Some('\'') {
        2 + rest.chars().nth(1).map_or(0, char::len_utf8)
    } else {
        0
    }
}

/// The length of the string that `rest` begins with, quotes included.
fn string_end(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// Whether a character can be part of a name.
pub(crate) fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The words of `code`, each with what follows it.
pub(crate) fn words(code: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = code;
    core::iter::from_fn(move || {
        let start = rest.find(is_word)?;
        let length = rest[start..].find(|c| !is_word(c));
        let end = length.map_or(rest.len(), |length| start + length);
        let word = &rest[start..end];
        rest = &rest[end..];
        Some((word, rest))
    })
}

#[test]
fn what_is_no_code_is_taken_out() {
    let text =
        "a // unsafe {\nb(\"un\\\"safe {\", '\"', 'x', '\\'', r#\"unsafe\"#) /* unsafe */ <'a>";
    let bare = bare(text);
    assert!(!bare.contains("unsafe"), "{bare}");
    let found: Vec<&str> = words(&bare).map(|(word, _)| word).collect();
    assert_eq!(found, ["a", "b", "a"]);
}
