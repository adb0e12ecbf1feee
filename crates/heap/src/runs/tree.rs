//! A balanced tree of runs by (pages, address), its nodes the runs' headers.
//!
//! Belongs to a structure of runs, whose owner's lock protects it. An AVL tree after Adelson-Velsky
//! and Landis (1962): the heights of two siblings differ by at most one, so 10⁶ runs are at most 28
//! nodes deep, against some 50 in Go's treap; and unlike the treap's search, which looks at its left
//! child alone (Go 1.10 `mTreap.remove`), the one here finds the best fit.
use super::RunError;
use crate::SpanRef;
use core::cmp::Ordering;
use sync::atomic::{AtomicU64, Ordering as Access};

/// Runs in the order of (pages, address).
///
/// # Invariants
///
/// * I1: left of a node are lesser runs, right of it greater ones; no two are equal.
/// * I2: a node's height is one more than its higher child's, and the children's differ by at most 1;
///   the height of what is in no tree is 0.
#[derive(Debug)]
pub struct RunTree {
    root: Option<SpanRef>,
    len: usize,
    /// Nodes that were looked at since the tree was made: what a step costs is counted, not timed.
    visited: AtomicU64,
}

impl RunTree {
    /// A tree without runs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            root: None,
            len: 0,
            visited: AtomicU64::new(0),
        }
    }

    /// How many runs are in it.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Is there none?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.root.is_none()
    }

    /// Nodes that searches, insertions and removals have looked at.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.visited.load(Access::Relaxed)
    }

    /// Takes a run in. O(log runs).
    ///
    /// # Errors
    ///
    /// [`RunError::StillLinked`].
    pub fn insert(&mut self, run: SpanRef) -> Result<(), RunError> {
        if run.height() != 0 || run.list() != 0 {
            let (run, pages) = (run.addr(), run.pages());
            return Err(RunError::StillLinked { run, pages });
        }
        self.root = Some(self.insert_below(self.root, run));
        self.len += 1;
        Ok(())
    }

    /// Takes a run out. O(log runs).
    ///
    /// # Errors
    ///
    /// [`RunError::NotInTree`].
    pub fn remove(&mut self, run: SpanRef) -> Result<(), RunError> {
        let mut found = false;
        // Without the run on it, the way down changes nothing.
        self.root = self.remove_below(self.root, run, &mut found);
        if !found {
            let (run, pages) = (run.addr(), run.pages());
            return Err(RunError::NotInTree { run, pages });
        }
        run.left.set(None);
        run.right.set(None);
        run.set_height(0);
        self.len -= 1;
        Ok(())
    }

    /// The shortest run of at least `pages`, the lowest address among those. O(log runs).
    #[must_use]
    pub fn best_fit(&self, pages: usize) -> Option<SpanRef> {
        let mut best = None;
        let mut at = self.root;
        let mut visited = 0;
        while let Some(node) = at {
            visited += 1;
            // A node that is long enough beats every one before it: the search went left of those.
            at = if node.pages() < pages {
                node.right.get()
            } else {
                best = Some(node);
                node.left.get()
            };
        }
        self.count(visited);
        best
    }

    /// Calls `each` for every run, the least first.
    pub fn for_each(&self, each: &mut dyn FnMut(SpanRef)) {
        fn walk(node: Option<SpanRef>, each: &mut dyn FnMut(SpanRef)) {
            if let Some(node) = node {
                walk(node.left.get(), each);
                each(node);
                walk(node.right.get(), each);
            }
        }
        walk(self.root, each);
    }

    /// The root of the subtree with the run in it. The recursion is as deep as the tree is high.
    fn insert_below(&self, node: Option<SpanRef>, run: SpanRef) -> SpanRef {
        let Some(node) = node else {
            run.set_height(1);
            return run;
        };
        self.count(1);
        if compare(run, node) == Ordering::Less {
            let left = self.insert_below(node.left.get(), run);
            node.left.set(Some(left));
        } else {
            let right = self.insert_below(node.right.get(), run);
            node.right.set(Some(right));
        }
        balance(node)
    }

    /// The root of the subtree without the run.
    fn remove_below(
        &self,
        node: Option<SpanRef>,
        run: SpanRef,
        found: &mut bool,
    ) -> Option<SpanRef> {
        let node = node?;
        self.count(1);
        let (left, right) = (node.left.get(), node.right.get());
        match compare(run, node) {
            Ordering::Less => node.left.set(self.remove_below(left, run, found)),
            Ordering::Greater => node.right.set(self.remove_below(right, run, found)),
            Ordering::Equal => {
                *found = true;
                let Some(right) = right else { return left };
                // The next greater run takes the place.
                let (least, rest) = self.split_least(right);
                least.left.set(left);
                least.right.set(rest);
                return Some(balance(least));
            }
        }
        Some(balance(node))
    }

    /// The least run of a subtree, and the subtree without it.
    fn split_least(&self, node: SpanRef) -> (SpanRef, Option<SpanRef>) {
        self.count(1);
        let Some(left) = node.left.get() else {
            return (node, node.right.get());
        };
        let (least, rest) = self.split_least(left);
        node.left.set(rest);
        (least, Some(balance(node)))
    }

    fn count(&self, nodes: u64) {
        // Only the holder of the lock counts, so this need not be one step.
        let visited = self.visited.load(Access::Relaxed);
        self.visited.store(visited + nodes, Access::Relaxed);
    }
}

impl Default for RunTree {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs of one address and length differ by their headers: that another header is found in the place
/// of the one that is looked for would hide a mistake.
fn compare(a: SpanRef, b: SpanRef) -> Ordering {
    let by_pages = a.pages().cmp(&b.pages());
    if by_pages != Ordering::Equal {
        return by_pages;
    }
    let by_place = a.addr().cmp(&b.addr());
    by_place.then_with(|| a.as_ptr().cmp(&b.as_ptr()))
}

fn height(node: Option<SpanRef>) -> u8 {
    node.map_or(0, |node| node.height())
}

/// Makes I2 true of a node whose subtrees it is true of and whose heights differ by at most 2.
fn balance(node: SpanRef) -> SpanRef {
    let (left, right) = (node.left.get(), node.right.get());
    match (left, right) {
        (Some(left), _) if left.height() > height(right) + 1 => {
            if height(left.left.get()) < height(left.right.get()) {
                node.left.set(Some(rotate_left(left)));
            }
            rotate_right(node)
        }
        (_, Some(right)) if right.height() > height(left) + 1 => {
            if height(right.right.get()) < height(right.left.get()) {
                node.right.set(Some(rotate_right(right)));
            }
            rotate_left(node)
        }
        _ => {
            measure(node);
            node
        }
    }
}

fn measure(node: SpanRef) {
    node.set_height(1 + height(node.left.get()).max(height(node.right.get())));
}

/// The left child becomes the root; without one, nothing changes.
fn rotate_right(node: SpanRef) -> SpanRef {
    let Some(root) = node.left.get() else {
        return node;
    };
    node.left.set(root.right.get());
    root.right.set(Some(node));
    measure(node);
    measure(root);
    root
}

/// The right child becomes the root; without one, nothing changes.
fn rotate_left(node: SpanRef) -> SpanRef {
    let Some(root) = node.right.get() else {
        return node;
    };
    node.right.set(root.left.get());
    root.left.set(Some(node));
    measure(node);
    measure(root);
    root
}

#[cfg(any(test, feature = "ops", debug_assertions))]
impl RunTree {
    /// Panics if an invariant does not hold. O(runs).
    pub fn check_invariants(&self) {
        fn check(node: Option<SpanRef>, least: &mut Option<SpanRef>) -> (u8, usize) {
            let Some(node) = node else { return (0, 0) };
            let (left, left_len) = check(node.left.get(), least);
            if let Some(least) = *least {
                assert!(compare(least, node) == Ordering::Less, "I1");
            }
            *least = Some(node);
            let (right, right_len) = check(node.right.get(), least);
            assert!(left.abs_diff(right) <= 1, "I2");
            assert_eq!(node.height(), 1 + left.max(right), "I2");
            (node.height(), left_len + 1 + right_len)
        }
        let (_, len) = check(self.root, &mut None);
        assert_eq!(len, self.len, "every run is counted once");
    }
}
