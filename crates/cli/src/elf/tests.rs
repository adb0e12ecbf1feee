//! First lines of scripts, what goes together with a library, and files that lie.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::{Image, Kind, interpreter, read};

#[test]
fn the_interpreter_is_the_first_word() {
    let word = |line: &[u8]| interpreter(line);
    assert_eq!(word(b"/bin/sh\necho"), Some(PathBuf::from("/bin/sh")));
    assert_eq!(
        word(b" \t/usr/bin/env  python3 -x\n"),
        Some(PathBuf::from("/usr/bin/env"))
    );
    assert_eq!(word(b"/no/line/end"), Some(PathBuf::from("/no/line/end")));
    assert_eq!(word(b"\n/bin/sh"), None);
    assert_eq!(word(b""), None);
}

#[test]
fn a_library_goes_into_programs_of_its_own_kind() {
    let glibc = Image {
        is_64: true,
        machine: 62,
        needs: vec![OsString::from("libc.so.6")],
        ..Image::default()
    };
    let program = |loader: &str| Image {
        loader: Some(loader.into()),
        ..glibc.clone()
    };
    let accepts = |image: Image| image.accepts(&glibc).err().unwrap_or_default();
    assert_eq!(accepts(program("/lib64/ld-linux-x86-64.so.2")), "");
    assert_eq!(
        accepts(Image {
            is_loader: true,
            loader: None,
            ..glibc.clone()
        }),
        ""
    );
    assert!(
        accepts(Image {
            loader: None,
            ..glibc.clone()
        })
        .starts_with("statically linked")
    );
    assert!(accepts(program("/lib/ld-musl-x86_64.so.1")).starts_with("linked with musl"));
    let other = |is_64, machine| {
        accepts(Image {
            is_64,
            machine,
            ..program("/lib/ld-linux.so.2")
        })
    };
    assert!(other(false, 3).starts_with("a program for i386, but the library is for x86-64"));
    assert!(other(false, 62).starts_with("a program for x32,"));
    assert!(other(true, 243).starts_with("a program for riscv64,"));
    assert!(other(true, 4711).starts_with("a program for 64-bit machine 4711,"));
}

#[test]
fn what_is_no_program_is_something_else() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    let kind = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        read(&file)
    };
    assert_eq!(kind(b"").unwrap(), Kind::Other);
    assert_eq!(kind(b"\x7fEL").unwrap(), Kind::Other);
    assert_eq!(kind(b"#!\n").unwrap(), Kind::Other);
    assert_eq!(
        kind(b"#!/bin/sh").unwrap(),
        Kind::Script {
            interpreter: "/bin/sh".into()
        }
    );
    assert!(kind(b"\x7fELF").is_err());
    assert!(read(Path::new("/no/such")).is_err());
}

#[test]
fn a_damaged_file_is_an_error_and_never_a_panic() {
    let good = fs::read("/bin/true").unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    let mut random = 1_u64;
    let mut next = |below: usize| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let mut refused = 0;
    for _ in 0..500 {
        let mut bytes = good.clone();
        // Heads lie at the beginning and, those of sections, at the end.
        let (head, tail) = (next(2), next(64));
        for _ in 0..=next(4) {
            let at = if head == 0 {
                next(1024)
            } else {
                bytes.len() - 1 - next(2048)
            };
            bytes[at] = if tail < 8 {
                0xff
            } else {
                u8::try_from(next(256)).unwrap()
            };
        }
        bytes.truncate(if next(8) == 0 {
            next(good.len())
        } else {
            good.len()
        });
        fs::write(&file, &bytes).unwrap();
        refused += usize::from(read(&file).is_err());
    }
    assert!(refused > 5, "{refused} of 500");
}
