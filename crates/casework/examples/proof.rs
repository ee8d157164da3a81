//! How long the ledger proofs of an item take in a case that is open.
//!
//! `cargo run --release -p zapys-casework --example proof -- CASE KEY-FILE TIMES ITEM...` prints milliseconds as a JSON list.

use std::time::Instant as Stopwatch;
use zapys_casework::{Access, Casework, Credential, Settings};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut next = |what: &'static str| args.next().ok_or(what);
    let (dir, key) = (next("usage: proof CASE KEY-FILE TIMES ITEM...")?, next("a key file is missing")?);
    let times: usize = next("how often is missing")?.parse()?;
    let credential = Credential::from_key_file(key.as_ref())?;
    let settings = Settings::load(None, [], &[])?.with_credential(credential);
    let case = Casework::open(dir.as_ref(), Access::Write, &settings).await?;
    let items: Vec<String> = args.collect();
    let mut ms = Vec::new();
    // The first round signs a checkpoint and brings pages into memory.
    for round in 0..=times {
        for item in &items {
            let id = case.resolve(item).await?;
            let begun = Stopwatch::now();
            let proofs = case.proofs(id).await?;
            let took = begun.elapsed();
            if proofs.is_empty() {
                return Err("an item has no proof".into());
            }
            if round > 0 {
                ms.push(took.as_secs_f64() * 1000.0);
            }
        }
    }
    println!("{}", serde_json::to_string(&ms)?);
    Ok(())
}
