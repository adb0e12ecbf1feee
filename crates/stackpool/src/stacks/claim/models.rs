//! A claim excludes others and publishes what was done under it.
use super::Claim;
use sync::model::{Arc, model, thread};

#[test]
fn claims_exclude_each_other_and_publish_the_value() {
    model(|| {
        let claim = Arc::new(Claim::new(0));
        let other = {
            let claim = Arc::clone(&claim);
            thread::spawn(move || {
                if let Some(mut value) = claim.try_claim() {
                    *value += 1;
                    return 1;
                }
                0
            })
        };
        // Loom reports two accesses to the value that nothing orders.
        let here = claim.try_claim().map_or(0, |mut value| {
            *value += 1;
            1
        });
        let there = other.join().expect("the other thread is done");
        let value = claim.try_claim().expect("nobody has it any more");
        assert_eq!(*value, here + there, "every section is seen by the next");
    });
}
