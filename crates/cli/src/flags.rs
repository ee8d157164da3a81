//! The command line as people type it. Order and words follow the public interface.

use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Evidence workbench: from tape to dossier, on your own machine.
#[derive(Parser, Debug)]
#[command(
    name = "zapys",
    version,
    about,
    max_term_width = 100,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit status: 0 done, 1 the answer is no, 2 something failed, 3 wrong usage."
)]
pub struct Flags {
    /// The case to work on [else $ZAPYS_CASE, else ./case]
    #[arg(short = 'C', long = "case", value_name = "DIR", global = true)]
    pub case: Option<PathBuf>,
    /// One JSON object a line on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more about what is going on; twice: still more (never evidence text)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// Settings file to use
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// File that holds the passphrase (cases are not encrypted yet: the file is not read)
    #[arg(long, value_name = "FILE", global = true)]
    pub passphrase_file: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make a case: vault, record, ledger key, index
    Init(Init),
    /// Acquire files, folders and archives; the bytes are never changed
    Add(Add),
    /// Run every derivation that is due; can be stopped and resumed at any point
    Process(Process),
    /// List items
    Items(Items),
    /// Show one item with acquisitions, derivatives and custody
    Show(One),
    /// The custody events, oldest first
    Custody {
        /// Item id, unique prefix, or sha256: digest; without it the whole case
        item: Option<String>,
    },
    /// The words spoken in a recording
    Transcript(Transcript),
    /// The readable text of a screenshot, article or document
    Text(One),
    /// The messages of a chat export
    Messages(One),
    /// The rows of a call-record table
    Calls(One),
    /// Search words said, read, written and translated
    Search(Search),
    /// Re-read the vault and the ledger; with --deep also repeat derivatives that can be repeated
    Verify {
        /// Repeat every derivative that can be repeated and compare
        #[arg(long)]
        deep: bool,
    },
    /// What outsiders need to check the custody log
    #[command(subcommand)]
    Ledger(Ledger),
    /// Hand over: a sealed production that strangers can check
    Produce(Produce),
    /// The browser workbench and API, on this machine only
    Serve(Serve),
    /// Model packs by pinned digest
    #[command(subcommand)]
    Models(Models),
    /// Rebuild the search index from the record
    Reindex,
    /// What works on this machine and what to install
    Doctor,
    /// Settings with where each came from
    #[command(subcommand)]
    Config(Config),
    #[command(flatten)]
    Later(crate::later::Later),
}

#[derive(Args, Debug)]
pub struct Init {
    /// Folder to make; must be empty or absent
    pub dir: PathBuf,
    /// Name people see
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Keep the case unencrypted (the only way there is so far)
    #[arg(long)]
    pub no_encryption: bool,
    /// Database server, postgres://…; without it a file in the case
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Object store, s3://…; without it a folder in the case
    #[arg(long, value_name = "URL")]
    pub objects: Option<String>,
}

#[derive(Args, Debug)]
pub struct Add {
    /// Files, folders, archives
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Person, body or channel it comes from
    #[arg(long, value_name = "TEXT")]
    pub source: Option<String>,
    /// Reliability of the source, A to F
    #[arg(long, value_name = "A-F")]
    pub source_grade: Option<String>,
    /// Address it was published at
    #[arg(long, value_name = "URL")]
    pub origin: Option<String>,
    /// Who collected it
    #[arg(long, value_name = "TEXT")]
    pub collected_by: Option<String>,
    /// Legal basis of the acquisition
    #[arg(long, value_name = "TEXT")]
    pub legal_basis: Option<String>,
    /// When it was recorded, as precisely as known: 2022, 2022-03, 2022-03-1X
    #[arg(long, value_name = "EDTF")]
    pub recorded: Option<String>,
    /// When it was published
    #[arg(long, value_name = "EDTF")]
    pub published: Option<String>,
    /// Language spoken or written
    #[arg(long, value_name = "CODE")]
    pub lang: Option<String>,
    /// public, internal, protected or sealed
    #[arg(long, value_name = "LEVEL")]
    pub sensitivity: Option<String>,
    /// Free label; may be repeated
    #[arg(long, value_name = "K=V")]
    pub label: Vec<String>,
}

#[derive(Args, Debug)]
pub struct Process {
    /// Items; without any, the whole case
    pub items: Vec<String>,
    /// Only these derivations, comma-separated: probe, decode, peaks, proxy, speech, transcript, translation, text, messages, calls, picture
    #[arg(long, value_delimiter = ',', value_name = "DERIVATION")]
    pub only: Vec<String>,
    /// Derivations computed at once
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
}

#[derive(Args, Debug)]
pub struct Items {
    /// recording, video, screenshot, photo, chat-export, call-records, article, web-archive, document, other
    #[arg(long, value_name = "K")]
    pub kind: Option<String>,
    /// Verification status
    #[arg(long, value_name = "S")]
    pub status: Option<String>,
}

#[derive(Args, Debug)]
pub struct One {
    /// Item id, unique prefix, or sha256: digest
    pub item: String,
}

#[derive(Args, Debug)]
pub struct Transcript {
    /// Item id, unique prefix, or sha256: digest
    pub item: String,
    /// A translation beside the words spoken
    #[arg(long, value_name = "CODE")]
    pub lang: Option<String>,
    /// machine, latest, or a number
    #[arg(long, default_value = "latest", value_name = "machine|latest|N")]
    pub revision: String,
    /// json, txt, srt, vtt or eaf
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
}

#[derive(Args, Debug)]
pub struct Search {
    /// Words; "a phrase"; -without; begin*
    #[arg(required = true)]
    pub query: Vec<String>,
    /// Only this language
    #[arg(long, value_name = "CODE")]
    pub lang: Option<String>,
    /// Only this kind of item
    #[arg(long, value_name = "K")]
    pub kind: Option<String>,
    /// At most so many hits
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub limit: usize,
    /// words (meaning and both are not there yet)
    #[arg(long, default_value = "words", value_name = "MODE")]
    pub mode: String,
}

#[derive(Subcommand, Debug)]
pub enum Ledger {
    /// Sign the ledger as it stands and print the checkpoint
    Checkpoint,
    /// The key that checks signatures: hand it over apart from any production
    Vkey,
    /// The inclusion proofs of an item's custody events
    Proof {
        /// Item id, unique prefix, or sha256: digest
        item: String,
    },
    /// Write tiles, entries and checkpoint into a folder
    Export {
        /// Folder to make
        dir: PathBuf,
    },
}

#[derive(Args, Debug)]
pub struct Produce {
    /// Where the production goes; must not exist
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// A frozen dossier (not there yet)
    #[arg(long, value_name = "ID", conflicts_with = "items")]
    pub dossier: Option<String>,
    /// Items; without any, the whole case
    #[arg(long, num_args = 1.., value_name = "ITEM")]
    pub items: Vec<String>,
    /// bag, zip or html (ocfl, load-file and pdf are not there yet)
    #[arg(long, default_value = "bag", value_name = "FORMAT")]
    pub format: String,
    /// Redaction profile (not there yet)
    #[arg(long, value_name = "PROFILE")]
    pub redact: Option<String>,
}

#[derive(Args, Debug)]
pub struct Serve {
    /// Loopback address and port
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<String>,
    /// Open the browser
    #[arg(long)]
    pub open: bool,
}

#[derive(Subcommand, Debug)]
pub enum Models {
    /// Packs known and installed
    List,
    /// Fetch a pack by pinned digest
    Pull {
        /// Name of the pack
        name: String,
    },
    /// Side-load a pack from a folder; no network needed
    Import {
        /// Folder with a pack.toml
        path: PathBuf,
    },
    /// Re-read every installed pack and compare digests
    Verify,
}

#[derive(Subcommand, Debug)]
pub enum Config {
    /// Every setting, its value, and where it came from
    Show,
}
