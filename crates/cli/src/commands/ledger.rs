//! `ledger`: what strangers hold against us, and what we keep of what they said.

use super::{actor, open, typed};
use crate::Ended;
use crate::flags::Ledger;
use crate::out::Out;
use serde_json::json;
use std::io::{Read, Write};
use std::path::Path;
use zapys_casework::{Access, CaseError, CheckpointRef, KeyLoss, KeyView, Settings, StampView};

/// Longest file that is read whole, in bytes: lists of revoked certificates are the longest.
const MOST: u64 = 32 << 20;

pub async fn ledger(args: Ledger, settings: &Settings, out: &Out) -> Result<Ended, CaseError> {
    match args {
        Ledger::Checkpoint => {
            let case = open(settings, Access::Write).await?;
            let note = case.checkpoint_with_cosignatures().await?;
            out.object(&json!({"checkpoint": note}));
            out.say(note.trim_end());
        }
        Ledger::Vkey => {
            let case = open(settings, Access::Read).await?;
            let vkey = case.vkey().await?.to_string();
            out.object(&json!({"vkey": vkey}));
            out.say(vkey);
        }
        Ledger::Keys => {
            let case = open(settings, Access::Read).await?;
            let keys = case.keys().await?;
            keys.iter().for_each(|k| out.object(k));
            let cell = |k: &KeyView| {
                let entry = k.seq.map_or_else(|| "-".into(), |s| s.to_string());
                vec![k.reason.clone(), entry, k.since.clone().unwrap_or_else(|| "-".into()), k.vkey.clone()]
            };
            out.table(&["Key", "Entry", "Since", "Vkey"], &keys.iter().map(cell).collect::<Vec<_>>());
        }
        Ledger::Proof { item } => {
            let case = open(settings, Access::Write).await?;
            let id = case.resolve(&item).await?;
            for proof in case.proofs(id).await? {
                out.object(&proof);
                out.say(proof.proof.trim_end());
                out.say("");
            }
        }
        Ledger::Consistency { old, new } => {
            let case = open(settings, Access::Write).await?;
            let (old, new) = (which(&old)?, new.as_deref().map(which).transpose()?);
            let proof = case.consistency(&old, new.as_ref()).await?;
            out.object(&proof);
            out.say(proof.text.trim_end());
        }
        Ledger::Cosigned { file, witness } => {
            let witnesses = witness.iter().map(|w| w.parse()).collect::<Result<Vec<_>, _>>();
            let wants = "a key line as witnesses publish it, name+id+base64, of type 0x01 or 0x04";
            let witnesses = witnesses.map_err(|_| CaseError::Flag { flag: "--witness", wants })?;
            let case = open(settings, Access::Write).await?;
            for c in case.cosigned(&read(&file)?, &witnesses).await? {
                out.object(&c);
                let how = if c.checked { "holds" } else { "kept unchecked: name its key with --witness" };
                let time = c.time.map(|t| format!(", signed {t}")).unwrap_or_default();
                out.say(format!("{} ({}) under {} entries{time}: {how}", c.name, c.key_id, c.size));
            }
        }
        Ledger::Rotate { reason } => {
            let case = open(settings, Access::Write).await?;
            let key = case.rotate_key(&actor(), &reason).await?;
            out.object(&key);
            out.say(format!("New ledger key: {}", key.vkey));
            out.say("The old key has signed for it: whoever holds the old one is led to the new by the ledger itself.");
        }
        Ledger::Recover { reason, compromised } => {
            let loss = if compromised { KeyLoss::Compromised } else { KeyLoss::Lost };
            let case = open(settings, Access::Write).await?;
            let key = case.recover_key(&actor(), &reason, loss).await?;
            out.object(&key);
            out.say(format!("New ledger key: {}", key.vkey));
            out.say("Nobody vouches for it: hand it over anew, apart from any production, to everybody who holds the old one.");
        }
        Ledger::StampRequest { out: path, out_checkpoint, policy } => {
            if let Some(taken) = [Some(&path), out_checkpoint.as_ref()].into_iter().flatten().find(|p| p.exists()) {
                return Err(failed(taken)(std::io::ErrorKind::AlreadyExists.into()));
            }
            let case = open(settings, Access::Write).await?;
            let request = case.stamp_request(policy.as_deref()).await?;
            write_new(&path, &request.request)?;
            if let Some(path) = &out_checkpoint {
                write_new(path, request.checkpoint.as_bytes())?;
            }
            out.object(&json!({"request": request.id, "size": request.size, "path": path, "checkpoint": out_checkpoint}));
            out.say(format!("Wrote a request over {} entries to {}.", request.size, typed(&path)));
            out.say("Have an authority answer it, and bring the reply back: zapys ledger stamp-add REPLY.tsr");
        }
        Ledger::StampAdd { file, chain, crl } => {
            let all = |paths: Vec<std::path::PathBuf>| paths.iter().map(|p| read(p)).collect::<Result<Vec<_>, _>>();
            let case = open(settings, Access::Write).await?;
            told(&case.stamp_add(&read(&file)?, &all(chain)?, &all(crl)?).await?, out);
        }
        Ledger::OtsAdd { file, header } => {
            let header = zapys_casework::block_header(&header)?;
            let case = open(settings, Access::Write).await?;
            told(&case.ots_add(&read(&file)?, &header).await?, out);
        }
        Ledger::Stamps { ca, now } => {
            let roots = ca.iter().map(|p| read(p)).collect::<Result<Vec<_>, _>>()?;
            let case = open(settings, Access::Read).await?;
            let all = case.stamp_states(&roots, now).await?;
            all.iter().for_each(|s| told(s, out));
            if all.is_empty() {
                out.say("Not stamped.");
            }
            let failed = all.iter().any(|s| s.code.is_some());
            return Ok(if failed { Ended::No } else { Ended::Done });
        }
        Ledger::StampExport { dir } => {
            let case = open(settings, Access::Read).await?;
            let n = case.export_stamps(&dir).await?;
            out.object(&json!({"path": dir, "stamps": n}));
            out.say(format!("Wrote {n} time stamps to {}; README.txt there tells how to check them.", typed(&dir)));
        }
        Ledger::Export { dir } => {
            let case = open(settings, Access::Write).await?;
            let files = case.export_ledger(&dir).await?;
            out.object(&json!({"path": dir, "files": files}));
            out.say(format!("Wrote {files} files to {}.", typed(&dir)));
        }
    }
    Ok(Ended::Done)
}

fn told(s: &StampView, out: &Out) {
    out.object(s);
    let time = s.time.as_deref().unwrap_or("at no time that can be read");
    let by = s.authority.as_deref().map(|a| format!(" by {a}")).unwrap_or_default();
    let root = s.root.as_deref().map(|r| format!(", trusted through {r}")).unwrap_or_default();
    let why = s.reason.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
    out.say(format!("{}: {} entries, {} {time}{by}{root}{why}", s.state, s.size, s.kind));
}

/// A size, or a file that holds a checkpoint.
fn which(text: &str) -> Result<CheckpointRef, CaseError> {
    match text.parse() {
        Ok(size) => Ok(CheckpointRef::Size(size)),
        Err(_) => Ok(CheckpointRef::Note(read(Path::new(text))?)),
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> CaseError {
    move |source| CaseError::Path { path: path.into(), source }
}

fn read(path: &Path) -> Result<Vec<u8>, CaseError> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(failed(path))?;
    file.take(MOST + 1).read_to_end(&mut bytes).map_err(failed(path))?;
    if bytes.len() as u64 > MOST {
        return Err(failed(path)(std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            "it is far too long for what it should be",
        )));
    }
    Ok(bytes)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<(), CaseError> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(failed(path))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed(path))
}
