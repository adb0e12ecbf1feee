//! `corosensei` coroutines on stacks of a pool.
use corosensei::{Coroutine, CoroutineResult};
use gomalloc_stackpool::ByteCount;
use gomalloc_stackpool::{Stack, Stacks, StacksConfig};

fn counter(stack: Stack, from: u64) -> Coroutine<(), u64, u64, Stack> {
    Coroutine::with_stack(stack, move |yielder, ()| {
        for number in from..from + 3 {
            yielder.suspend(number);
        }
        from
    })
}

#[test]
fn coroutines_keep_their_state_while_others_run() {
    let stacks = Stacks::new(StacksConfig::default()).unwrap();
    let mut all: Vec<_> = (0..1000)
        .map(|index| counter(stacks.guarded(ByteCount::kib(16)).unwrap(), index))
        .collect();
    for step in 0..3 {
        for (index, coroutine) in (0..).zip(&mut all) {
            assert_eq!(coroutine.resume(()).as_yield(), Some(index + step));
        }
    }
    for (index, mut coroutine) in (0..).zip(all) {
        assert!(matches!(coroutine.resume(()), CoroutineResult::Return(from) if from == index));
    }
    assert_eq!(stacks.stats().live, 0);
}
