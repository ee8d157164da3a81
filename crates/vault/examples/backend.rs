//! A backend from outside: objects in memory up to a number of bytes, as a medium that fills up.
//!
//! `cargo run -p zapys-vault --example backend`

use std::io::Read;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use zapys_vault::{Backend, BackendError, Memory, Page, Put, SealedName, Vault, VaultError};

struct Small {
    objects: Memory,
    room: AtomicU64,
}

impl Backend for Small {
    fn put_new(&self, name: &SealedName, body: &mut dyn Read, len: u64) -> Result<Put, BackendError> {
        let take = |room: u64| room.checked_sub(len);
        self.room.fetch_update(Ordering::AcqRel, Ordering::Acquire, take).map_err(|_| BackendError::NoSpace)?;
        let put = self.objects.put_new(name, body, len);
        if !matches!(put, Ok(Put::New)) {
            self.room.fetch_add(len, Ordering::AcqRel);
        }
        put
    }
    fn read(&self, name: &SealedName, range: Range<u64>) -> Result<Box<dyn Read + Send>, BackendError> {
        self.objects.read(name, range)
    }
    fn size(&self, name: &SealedName) -> Result<Option<u64>, BackendError> {
        self.objects.size(name)
    }
    fn list(&self, after: Option<&SealedName>) -> Result<Page<SealedName>, BackendError> {
        self.objects.list(after)
    }
}

fn main() -> Result<(), VaultError> {
    let vault = std::sync::Arc::new(Vault::on(Box::new(Small { objects: Memory::default(), room: AtomicU64::new(10) }), None));
    let stored = vault.put(&mut b"ten bytes!".as_slice())?;
    println!("{} keeps {} bytes", stored.object, stored.bytes);
    match vault.put(&mut b"x".as_slice()) {
        Err(VaultError::Backend(BackendError::NoSpace)) => println!("and then it is full"),
        other => println!("unexpected: {other:?}"),
    }
    Ok(())
}
