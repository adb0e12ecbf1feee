//! Exactly one thread is told that it was the last.
use super::Census;
use sync::atomic::{AtomicUsize, Ordering};
use sync::cell::UnsafeCell;
use sync::model::{Arc, model, thread};

struct World {
    census: Census,
    lasts: AtomicUsize,
    /// Written by the last, read by everybody else before: loom reports what nothing orders.
    used: UnsafeCell<()>,
}

impl World {
    fn touch(&self) {
        self.used.with(|_| ());
    }

    fn end(&self, is_last: bool) {
        if is_last {
            self.used.with_mut(|_| ());
            self.lasts.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[test]
fn the_last_of_three_orphans_is_one() {
    model(|| {
        let world = Arc::new(World {
            census: Census::new(),
            lasts: AtomicUsize::new(0),
            used: UnsafeCell::new(()),
        });
        // The state between `begin` and `finish`: both shards are closed with one stack each.
        assert!(world.census.give_back());
        world.census.begin();
        let others: [_; 2] = core::array::from_fn(|_| {
            let world = Arc::clone(&world);
            thread::spawn(move || {
                world.touch();
                world.end(world.census.leave());
            })
        });
        world.census.add(1);
        world.census.add(1);
        world.touch();
        world.end(world.census.finish());
        for other in others {
            other.join().expect("the other thread is done");
        }
        assert_eq!(
            world.lasts.load(Ordering::Relaxed),
            1,
            "exactly one is told that it was the last"
        );
    });
}
