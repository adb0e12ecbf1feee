//! Work of real libraries: what programs are made of.
//!
//! Inputs are made beforehand; the libraries allocate as they like. Each function names its operation.

use crate::rng::Rng;
use crate::{Effort, Outcome};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::hint::black_box;
use std::sync::{Arc, mpsc};
use std::thread;

/// A text of `words` words of 1 to 12 letters.
fn text(words: usize) -> String {
    let mut rng = Rng::new(20);
    let mut text = String::new();
    for _ in 0..words {
        for _ in 0..=rng.below(12) {
            let letter = u8::try_from(rng.below(26)).unwrap_or(0);
            text.push(char::from(b'a' + letter));
        }
        text.push(' ');
    }
    text
}

/// `count` words, some of them long enough to be addresses or names.
fn words(count: usize) -> Vec<String> {
    let text = text(count * 2);
    let mut pairs = text.split(' ');
    (0..count)
        .map(|index| {
            format!(
                "{}-{index}-{}",
                pairs.next().unwrap_or(""),
                pairs.next().unwrap_or("")
            )
        })
        .collect()
}

/// An operation is one record of the text.
pub(super) fn json(effort: Effort) -> Outcome {
    let records = effort.objects(4_000);
    let mut text = String::from("[");
    for (index, word) in words(records).iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"id":{index},"name":"{word}","tags":["{word}","b","c"],"place":{{"x":{index}.5,"y":null}}}}"#
        );
    }
    text.push(']');
    effort.measure(45, || {
        let value: Value = serde_json::from_str(&text).expect("our own text");
        black_box(&value);
        records as u64
    })
}

/// An operation is one string.
pub(super) fn sort_strings(effort: Effort) -> Outcome {
    let words = words(effort.objects(20_000));
    effort.measure(75, || {
        let mut copy = words.clone();
        copy.sort();
        black_box(&copy);
        copy.len() as u64
    })
}

/// An operation is one entry.
pub(super) fn btree(effort: Effort) -> Outcome {
    let words = words(effort.objects(20_000));
    effort.measure(45, || {
        let tree: BTreeMap<String, String> = words
            .iter()
            .map(|word| (word.clone(), word.to_uppercase()))
            .collect();
        black_box(&tree);
        tree.len() as u64
    })
}

/// An operation is one entry.
pub(super) fn hash_map(effort: Effort) -> Outcome {
    let words = words(effort.objects(20_000));
    effort.measure(60, || {
        // A fixed hasher: the standard one draws a seed, and then no two runs are the same.
        let mut map: HashMap<String, Vec<usize>, Fixed> = HashMap::default();
        for (index, word) in words.iter().enumerate() {
            map.entry(word.clone()).or_default().push(index);
        }
        black_box(&map);
        map.len() as u64
    })
}

/// SipHash with the same keys every time.
type Fixed = std::hash::BuildHasherDefault<std::collections::hash_map::DefaultHasher>;

/// An operation is one match.
pub(super) fn regex(effort: Effort) -> Outcome {
    let text = text(effort.objects(20_000));
    effort.measure(48, || {
        // Compiled anew: building the automaton is allocation too.
        let pattern = Regex::new(r"(?<first>[a-m]{2,6})(?<rest>[n-z]+\w*)").expect("a pattern");
        let found: Vec<(String, String)> = pattern
            .captures_iter(&text)
            .map(|groups| (groups["first"].to_owned(), groups["rest"].to_owned()))
            .collect();
        black_box(&found);
        found.len() as u64
    })
}

/// An operation is one line.
pub(super) fn strings(effort: Effort) -> Outcome {
    let lines = effort.objects(20_000);
    effort.measure(30, || {
        for index in 0..lines {
            let line = format!("GET /item/{index}?page={} HTTP/1.1", index % 10);
            let parts: Vec<String> = line
                .split(['/', ' ', '?', '='])
                .map(str::to_owned)
                .collect();
            black_box(parts.join("|"));
        }
        lines as u64
    })
}

/// A node of a binary tree.
struct Node {
    children: Option<(Box<Node>, Box<Node>)>,
    weight: u64,
}

impl Node {
    fn grow(depth: u32) -> Self {
        let children = (depth > 0).then(|| {
            (
                Box::new(Self::grow(depth - 1)),
                Box::new(Self::grow(depth - 1)),
            )
        });
        Self {
            children,
            weight: u64::from(depth),
        }
    }

    fn sum(&self) -> u64 {
        let below = self
            .children
            .as_ref()
            .map_or(0, |(left, right)| left.sum() + right.sum());
        self.weight + below
    }
}

/// An operation is one node.
pub(super) fn graph(effort: Effort) -> Outcome {
    let depth = if effort == Effort::Smoke { 8 } else { 16 };
    effort.measure(60, || {
        let tree = Node::grow(depth);
        black_box(tree.sum());
        (2_u64 << depth) - 1
    })
}

/// An operation is one message, freed by whichever side lets go last.
pub(super) fn messages(effort: Effort) -> Outcome {
    let count = effort.objects(100_000);
    effort.measure(5, || {
        let (sender, receiver) = mpsc::sync_channel::<Arc<String>>(1024);
        let other =
            thread::spawn(move || receiver.iter().map(|message| message.len()).sum::<usize>());
        for index in 0..count {
            let message = Arc::new(format!("message {index} to the other side"));
            sender
                .send(Arc::clone(&message))
                .expect("the other side listens");
            black_box(&message);
        }
        drop(sender);
        black_box(other.join().expect("the other side ends"));
        count as u64
    })
}
