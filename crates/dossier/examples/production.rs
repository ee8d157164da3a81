//! Makes a small fictional production, from objects that this example keeps in memory, and checks it.
//!
//! `cargo run -p zapys-dossier --example production -- PATH [bag|zip|html|pdf|ocfl]`

#[path = "../tests/it/sample.rs"]
mod sample;

use zapys_domain::Progress;
use zapys_dossier::{Format, verify_production, write};
use zapys_ledger::Signer;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let path = args.next().ok_or("give a path that does not exist yet")?;
    let format = Format::parse(args.next().as_deref().unwrap_or("bag")).ok_or("bag, zip, html, pdf or ocfl")?;
    let s = sample::sample();
    let written = write(&s.extract, &s.objects, path.as_ref(), format, Some(&s.key), &Progress::hidden())?;
    println!("{} exhibits, {} files, manifest {}", written.exhibits, written.files, written.manifest_sha256);
    println!("{}", s.key.key());
    if !matches!(format, Format::Html | Format::Pdf) {
        let verdict = verify_production(path.as_ref(), Some(s.key.key()))?;
        println!("holds: {}", verdict.holds);
        verdict.faults().for_each(|c| println!("{c:?}"));
    }
    Ok(())
}
