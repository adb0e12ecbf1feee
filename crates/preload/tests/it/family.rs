//! Every function of the family by the standards' words, in C and in C++.

use crate::program::{compile, must_be_done, preloaded, run, unique};

#[test]
fn standard_functions() {
    must_be_done("standard.c", &[]);
}

#[test]
fn aligned_functions() {
    must_be_done("aligned.c", &[]);
}

#[test]
fn operators_of_cxx() {
    must_be_done("operators.cpp", &[]);
}

/// `malloc_info` writes XML that is well-formed, and whose numbers add up.
#[test]
fn inspecting_functions() {
    let stats = unique("malloc_stats");
    let mut command = preloaded(&compile("inspect.c", &[]));
    command.arg(&stats);
    let ended = run(command);
    assert!(
        ended.status.success() && ended.errors.is_empty(),
        "{ended:#?}"
    );
    let elements = elements(&ended.output);
    let sum = |name: &str, attribute: &str| -> u64 {
        let of_name = elements.iter().filter(|element| element.name == name);
        of_name.map(|element| element.number(attribute)).sum()
    };
    // `large` and `total` stand twice: in the one heap and below it.
    let total = sum("total", "mallocs") / 2;
    assert_eq!(sum("size", "mallocs") + sum("large", "mallocs") / 2, total);
    assert_eq!(
        sum("size", "frees") + sum("large", "frees") / 2,
        sum("total", "frees") / 2
    );
    // The program made two rounds of 40,000 blocks of 2,000 bytes, and more.
    assert!(
        total >= 120_000 && sum("large", "mallocs") / 2 >= 1,
        "{ended:#?}"
    );
    let in_their_class = elements.iter().find(|element| {
        element.name == "size" && element.number("from") <= 2000 && element.number("to") >= 2000
    });
    let class = in_their_class.expect("there is a class for 2,000 bytes");
    assert!(class.number("mallocs") >= 120_000);
}

/// A start or empty tag of XML.
struct Element<'a> {
    name: &'a str,
    rest: &'a str,
}

impl Element<'_> {
    fn number(&self, attribute: &str) -> u64 {
        let marked = format!(" {attribute}=\"");
        let (_, value) = self
            .rest
            .split_once(&marked)
            .expect("the attribute is there");
        let (digits, _) = value.split_once('"').expect("the attribute is closed");
        digits.parse().expect("the attribute is a number")
    }
}

/// The elements of a text without character data; checks that each is closed in its place.
fn elements(text: &str) -> Vec<Element<'_>> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for piece in text.split_inclusive('>') {
        let tag = piece.trim_start();
        let inner = tag.strip_prefix('<').and_then(|tag| tag.strip_suffix('>'));
        let Some(inner) = inner else {
            assert!(tag.is_empty(), "no tag: {piece:?}");
            continue;
        };
        if let Some(closed) = inner.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "closed out of order");
            continue;
        }
        let (name, rest) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
        if !inner.ends_with('/') {
            open.push(name);
        }
        assert_eq!(rest.matches('"').count() % 2, 0, "quotes: {piece:?}");
        let rest = &inner[name.len()..];
        found.push(Element { name, rest });
    }
    assert!(open.is_empty(), "left open: {open:?}");
    assert_eq!(found.first().map(|element| element.name), Some("malloc"));
    found
}
