//! `zapys-verify`: a production in, a verdict out. Offline, alone, and small enough to be read.
//!
//! Exit status: 0 everything that could be checked holds; 1 a fault was found; 2 it could not be checked; 3 wrong usage.

mod args;
mod told;

use args::{Args, Asked};
use std::io::{self, Write};
use std::process::ExitCode;
use zapys_domain::Fault;
use zapys_dossier::{Options, verify};
use zapys_ledger::VerifierKey;
use zapys_ledger::stamp::Certificate;

/// Longest file of certificates, in bytes.
const MAX_ROOTS: u64 = 16 * 1024 * 1024;

fn main() -> ExitCode {
    let args = match args::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Check(args)) => args,
        Ok(Asked::Help) => return print(args::HELP.as_bytes(), 0),
        Ok(Asked::Version) => return print(concat!("zapys-verify ", env!("CARGO_PKG_VERSION"), "\n").as_bytes(), 0),
        Err(why) => {
            eprintln!("zapys-verify: {why}\n{}", args::USAGE);
            return ExitCode::from(3);
        }
    };
    match run(&args) {
        Ok((text, holds)) => print(text.as_bytes(), if holds { 0 } else { 1 }),
        Err(failure) => {
            if args.json {
                let error = serde_json::json!({"error": {
                    "kind": failure.kind, "message": failure.message, "subject": args.path.to_string_lossy(), "hint": failure.hint,
                }});
                return print(format!("{error}\n").as_bytes(), 2);
            }
            eprintln!("zapys-verify: {} {}", failure.message, failure.hint);
            ExitCode::from(2)
        }
    }
}

struct Failure {
    kind: String,
    message: String,
    hint: String,
}

fn run(args: &Args) -> Result<(String, bool), Failure> {
    let options = Options {
        vkey: args.vkey.as_deref().map(read_key).transpose()?,
        witnesses: args.witnesses.iter().map(|w| read_witness(w)).collect::<Result<_, _>>()?,
        roots: args.ca.iter().map(|f| read_roots(f)).collect::<Result<Vec<_>, _>>()?.concat(),
    };
    let verdict = verify(&args.path, &options).map_err(|e| {
        let cause = std::error::Error::source(&e).map(|s| format!(" ({s})")).unwrap_or_default();
        Failure {
            kind: e.kind().to_string(),
            message: format!("{}: {e}{cause}.", args.path.display()),
            hint: sentence(&e.hint()),
        }
    })?;
    let text = if args.json {
        format!("{}\n", serde_json::to_string(&verdict).expect("a verdict holds texts and numbers only"))
    } else {
        told::verdict(&verdict)
    };
    Ok((text, verdict.holds))
}

fn read_key(path: &std::path::Path) -> Result<VerifierKey, Failure> {
    let fail = |message: String, kind: &str| Failure {
        kind: kind.into(),
        message,
        hint: "The file holds one line, as `zapys ledger vkey` prints it.".into(),
    };
    let meta = std::fs::metadata(path).map_err(|e| fail(format!("The key file cannot be read ({e})."), "environment"))?;
    if meta.len() > 4096 {
        return Err(fail("The key file is too long to be a key.".into(), "input"));
    }
    let text = std::fs::read(path).map_err(|e| fail(format!("The key file cannot be read ({e})."), "environment"))?;
    let text = String::from_utf8(text).map_err(|_| fail("The key file is not text.".into(), "input"))?;
    text.trim().parse().map_err(|e| fail(format!("The key file holds no ledger key: {e}."), "input"))
}

/// A key itself, or the name of a file that holds one.
fn read_witness(text: &std::ffi::OsStr) -> Result<VerifierKey, Failure> {
    match text.to_str().and_then(|t| t.trim().parse().ok()) {
        Some(key) => Ok(key),
        None => read_key(std::path::Path::new(text)),
    }
}

fn read_roots(path: &std::path::Path) -> Result<Vec<Certificate>, Failure> {
    let fail = |message: String, kind: &str| Failure {
        kind: kind.into(),
        message,
        hint: "The file holds root certificates as the authority publishes them (PEM or DER).".into(),
    };
    let read = std::fs::File::open(path).and_then(|f| {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(f, MAX_ROOTS), &mut bytes).map(|_| bytes)
    });
    let bytes = read.map_err(|e| fail(format!("The certificate file cannot be read ({e})."), "environment"))?;
    if bytes.len() as u64 == MAX_ROOTS {
        return Err(fail("The certificate file is too long.".into(), "input"));
    }
    Certificate::read_file(&bytes).map_err(|e| fail(format!("The certificate file holds no certificate: {e}."), "input"))
}

fn sentence(hint: &str) -> String {
    let mut chars = hint.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// Writes to standard output; a reader that went away is no failure.
fn print(bytes: &[u8], code: u8) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => ExitCode::from(2),
        _ => ExitCode::from(code),
    }
}
