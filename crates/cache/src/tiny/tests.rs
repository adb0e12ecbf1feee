//! Go's rules by its own examples, shares against a model, frees from other threads.
#![expect(
    unsafe_code,
    reason = "tests own the caches and objects that they pass"
)]
use super::{Tiny, TinySet, tiny_align};
use crate::fake::{FakeExchange, FakeMetadata};
use crate::{Cache, CacheSet};
use central::FlushErrorKind;
use core::ptr::NonNull;
use std::vec::Vec;

type Caches = CacheSet<FakeExchange, FakeMetadata>;

struct World {
    caches: Caches,
    set: TinySet<FakeMetadata>,
}

impl World {
    fn new() -> Self {
        Self {
            caches: CacheSet::new(FakeExchange::new(), FakeMetadata::new(usize::MAX)),
            set: TinySet::new(FakeMetadata::new(usize::MAX)),
        }
    }

    fn cache(&self) -> NonNull<Cache> {
        self.caches.acquire().expect("memory")
    }

    fn alloc(&self, cache: NonNull<Cache>, tiny: &mut Tiny, size: usize) -> *mut u8 {
        // SAFETY: each test uses its caches and owners from one thread.
        unsafe { self.set.alloc(&self.caches, cache, tiny, size) }
    }

    fn free(&self, cache: Option<NonNull<Cache>>, object: *mut u8) -> Result<(), FlushErrorKind> {
        // SAFETY: tests free what they own, or what is noticed before it is touched.
        unsafe { self.set.free(&self.caches, cache, object) }.map_err(|error| error.kind)
    }

    fn retire(&self, cache: NonNull<Cache>, tiny: &mut Tiny) {
        // SAFETY: as in `alloc`.
        unsafe { self.set.retire(&self.caches, Some(cache), tiny) }.expect("the owner's share");
    }

    /// Slots that are in use: handed out by the exchange and in no magazine.
    fn in_use(&self) -> u64 {
        let mut stats = crate::Stats::new();
        self.caches.stats(&mut stats);
        let bin = sizeclass::TINY_SPAN_CLASS.bin();
        stats.mallocs[bin] - stats.frees[bin]
    }
}

/// Offsets in their block of objects of these sizes from a fresh owner; `None` is another block.
fn offsets(sizes: &[usize]) -> Vec<Option<usize>> {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    let objects: Vec<_> = sizes
        .iter()
        .map(|&size| world.alloc(cache, &mut tiny, size).addr())
        .collect();
    let first = objects[0];
    let place = |object: &usize| object.checked_sub(first).filter(|&offset| offset < 16);
    objects.iter().map(place).collect()
}

#[test]
fn objects_lie_where_go_puts_them() {
    for (sizes, places) in [
        (&[1, 1, 1][..], &[Some(0), Some(1), Some(2)][..]),
        (&[1, 2], &[Some(0), Some(2)]),
        (&[1, 4], &[Some(0), Some(4)]),
        (&[1, 8], &[Some(0), Some(8)]),
        (&[8, 8], &[Some(0), Some(8)]),
        (&[9, 8], &[Some(0), None]),
        (&[15, 1], &[Some(0), Some(15)]),
        (&[12, 4], &[Some(0), Some(12)]),
    ] {
        assert_eq!(offsets(sizes), places, "{sizes:?}");
    }
}

#[test]
fn the_block_with_more_room_is_kept() {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    let nine = world.alloc(cache, &mut tiny, 9);
    // 8 < 9: the new block replaces the old one, and the next 8 bytes go to the new one.
    let eight = world.alloc(cache, &mut tiny, 8);
    assert_eq!(world.alloc(cache, &mut tiny, 8), eight.wrapping_add(8));
    // Another owner: 12 bytes do not fit behind 9, and are not fewer: the old block is kept.
    let mut other = Tiny::new();
    let kept = world.alloc(cache, &mut other, 9);
    let twelve = world.alloc(cache, &mut other, 12);
    assert_ne!(twelve.addr() & !15, kept.addr());
    assert_eq!(world.alloc(cache, &mut other, 1), kept.wrapping_add(9));
    assert_ne!(nine, kept);
    assert_eq!((tiny.combined(), other.combined()), (1, 1));
}

#[test]
fn sixteen_bytes_share_a_block_and_it_goes_back_after_the_last() {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    let objects: Vec<_> = (0..16).map(|_| world.alloc(cache, &mut tiny, 1)).collect();
    assert!(
        objects
            .windows(2)
            .all(|pair| pair[1] == pair[0].wrapping_add(1))
    );
    assert_eq!((world.in_use(), tiny.combined()), (1, 15));
    for object in &objects {
        assert_eq!(world.in_use(), 1);
        world.free(Some(cache), *object).expect("alive");
    }
    assert_eq!(world.in_use(), 1, "the owner's share");
    world.retire(cache, &mut tiny);
    assert_eq!(world.in_use(), 0);
    let again = world.free(Some(cache), objects[3]);
    assert_eq!(again, Err(FlushErrorKind::DoubleFree));
}

#[test]
fn wrong_sizes_and_pointers_are_refused() {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    assert!(world.alloc(cache, &mut tiny, 0).is_null());
    assert!(world.alloc(cache, &mut tiny, 16).is_null());
    let stray = core::ptr::without_provenance_mut(0x10);
    assert_eq!(world.free(None, stray), Err(FlushErrorKind::Foreign));
}

#[test]
fn blocks_are_zero_and_objects_aligned() {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    for round in 0..200 {
        let size = round % 15 + 1;
        let object = world.alloc(cache, &mut tiny, size);
        assert_eq!(object.addr() % tiny_align(size), 0);
        // SAFETY: the object has `size` bytes and is the test's.
        let bytes = unsafe { core::slice::from_raw_parts_mut(object, size) };
        assert!(bytes.iter().all(|&byte| byte == 0), "round {round}");
        bytes.fill(0xa5);
        world.free(Some(cache), object).expect("alive");
    }
}

#[test]
fn without_memory_for_counts_there_is_no_object_and_no_slot_is_lost() {
    let mut world = World::new();
    world.set = TinySet::new(FakeMetadata::new(0));
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    assert!(world.alloc(cache, &mut tiny, 3).is_null());
    assert_eq!(world.in_use(), 0);
}

/// Random allocations and frees; the model keeps every object's bytes and their block.
#[test]
fn objects_keep_their_bytes_and_blocks_go_back() {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    let mut live: Vec<(*mut u8, usize, u8)> = Vec::new();
    let mut state = 7_u64;
    let rounds: u64 = if cfg!(miri) { 400 } else { 40_000 };
    for round in 0..rounds {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let random = (state >> 33) as usize;
        if random % 5 < 2 && !live.is_empty() {
            let (object, size, seed) = live.swap_remove(random % live.len());
            // SAFETY: the object is alive and has `size` bytes.
            let bytes = unsafe { core::slice::from_raw_parts(object, size) };
            assert!(bytes.iter().all(|&byte| byte == seed), "round {round}");
            let cache = (random & 64 == 0).then_some(cache);
            world.free(cache, object).expect("alive");
        } else if live.len() < 300 {
            let (size, seed) = (random % 15 + 1, round.to_le_bytes()[0]);
            let object = world.alloc(cache, &mut tiny, size);
            // SAFETY: the object is the test's and has `size` bytes.
            unsafe { object.write_bytes(seed, size) };
            live.push((object, size, seed));
        }
        if round % 97 == 0 {
            let mut blocks: Vec<_> = live.iter().map(|(object, ..)| object.addr() / 16).collect();
            blocks.push(tiny.block.addr() / 16);
            blocks.sort_unstable();
            blocks.dedup();
            assert_eq!(world.in_use(), blocks.len() as u64, "round {round}");
        }
    }
    for (object, ..) in live {
        world.free(None, object).expect("alive");
    }
    world.retire(cache, &mut tiny);
    assert_eq!(world.in_use(), 0, "every block went back once");
}

#[test]
fn other_threads_free_while_the_owner_combines() {
    let world = World::new();
    let (cache, mut tiny) = (world.cache(), Tiny::new());
    let rounds = if cfg!(miri) { 50 } else { 5000 };
    std::thread::scope(|scope| {
        let (send, receive) = std::sync::mpsc::channel::<usize>();
        let world = &world;
        scope.spawn(move || {
            for object in receive {
                let object = core::ptr::with_exposed_provenance_mut(object);
                world.free(None, object).expect("alive");
            }
        });
        for round in 0..rounds {
            let object = world.alloc(cache, &mut tiny, round % 15 + 1);
            send.send(object.expose_provenance())
                .expect("the other thread listens");
        }
    });
    world.retire(cache, &mut tiny);
    assert_eq!(world.in_use(), 0);
}
