//! Plans are followed exactly.
use super::Failing;
use crate::{ByteCount, Call, Os, Reason, Simulated};

const PAGE: ByteCount = ByteCount::new(4096);

#[test]
fn exactly_the_nth_call_fails() {
    let os = Failing::new(Simulated::new(31));
    os.fail_nth(1, Reason::Code(-7));
    assert!(os.reserve(None, PAGE).is_ok());
    assert_eq!(os.reserve(None, PAGE), Err(Reason::Code(-7)));
    assert!(os.reserve(None, PAGE).is_ok());
    assert_eq!((os.calls(), os.failures()), (3, 1));
}

#[test]
fn every_call_of_a_kind_fails_until_it_heals() {
    let os = Failing::new(Simulated::new(31));
    for reason in [
        Reason::OutOfMemory,
        Reason::AccessDenied,
        Reason::LockedMemory,
        Reason::Conflict,
        Reason::Unaligned,
        Reason::Unsupported,
    ] {
        os.fail_every(Call::Reserve, reason);
        assert_eq!(os.reserve(None, PAGE), Err(reason));
        assert_eq!(os.reserve(None, PAGE), Err(reason));
    }
    let pages = os.alloc(PAGE).expect("only reservations fail");
    os.heal();
    assert!(os.reserve(None, PAGE).is_ok());
    assert_eq!(os.failures(), 0);
    #[expect(unsafe_code, reason = "gives the pages back")]
    // SAFETY: allocated above.
    unsafe { os.free(pages, PAGE) }.expect("freed");
}
