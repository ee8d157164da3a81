//! The command line, read by hand: a handful of flags does not need a library that somebody would have to trust.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const USAGE: &str =
    "usage: zapys-verify PATH [--vkey FILE] [--ca FILE]... [--witness VKEY]... [--json]    (--help says more)";

pub(crate) const HELP: &str = "\
zapys-verify checks what zapys hands over, without the case it comes from and without a network.

usage: zapys-verify PATH [--vkey FILE] [--ca FILE]... [--witness VKEY]... [--json]

  PATH           a production as folder or zip, an OCFL object or storage root, a load file, a web archive (WACZ), the
                 export of a ledger, or any BagIt bag
  --vkey FILE    the ledger's public key, one line, had from somewhere other than the production;
                 without it the production's own copy is used, which shows self-consistency only
  --ca FILE      root certificates (PEM) of a time-stamping authority that you trust; may be given several times
  --witness VKEY the key of somebody who must have signed the ledger's head too, as one line of text or the name of a
                 file that holds it; may be given several times
  --json         one JSON object instead of text
  --version      version of this program
  --help         this text

Of a production it checks that every file is the one that was listed and that none is missing or added; that each
original is the one whose digest the ledger recorded when it was taken in; that the custody events of each exhibit
follow one another without a gap and are in the ledger; that the head of the ledger is signed, by whom else, and when it
was stamped; that each later key was named by the one before it; that everything that was asked for is here or left out
with a reason; that the wholes of excerpts are here or named; that the descriptions beside (RO-Crate, CASE, certificate
drafts) say the same; and that no page has a script or refers to anything outside.

It says nothing on whether what an original shows or says is true.

exit status: 0 all that was checked holds, 1 a fault was found, 2 it could not be checked, 3 wrong usage
";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Check(Args),
    Help,
    Version,
}
/// A production to check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) path: PathBuf,
    pub(crate) vkey: Option<PathBuf>,
    /// Files of root certificates.
    pub(crate) ca: Vec<PathBuf>,
    /// Keys, or names of files that hold them.
    pub(crate) witnesses: Vec<OsString>,
    pub(crate) json: bool,
}

/// Reads arguments. Errors: a sentence on what is wrong.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let (mut path, mut vkey, mut json, mut plain) = (None, None, false, false);
    let (mut ca, mut witnesses) = (Vec::new(), Vec::new());
    let mut args = args;
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy().into_owned();
        if plain || !text.starts_with('-') || text.len() == 1 {
            if path.replace(PathBuf::from(arg)).is_some() {
                return Err("one production at a time.".into());
            }
            continue;
        }
        let (flag, value) = match text.split_once('=') {
            Some((flag, value)) => (flag.to_owned(), Some(OsString::from(value))),
            None => (text.clone(), None),
        };
        let mut value = |what: &str| value.clone().or_else(|| args.next()).ok_or(format!("{flag} needs {what}."));
        match flag.as_str() {
            "--" => plain = true,
            "--help" | "-h" => return Ok(Asked::Help),
            "--version" | "-V" => return Ok(Asked::Version),
            "--json" => json = true,
            "--vkey" if vkey.is_some() => return Err("--vkey is given twice.".into()),
            "--vkey" => vkey = Some(PathBuf::from(value("the name of a file")?)),
            "--ca" => ca.push(PathBuf::from(value("the name of a file")?)),
            "--witness" => witnesses.push(value("a key, or the name of a file that holds it")?),
            _ => return Err(format!("{text} is not known.")),
        }
    }
    let path = path.ok_or("the folder or zip of a production is missing.")?;
    Ok(Asked::Check(Args { path, vkey, ca, witnesses, json }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_anywhere_and_mistakes_are_named() {
        let read = |line: &str| parse(line.split_whitespace().map(OsString::from));
        let args = |path: &str, vkey: Option<&str>, json| {
            let (ca, witnesses) = (Vec::new(), Vec::new());
            Ok(Asked::Check(Args { path: path.into(), vkey: vkey.map(PathBuf::from), ca, witnesses, json }))
        };
        assert_eq!(read("a"), args("a", None, false));
        assert_eq!(read("--json a --vkey k"), args("a", Some("k"), true));
        assert_eq!(read("--vkey=k a"), args("a", Some("k"), false));
        assert_eq!(read("-- --json"), args("--json", None, false));
        assert_eq!(read("a --help"), Ok(Asked::Help));
        assert_eq!(read("--version"), Ok(Asked::Version));
        let Ok(Asked::Check(all)) = read("--ca=r a --witness w+1 --ca s --witness v") else { panic!("is well formed") };
        assert_eq!((all.ca.len(), all.witnesses.len()), (2, 2));
        for bad in ["", "a b", "--vkey", "a --vkey k --vkey k", "a --deep", "-x a", "a --ca", "a --witness"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
