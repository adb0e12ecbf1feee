//! [`SpanList`]: every misuse by itself, and the driver on fixed seeds.
use super::{ListError, ListId, SpanList};
use crate::ops::{ListSeen, Spans, noise, span_list};

fn list(number: u32) -> SpanList {
    SpanList::new(ListId::new(number).unwrap())
}

#[test]
fn a_linked_span_cannot_be_inserted_anywhere() {
    let spans = Spans::new(1);
    let span = spans.refs()[0];
    let (mut a, mut b) = (list(1), list(2));
    a.insert(span).unwrap();
    for result in [a.insert(span), b.insert(span), b.insert_back(span)] {
        assert!(
            matches!(result, Err(ListError::StillLinked { found: 1, .. })),
            "{result:?}"
        );
    }
    assert_eq!((a.len(), b.len()), (1, 0));
}

#[test]
fn a_span_whose_links_were_left_behind_cannot_be_inserted() {
    let spans = Spans::new(2);
    let refs = spans.refs();
    let mut a = list(1);
    // On no list, by its number; but a link says otherwise (Go's three conditions are three).
    refs[0].next.set(Some(refs[1]));
    assert!(matches!(
        a.insert(refs[0]),
        Err(ListError::StillLinked { found: 0, .. })
    ));
    refs[0].next.set(None);
    refs[0].prev.set(Some(refs[1]));
    assert!(matches!(
        a.insert_back(refs[0]),
        Err(ListError::StillLinked { found: 0, .. })
    ));
}

#[test]
fn a_run_in_the_tree_cannot_be_put_on_a_list() {
    use crate::RunTree;
    let spans = Spans::new(1);
    let span = spans.refs()[0];
    let mut tree = RunTree::new();
    tree.insert(span).unwrap();
    assert!(list(1).insert(span).is_err());
    tree.remove(span).unwrap();
    assert!(list(1).insert(span).is_ok());
}

#[test]
fn a_span_leaves_only_the_list_that_it_is_on() {
    let spans = Spans::new(1);
    let span = spans.refs()[0];
    let (mut a, mut b) = (list(1), list(2));
    let nowhere = a.remove(span);
    assert!(
        matches!(
            nowhere,
            Err(ListError::WrongList {
                list: 1,
                found: 0,
                ..
            })
        ),
        "{nowhere:?}"
    );
    b.insert(span).unwrap();
    let elsewhere = a.remove(span);
    assert!(
        matches!(
            elsewhere,
            Err(ListError::WrongList {
                list: 1,
                found: 2,
                ..
            })
        ),
        "{elsewhere:?}"
    );
    b.remove(span).unwrap();
    assert!(b.remove(span).is_err(), "once");
}

#[test]
fn neighbours_that_do_not_agree_are_noticed() {
    let spans = Spans::new(3);
    let refs = spans.refs();
    let mut a = list(1);
    for span in &refs {
        a.insert(*span).unwrap();
    }
    let kept = refs[2].next.get();
    refs[2].next.set(None);
    let broken = a.remove(refs[1]);
    assert!(
        matches!(broken, Err(ListError::BrokenLinks { list: 1, .. })),
        "{broken:?}"
    );
    refs[2].next.set(kept);
    a.remove(refs[1]).unwrap();
    assert_eq!(a.iter().collect::<std::vec::Vec<_>>(), [refs[2], refs[0]]);
}

#[test]
fn two_lists_of_one_number_are_one_list() {
    let spans = Spans::new(1);
    let (mut a, mut same) = (list(1), list(1));
    a.insert(spans.refs()[0]).unwrap();
    assert_eq!(a.take_all(&mut same), Err(ListError::SameList { list: 1 }));
    assert_eq!(same.take_all(&mut a), Err(ListError::SameList { list: 1 }));
    assert_eq!(a.len(), 1, "nothing was dropped");
}

#[test]
fn messages_name_list_and_span() {
    let spans = Spans::new(1);
    let error = list(7).remove(spans.refs()[0]).unwrap_err();
    let text = std::format!("{error}");
    assert!(
        text.contains("from list 7") && text.contains("on list 0"),
        "{text}"
    );
}

#[test]
fn the_driver_passes_every_branch() {
    let ops = if cfg!(miri) { 600 } else { 100_000 };
    let seen = span_list(&noise(4, 2 * ops));
    let ListSeen {
        inserted,
        inserted_back,
        removed,
        spliced,
        still_linked,
        wrong_list,
        same_list,
    } = seen;
    let counts = [
        inserted,
        inserted_back,
        spliced,
        still_linked,
        wrong_list,
        same_list,
    ];
    let least = counts.into_iter().chain(removed).min();
    assert!(least > Some(ops / 200), "{seen:?}");
}
