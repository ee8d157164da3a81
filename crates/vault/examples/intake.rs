//! Takes every file below a folder into a new vault, plain or sealing, and prints how long it took.
//!
//! `cargo run --release -p zapys-vault --example intake -- SOURCE VAULT [THREADS [sealing]]`, two threads unless said otherwise.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;
use zapys_vault::Vault;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(source), Some(target)) = (args.next(), args.next()) else { return Err("usage: intake SOURCE VAULT".into()) };
    let n_threads: usize = args.next().map_or(Ok(2), |n| n.to_string_lossy().parse())?;
    let started = Instant::now();
    let mut folders = vec![source];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_type()?.is_dir() { folders.push(entry.path()) } else { files.push(entry.path()) }
        }
    }
    let vault = Vault::disk(&target)?;
    let vault = if args.next().is_some_and(|w| w.as_os_str() == "sealing") { vault.sealing() } else { vault };
    let batch = Arc::new(vault).batch();
    let (next, bytes) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|threads| {
        let work = || {
            while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                bytes.fetch_add(batch.put_file(file)?.bytes, Ordering::Relaxed);
            }
            Ok::<(), zapys_vault::VaultError>(())
        };
        let others: Vec<_> = (1..n_threads).map(|_| threads.spawn(work)).collect();
        work()?;
        others.into_iter().try_for_each(|t| t.join().expect("a worker returns its errors instead of panicking"))
    })?;
    let copied = started.elapsed();
    batch.seal(&|_| false)?;
    println!("{} files, {} bytes: copied {copied:.2?}, durable {:.2?}", files.len(), bytes.into_inner(), started.elapsed());
    Ok(())
}
