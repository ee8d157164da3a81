//! The command line, read by hand: three flags do not need a library that somebody would have to trust.

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) const USAGE: &str = "usage: zapys-verify PATH [--vkey FILE] [--json]    (--help says more)";

pub(crate) const HELP: &str = "\
zapys-verify checks a production without the case it comes from and without a network.

usage: zapys-verify PATH [--vkey FILE] [--json]

  PATH          folder or zip of the production
  --vkey FILE   the ledger's public key, one line, had from somewhere other than the production;
                without it the production's own copy is used, which shows self-consistency only
  --json        one JSON object instead of text
  --version     version of this program
  --help        this text

It checks that every file is the one that was listed and that none is missing or added; that each original is the one
whose digest the ledger recorded when it was taken in; that the custody events of each exhibit follow one another
without a gap and are in the ledger; that the head of the ledger is signed; that the wholes of excerpts are there or
named; and that the report has no script and refers to nothing outside.

It does not check trusted time stamps yet, and it says nothing on whether what an original shows or says is true.

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
    pub(crate) json: bool,
}

/// Reads arguments. Errors: a sentence on what is wrong.
pub(crate) fn parse(args: impl Iterator<Item = OsString>) -> Result<Asked, String> {
    let (mut path, mut vkey, mut json, mut plain) = (None, None, false, false);
    let mut args = args;
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy().into_owned();
        match text.as_str() {
            "--" if !plain => plain = true,
            "--help" | "-h" if !plain => return Ok(Asked::Help),
            "--version" | "-V" if !plain => return Ok(Asked::Version),
            "--json" if !plain => json = true,
            "--vkey" if !plain => {
                let file = args.next().ok_or("--vkey needs the name of a file.")?;
                if vkey.replace(PathBuf::from(file)).is_some() {
                    return Err("--vkey is given twice.".into());
                }
            }
            t if !plain && t.starts_with("--vkey=") && vkey.is_none() => vkey = Some(PathBuf::from(&t[7..])),
            t if !plain && t.starts_with('-') && t.len() > 1 => return Err(format!("{t} is not known.")),
            _ if path.is_some() => return Err("one production at a time.".into()),
            _ => path = Some(PathBuf::from(arg)),
        }
    }
    let path = path.ok_or("the folder or zip of a production is missing.")?;
    Ok(Asked::Check(Args { path, vkey, json }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_stand_anywhere_and_mistakes_are_named() {
        let read = |line: &str| parse(line.split_whitespace().map(OsString::from));
        let args = |path: &str, vkey: Option<&str>, json| {
            Ok(Asked::Check(Args { path: path.into(), vkey: vkey.map(PathBuf::from), json }))
        };
        assert_eq!(read("a"), args("a", None, false));
        assert_eq!(read("--json a --vkey k"), args("a", Some("k"), true));
        assert_eq!(read("--vkey=k a"), args("a", Some("k"), false));
        assert_eq!(read("-- --json"), args("--json", None, false));
        assert_eq!(read("a --help"), Ok(Asked::Help));
        assert_eq!(read("--version"), Ok(Asked::Version));
        for bad in ["", "a b", "--vkey", "a --vkey k --vkey k", "a --deep", "-x a"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
