//! Secrets of people: asked for on the terminal, read from files, shown once.

use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zapys_casework::{CaseError, Credential, RecoveryKey};

/// True where somebody can be asked.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks on the terminal, without showing what is typed.
pub fn ask(prompt: &str) -> Result<Credential, CaseError> {
    let typed = rpassword::prompt_password(prompt).map_err(|_| unasked())?;
    Credential::typed(&typed)
}

/// A new secret: from a file, a key file (made if it is not there), or typed twice.
pub fn new(passphrase_file: Option<&Path>, key_file: Option<&Path>) -> Result<Credential, CaseError> {
    if let Some(file) = key_file {
        if !file.exists() {
            let mut bytes = [0u8; 64];
            std::fs::File::open("/dev/urandom")
                .and_then(|mut f| std::io::Read::read_exact(&mut f, &mut bytes))
                .map_err(|source| CaseError::Path { path: "/dev/urandom".into(), source })?;
            keep(file, &bytes)?;
        }
        return Credential::from_key_file(file);
    }
    if let Some(file) = passphrase_file {
        return Credential::from_passphrase_file(file);
    }
    if !can_ask() {
        return Err(unasked());
    }
    let first = rpassword::prompt_password("New passphrase (five random words are good): ").map_err(|_| unasked())?;
    let second = rpassword::prompt_password("The same again: ").map_err(|_| unasked())?;
    if first != second {
        return Err(CaseError::Flag { flag: "(the passphrase)", wants: "the same text both times" });
    }
    Credential::typed(&first)
}

fn unasked() -> CaseError {
    CaseError::Flag {
        flag: "--passphrase-file",
        wants: "a file with a passphrase, or run this on a terminal to be asked; --no-encryption makes a case without one",
    }
}

/// Hands over a recovery key: into a new file, or onto standard error.
pub fn hand_over(key: &RecoveryKey, file: Option<&Path>) -> Result<(), CaseError> {
    match file {
        Some(file) => keep(file, format!("{key}\n").as_bytes()),
        None => {
            eprintln!("\nRecovery key. It opens the case if the passphrase is lost, and is shown only now:\n\n  {key}\n");
            eprintln!("Write it down and keep it away from this machine.");
            Ok(())
        }
    }
}

/// Writes a file that only its owner may read and that was not there before.
fn keep(path: &Path, bytes: &[u8]) -> Result<(), CaseError> {
    let write = || {
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| CaseError::Path { path: path.into(), source })
}
