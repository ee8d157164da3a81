//! What every backend promises. Implementations run this, each on an empty instance.

use crate::sample;
use std::io::{self, Read};
use zapys_domain::ObjectId;
use zapys_vault::{Backend, BackendError, Disk, Memory, Put, SealedName};

fn name(seed: u64) -> SealedName {
    SealedName::parse(&ObjectId::of(&seed.to_be_bytes()).hex()).expect("a digest is a name")
}
fn all(mut body: Box<dyn Read + Send>) -> Vec<u8> {
    let mut out = Vec::new();
    body.read_to_end(&mut out).expect("the backend reads what it keeps");
    out
}

/// A body that breaks off with an error after some bytes.
struct Broken(usize);
impl Read for Broken {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.0.min(buf.len());
        self.0 -= n;
        buf[..n].fill(7);
        if n == 0 { Err(io::Error::other("broken")) } else { Ok(n) }
    }
}

/// The conformance suite. `backend` must be empty; `large` is a length that it handles in its way for long objects.
pub fn backend_suite(backend: &dyn Backend, large: usize) {
    assert!(backend.list(None).expect("lists").names.is_empty(), "the suite wants an empty backend");

    // What is put comes back, whatever the length; lengths around buffer edges included.
    let lengths = [0, 1, 4095, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, large];
    for (seed, len) in lengths.iter().enumerate() {
        let bytes = sample(*len, seed as u64);
        let name = name(seed as u64);
        assert_eq!(backend.size(&name).expect("answers"), None);
        assert_eq!(backend.put_new(&name, &mut bytes.as_slice(), bytes.len() as u64).expect("puts"), Put::New, "{len} bytes");
        assert_eq!(backend.size(&name).expect("answers"), Some(*len as u64));
        assert!(all(backend.read(&name, 0..u64::MAX).expect("reads")) == bytes, "{len} bytes come back");
    }

    // Nothing is ever replaced, not even by another length, and not by a body that cannot be read.
    let (taken, kept) = (name(2), sample(4095, 2));
    for other in [b"".as_slice(), b"other", &sample(4095, 99), &sample(large, 99)] {
        assert_eq!(backend.put_new(&taken, &mut &*other, other.len() as u64).expect("answers"), Put::AlreadyThere);
    }
    let _ = backend.put_new(&taken, &mut Broken(10), 20);
    assert!(all(backend.read(&taken, 0..u64::MAX).expect("reads")) == kept);

    // Ranges are cut at the end of the object.
    for (range, expected) in [
        (0..0, 0..0),
        (0..1, 0..1),
        (10..20, 10..20),
        (4094..4095, 4094..4095),
        (4000..u64::MAX, 4000..4095),
        (4095..5000, 4095..4095),
        (9000..9001, 4095..4095),
    ] {
        assert!(all(backend.read(&taken, range.clone()).expect("reads")) == kept[expected], "{range:?}");
    }

    // What fails leaves nothing.
    for (seed, len, mut body) in [
        (100, 4u64, Box::new(b"five!".as_slice()) as Box<dyn Read>),
        (101, 6, Box::new(b"five!".as_slice())),
        (102, large as u64 + 1, Box::new(io::repeat(1).take(large as u64))),
        (103, large as u64, Box::new(io::repeat(1))),
    ] {
        let error = backend.put_new(&name(seed), &mut body, len).expect_err("the announced length is wrong");
        assert!(matches!(error, BackendError::WrongLength { expected, .. } if expected == len), "{error:?}");
    }
    for (seed, after) in [(104, 10), (105, large - 5)] {
        let error = backend.put_new(&name(seed), &mut Broken(after), large as u64).expect_err("the body breaks");
        assert!(matches!(error, BackendError::Body(_)), "{error:?}");
    }
    for seed in 100..106 {
        assert_eq!(backend.size(&name(seed)).expect("answers"), None);
        assert!(matches!(backend.read(&name(seed), 0..1).err(), Some(BackendError::NotThere)));
    }

    // Listing is complete, in order, and goes on where it stopped.
    let mut expected: Vec<SealedName> = (0..lengths.len() as u64).map(name).collect();
    for seed in 1000..1040 {
        backend.put_new(&name(seed), &mut b"x".as_slice(), 1).expect("puts");
        expected.push(name(seed));
    }
    expected.sort();
    let mut listed = Vec::new();
    let mut after = None;
    loop {
        let page = backend.list(after.as_ref()).expect("lists");
        listed.extend(page.names);
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(listed, expected);
    let rest = backend.list(Some(&expected[10])).expect("lists");
    assert_eq!(rest.names, expected[11..]);

    // Many threads, one name: exactly one of them makes it.
    let contested = name(2000);
    let made = std::thread::scope(|threads| {
        let attempts: Vec<_> = (0..8u64)
            .map(|seed| {
                threads.spawn(|| {
                    let bytes = sample(10_000, 2000);
                    let _ = seed;
                    backend.put_new(&contested, &mut bytes.as_slice(), 10_000).expect("answers")
                })
            })
            .collect();
        attempts.into_iter().map(|t| t.join().expect("no panic")).filter(|p| *p == Put::New).count()
    });
    assert_eq!(made, 1);
    assert!(all(backend.read(&contested, 0..u64::MAX).expect("reads")) == sample(10_000, 2000));
}

#[test]
fn memory_keeps_the_promises() {
    backend_suite(&Memory::default(), 3 << 20);
}

#[test]
fn disk_keeps_the_promises() {
    let folder = tempfile::tempdir().unwrap();
    backend_suite(&Disk::open(folder.path()).unwrap(), 3 << 20);
    let left = std::fs::read_dir(folder.path().join("tmp")).unwrap().count();
    assert_eq!(left, 0, "nothing half-written stays");
}

#[test]
fn a_name_is_never_a_path() {
    for bad in ["", "..", &"a".repeat(63), &"A".repeat(64), &"g".repeat(64), &format!("../{}", "a".repeat(61))] {
        assert!(SealedName::parse(bad).is_none(), "{bad}");
    }
}
