//! A model of the shares of one block: the last one to go gives the block back, once, and sees all.
#![expect(unsafe_code, reason = "the model touches the objects of the block")]
use super::{Count, Released};
use sync::atomic::AtomicU8;
use sync::cell::UnsafeCell;
use sync::model::{Arc, model, thread};

struct Block {
    count: Count,
    objects: [UnsafeCell<u32>; 2],
}

impl Block {
    /// Uses one object, then frees it; what the block comes to if that was the last share.
    fn free(&self, object: usize) -> u32 {
        // SAFETY: the object is this thread's; loom fails the model if somebody else's access meets it.
        self.objects[object].with_mut(|object| unsafe { *object = 1 });
        self.end()
    }

    fn end(&self) -> u32 {
        match self.count.release() {
            Released::Shared => 0,
            Released::NotShared => panic!("a share that was there is given up"),
            Released::Last => {
                for object in &self.objects {
                    // SAFETY: no share is left: the block is ours, and loom checks just that.
                    object.with_mut(|object| unsafe { *object = 7 });
                }
                1
            }
        }
    }
}

#[test]
fn the_last_share_to_go_gives_the_block_back_once() {
    model(|| {
        let block = Arc::new(Block {
            count: Count(AtomicU8::new(0)),
            objects: [UnsafeCell::new(0), UnsafeCell::new(0)],
        });
        block.count.open(2);
        let first = {
            let block = Arc::clone(&block);
            thread::spawn(move || block.free(0))
        };
        // The owner combines a second object while the first is being freed.
        block.count.add();
        let second = {
            let block = Arc::clone(&block);
            thread::spawn(move || block.free(1))
        };
        let owner = block.end();
        let given = owner + first.join().expect("no panic") + second.join().expect("no panic");
        assert_eq!(
            given, 1,
            "a block goes back once, by whoever gave its last share up"
        );
    });
}
