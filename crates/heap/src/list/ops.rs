//! [`SpanList`] against vectors of numbers.
//!
//! Belongs to one thread. Three lists over twelve spans, so that most operations meet a span that is
//! linked somewhere; the model says for each whether it is a misuse, and which.
use crate::ops::{Input, Spans};
use crate::{ListError, ListId, SpanList, SpanRef};
use std::vec::Vec;

const SPANS: usize = 12;
const LISTS: usize = 3;

/// How often the driver passed each branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListSeen {
    /// Spans that were linked in at the front.
    pub inserted: usize,
    /// Spans that were linked in at the back.
    pub inserted_back: usize,
    /// Spans that were taken from a list's front, middle, back, or were its only one.
    pub removed: [usize; 4],
    /// Lists that took all of another, both with members.
    pub spliced: usize,
    /// Insertions of what was linked.
    pub still_linked: usize,
    /// Removals from a list that the span was not on.
    pub wrong_list: usize,
    /// Lists that were to take all of themselves.
    pub same_list: usize,
}

/// Reads operations from `data`, two bytes each, and checks the lists after every one.
///
/// # Panics
///
/// If a list and its model differ.
pub fn span_list(data: &[u8]) -> ListSeen {
    let spans = Spans::new(SPANS);
    let mut driver = Driver {
        spans: spans.refs(),
        lists: core::array::from_fn(list),
        model: core::array::from_fn(|_| Vec::new()),
        seen: ListSeen::default(),
    };
    let mut input = Input::new(data);
    while !input.is_empty() {
        let (op, at) = (input.byte(), usize::from(input.byte()));
        let (list, span) = (at % LISTS, at / LISTS % SPANS);
        match op % 8 {
            0 | 1 => driver.insert(list, span),
            2 | 3 => driver.insert_back(list, span),
            4..=6 => driver.remove(list, span),
            _ => driver.take_all(list, span % LISTS),
        }
        driver.check();
    }
    driver.seen
}

fn list(number: usize) -> SpanList {
    let id = u32::try_from(number + 1).ok().and_then(ListId::new);
    SpanList::new(id.expect("a small number, not 0"))
}

struct Driver {
    spans: Vec<SpanRef>,
    lists: [SpanList; LISTS],
    model: [Vec<usize>; LISTS],
    seen: ListSeen,
}

impl Driver {
    /// The list that the span is on.
    fn home(&self, span: usize) -> Option<usize> {
        self.model.iter().position(|list| list.contains(&span))
    }

    fn insert(&mut self, list: usize, span: usize) {
        let result = self.lists[list].insert(self.spans[span]);
        if self.expect_insertion(list, span, result) {
            self.model[list].insert(0, span);
            self.seen.inserted += 1;
        }
    }

    fn insert_back(&mut self, list: usize, span: usize) {
        let result = self.lists[list].insert_back(self.spans[span]);
        if self.expect_insertion(list, span, result) {
            self.model[list].push(span);
            self.seen.inserted_back += 1;
        }
    }

    fn expect_insertion(
        &mut self,
        list: usize,
        span: usize,
        result: Result<(), ListError>,
    ) -> bool {
        let Some(home) = self.home(span) else {
            assert_eq!(result, Ok(()));
            return true;
        };
        let Err(ListError::StillLinked {
            list: into, found, ..
        }) = result
        else {
            panic!("insert of a linked span: {result:?}");
        };
        assert_eq!((into as usize, found as usize), (list + 1, home + 1));
        self.seen.still_linked += 1;
        false
    }

    fn remove(&mut self, list: usize, span: usize) {
        let result = self.lists[list].remove(self.spans[span]);
        let home = self.home(span);
        if home == Some(list) {
            assert_eq!(result, Ok(()));
            let members = &mut self.model[list];
            let last = members.len() - 1;
            let at = members.iter().position(|member| *member == span);
            let at = at.expect("at home");
            let place = match at {
                _ if last == 0 => 3,
                0 => 0,
                at if at == last => 2,
                _ => 1,
            };
            self.seen.removed[place] += 1;
            members.remove(at);
            return;
        }
        let Err(ListError::WrongList {
            list: from, found, ..
        }) = result
        else {
            panic!("remove of what is not there: {result:?}");
        };
        let home = home.map_or(0, |home| home + 1);
        assert_eq!((from as usize, found as usize), (list + 1, home));
        self.seen.wrong_list += 1;
    }

    fn take_all(&mut self, list: usize, other: usize) {
        if list == other {
            // The same list twice cannot be borrowed; one of the same number can be made.
            let number = self.lists[list].id();
            let result = self.lists[list].take_all(&mut SpanList::new(number));
            let number = number.get();
            assert_eq!(result, Err(ListError::SameList { list: number }));
            self.seen.same_list += 1;
            return;
        }
        let [one, two] = self
            .lists
            .get_disjoint_mut([list, other])
            .expect("two lists");
        assert_eq!(one.take_all(two), Ok(()));
        let mut members = core::mem::take(&mut self.model[other]);
        if !members.is_empty() && !self.model[list].is_empty() {
            self.seen.spliced += 1;
        }
        members.append(&mut self.model[list]);
        self.model[list] = members;
    }

    fn check(&self) {
        for (list, model) in self.lists.iter().zip(&self.model) {
            list.check_invariants();
            let members: Vec<SpanRef> = list.iter().collect();
            let expected: Vec<SpanRef> = model.iter().map(|span| self.spans[*span]).collect();
            assert_eq!(members, expected);
            assert_eq!(
                (list.len(), list.is_empty()),
                (model.len(), model.is_empty())
            );
            assert_eq!(list.first(), expected.first().copied());
            assert_eq!(list.last(), expected.last().copied());
        }
        for (number, span) in self.spans.iter().enumerate() {
            let on = self.lists.iter().position(|list| list.contains(span));
            assert_eq!(on, self.home(number), "a span knows its list");
        }
    }
}
