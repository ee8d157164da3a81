//! The command line as people type it. Order and words follow the public interface.

mod record;

pub use record::Record;

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
    /// File whose first line is the passphrase or recovery key [else $ZAPYS_PASSPHRASE_FILE, else asked on the terminal]
    #[arg(long, value_name = "FILE", global = true)]
    pub passphrase_file: Option<PathBuf>,
    /// Key file that opens the case instead of a passphrase: random bytes on a medium of its own
    #[arg(long, value_name = "FILE", global = true)]
    pub key_file: Option<PathBuf>,
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
        /// Put the result into the custody log, as the workbench does; otherwise looking changes nothing
        #[arg(long)]
        remember: bool,
    },
    /// What outsiders need to check the custody log
    #[command(subcommand)]
    Ledger(Ledger),
    /// Hand over: a sealed production that strangers can check
    Produce(Produce),
    /// Put on record: phases, intake, interception, excerpts, families, dates, protection, errors, consent, legal hold
    #[command(subcommand)]
    Record(Box<Record>),
    /// Texts that people wrote or mended: layers over a machine's transcript
    #[command(subcommand)]
    Review(Review),
    /// What a standard finds met or missing in what is on record
    Conformance(Conformance),
    /// What segments mean in another language, as people say: beside what machines say, never in its place
    #[command(subcommand)]
    Translation(Translation),
    /// What slang, call-signs and ciphers mean in this case: shown beside the words, never among them
    #[command(subcommand)]
    Glossary(Glossary),
    /// Speakers who may be one person across recordings: suggested by machine, confirmed or rejected by people
    Voices(Voices),
    /// The browser workbench and API, on this machine only
    Serve(Serve),
    /// Model packs by pinned digest
    #[command(subcommand)]
    Models(Models),
    /// Copy the whole case into a new folder, checking every object and entry
    Backup {
        /// Folder to make
        path: PathBuf,
    },
    /// Make the case anew from a backup; -C names the folder to make
    Restore {
        /// Folder of the backup
        path: PathBuf,
        /// Database server, postgres://…; without it a file in the case
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Object store, s3://…; without it a folder in the case
        #[arg(long, value_name = "URL")]
        objects: Option<String>,
    },
    /// Put record or objects onto other stores; `local` means the case folder
    Move {
        /// Database server, postgres://…, or local
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// Object store, s3://…, or local
        #[arg(long, value_name = "URL")]
        objects: Option<String>,
    },
    /// Ways into an encrypted case: passphrases, key files, the recovery key
    #[command(subcommand)]
    Key(Key),
    /// Destroy the content of one item for good, with its key; the custody log stays whole
    Dispose(Dispose),
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
    /// Keep the case unencrypted: for an encrypted disk, or for nothing secret
    #[arg(long, conflicts_with_all = ["recovery_key_file", "no_recovery_key"])]
    pub no_encryption: bool,
    /// Write the recovery key to this new file instead of showing it
    #[arg(long, value_name = "FILE", conflicts_with = "no_recovery_key")]
    pub recovery_key_file: Option<PathBuf>,
    /// Make no recovery key: whoever loses the passphrase loses the case
    #[arg(long)]
    pub no_recovery_key: bool,
    /// Database server, postgres://…; without it a file in the case
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// Object store, s3://…; without it a folder in the case
    #[arg(long, value_name = "URL")]
    pub objects: Option<String>,
}

#[derive(Subcommand, Debug)]
pub enum Key {
    /// List the ways in
    List,
    /// Add a way in; the case is opened as usual, the new secret is asked for or read from a file
    Add {
        /// File whose first line is the new passphrase
        #[arg(long, value_name = "FILE", conflicts_with = "new_key_file")]
        new_passphrase_file: Option<PathBuf>,
        /// Key file that opens the case from now on; made with random bytes if it is not there
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
    /// Replace the passphrase or key file that opens the case now; nothing is encrypted again
    Change {
        /// File whose first line is the new passphrase
        #[arg(long, value_name = "FILE", conflicts_with = "new_key_file")]
        new_passphrase_file: Option<PathBuf>,
        /// Key file that opens the case from now on; made with random bytes if it is not there
        #[arg(long, value_name = "FILE")]
        new_key_file: Option<PathBuf>,
    },
    /// Take a way in away
    Remove {
        /// Its name, as `key list` shows it
        way: String,
    },
    /// Make a new recovery key; the old one opens nothing any more
    Recovery {
        /// Write it to this new file instead of showing it
        #[arg(long, value_name = "FILE")]
        recovery_key_file: Option<PathBuf>,
    },
    /// Change the key that objects' keys are kept under; old copies of the record then open nothing
    Renew,
}

#[derive(Args, Debug)]
pub struct Dispose {
    /// Item id, unique prefix, or sha256: digest
    pub item: String,
    /// Why, e.g. withdrawn consent; kept in the record
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Who or what ordered it
    #[arg(long, value_name = "TEXT")]
    pub authority: String,
    /// Say what would be destroyed, and destroy nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
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
    /// Only these derivations, comma-separated: probe, decode, peaks, proxy, enhanced, speech, speakers, voice-prints, transcript, second-transcript, translation, second-translation, text, messages, calls, picture
    #[arg(long, value_delimiter = ',', value_name = "DERIVATION")]
    pub only: Vec<String>,
    /// Derivations computed at once
    #[arg(long, value_name = "N")]
    pub workers: Option<usize>,
    /// Say how far each stage is and how long the rest takes; compute nothing
    #[arg(long, conflicts_with_all = ["items", "only", "workers", "pause", "resume", "first"])]
    pub status: bool,
    /// Begin nothing new, here or in the workbench, until --resume
    #[arg(long, conflicts_with_all = ["items", "only", "workers", "resume", "first"])]
    pub pause: bool,
    /// Go on after --pause
    #[arg(long)]
    pub resume: bool,
    /// Do what is due of ITEMS before anything else, and then the rest
    #[arg(long, requires = "items")]
    pub first: bool,
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
    /// json, txt, srt, vtt, eaf (ELAN), textgrid (Praat) or docx (a table in a word processor)
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// Times and voices without words, but for those that you wrote by ear: for listening first in another program
    #[arg(long, conflicts_with_all = ["lang", "revision"])]
    pub blind: bool,
}

#[derive(Subcommand, Debug)]
pub enum Review {
    /// Put a text on record, as another program wrote it: what it changes becomes a revision, and the text below stays
    Add(ReviewAdd),
    /// The revisions of a transcript, oldest first
    List(One),
    /// Where two texts of a recording differ
    Compare {
        /// Item id, unique prefix, or sha256: digest
        item: String,
        /// machine, latest, or the number of a revision
        a: String,
        /// machine, latest, or the number of a revision
        #[arg(default_value = "latest")]
        b: String,
    },
    /// Give the segments of one voice to another: all of them, or those of a stretch; the words stay whose they were
    #[command(
        after_help = "`zapys review voice ITEM B --to A` makes two voices one; `zapys review voice ITEM A --to new --between 01:10 02:30` makes one two. Undo: `zapys review retract`."
    )]
    Voice {
        /// Item id, unique prefix, or sha256: digest
        item: String,
        /// Speaker whose segments are meant, as `zapys transcript` names it
        from: String,
        /// Speaker they are given to, or new
        #[arg(long, value_name = "SPEAKER|new")]
        to: String,
        /// Only segments that begin in this stretch: from, to
        #[arg(long, num_args = 2, value_names = ["HH:MM:SS", "HH:MM:SS"])]
        between: Option<Vec<String>>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// Take a revision back; it stays readable by its number
    Retract {
        /// Item id, unique prefix, or sha256: digest
        item: String,
        /// Number of the revision
        number: u32,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
}

#[derive(Args, Debug)]
pub struct ReviewAdd {
    /// Item id, unique prefix, or sha256: digest
    pub item: String,
    /// The text: srt, vtt, eaf (ELAN), TextGrid (Praat), txt or json, as `zapys transcript` writes them; `-` reads standard input
    pub file: PathBuf,
    /// json, txt, srt, vtt, eaf or textgrid; without it, as the name of the file ends
    #[arg(long, value_name = "FORMAT")]
    pub format: Option<String>,
    /// correction (of the text below), listening (written before any other text was seen), adjudication (of two texts)
    #[arg(long, value_name = "MANNER", default_value = "correction")]
    pub manner: String,
    /// What it was made from: machine, latest, or the number of a revision
    #[arg(long, value_name = "machine|latest|N", default_value = "latest")]
    pub over: String,
    /// You went through the whole recording: the text counts as reviewed
    #[arg(long)]
    pub whole: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Subcommand, Debug)]
pub enum Translation {
    /// Put a translation on record: of one segment, or those of a file that was written in another program
    #[command(
        after_help = "`zapys transcript ITEM --lang en --format docx > call.docx` writes a table with a column for it; `zapys translation add ITEM call.docx --lang en` reads back what was written there. Subtitles hold it in place of the words."
    )]
    Add(TranslationAdd),
    /// Translations of a recording that people put on record, oldest first
    List(One),
    /// Take a translation back; its record stays visible
    Retract {
        /// The record's id, or the beginning of it
        record: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
}
#[derive(Args, Debug)]
pub struct TranslationAdd {
    /// Item id, unique prefix, or sha256: digest
    pub item: String,
    /// docx, eaf (ELAN) or json, as `zapys transcript --lang` writes them, or srt, vtt, txt or TextGrid with the translation in place of the words; `-` reads standard input
    #[arg(required_unless_present = "segment", conflicts_with = "segment")]
    pub file: Option<PathBuf>,
    /// The language that is translated into
    #[arg(long, value_name = "CODE")]
    pub lang: String,
    /// The segment, as `zapys transcript --json` names it
    #[arg(long, value_name = "ID")]
    pub segment: Option<String>,
    /// What it means; without it and --note, what you said of the segment before is taken back
    #[arg(long, value_name = "TEXT", requires = "segment")]
    pub text: Option<String>,
    /// What is disputed, or cannot be translated
    #[arg(long, value_name = "TEXT", requires = "segment")]
    pub note: Option<String>,
    /// json, txt, srt, vtt, eaf, textgrid or docx; without it, as the name of the file ends
    #[arg(long, value_name = "FORMAT", requires = "file")]
    pub format: Option<String>,
    /// What was translated: machine, latest, or the number of a revision
    #[arg(long, value_name = "machine|latest|N", default_value = "latest", conflicts_with = "segment")]
    pub over: String,
    /// You went through all of it: what you left as it was is meant so, too
    #[arg(long, requires = "file")]
    pub whole: bool,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
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
    /// Without words of recordings: for whoever listens first
    #[arg(long)]
    pub blind: bool,
    /// words (meaning and both are not there yet)
    #[arg(long, default_value = "words", value_name = "MODE")]
    pub mode: String,
}

#[derive(Subcommand, Debug)]
pub enum Ledger {
    /// Sign the ledger as it stands and print the checkpoint
    Checkpoint,
    /// The key that checks signatures now: hand it over apart from any production
    Vkey,
    /// Every key the ledger was signed with, and why each came
    Keys,
    /// The inclusion proofs of an item's custody events
    Proof {
        /// Item id, unique prefix, or sha256: digest
        item: String,
    },
    /// Prove that a later checkpoint continues an earlier one
    Consistency {
        /// The earlier: number of entries, or a checkpoint file
        old: String,
        /// The later; without it, the ledger as it stands
        new: Option<String>,
    },
    /// Keep what a witness signed under one of our checkpoints
    Cosigned {
        /// The note that came back
        file: PathBuf,
        /// Key of a witness, name+id+base64; may be repeated. Its signature must hold
        #[arg(long, value_name = "VKEY")]
        witness: Vec<String>,
    },
    /// Go on under a new key, which the old one signs for
    Rotate {
        /// Why; kept as a commitment
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Go on under a new key because the old one is lost, or known to others
    Recover {
        /// Why; kept as a commitment
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// The old key is not lost, but known to others
        #[arg(long)]
        compromised: bool,
    },
    /// Write a request for a time stamp over the ledger as it stands (RFC 3161); no network is used
    StampRequest {
        /// Where the request goes; must not exist
        #[arg(long, value_name = "FILE.tsq")]
        out: PathBuf,
        /// Where the checkpoint file goes that it covers; must not exist
        #[arg(long, value_name = "FILE")]
        out_checkpoint: Option<PathBuf>,
        /// Policy of the authority, in dotted numbers
        #[arg(long, value_name = "OID")]
        policy: Option<String>,
    },
    /// Take in the reply of a time-stamp authority
    StampAdd {
        /// The reply
        file: PathBuf,
        /// Certificates of the authority that are not in it, PEM; may be repeated
        #[arg(long, value_name = "PEM")]
        chain: Vec<PathBuf>,
        /// List of revoked certificates as of that day; may be repeated
        #[arg(long, value_name = "FILE")]
        crl: Vec<PathBuf>,
    },
    /// The time stamps and what each is worth; without --ca none is more than `stamped`
    Stamps {
        /// Certificates of authorities you trust, PEM; may be repeated
        #[arg(long, value_name = "PEM")]
        ca: Vec<PathBuf>,
        /// Ask whether the certificates are valid today, not when they stamped
        #[arg(long, requires = "ca")]
        now: bool,
    },
    /// Write the time stamps into a folder, with the commands that check them without zapys
    StampExport {
        /// Folder to make
        dir: PathBuf,
    },
    /// Take in an OpenTimestamps proof over a checkpoint
    OtsAdd {
        /// The complete proof
        file: PathBuf,
        /// Header of the block that it leads to: 160 hexadecimal digits
        #[arg(long, value_name = "HEX80")]
        header: String,
    },
    /// Write tiles, entries, checkpoint, keys and time stamps into a folder
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
    /// bag, zip, ocfl, load-file, wacz, html or pdf
    #[arg(long, default_value = "bag", value_name = "FORMAT")]
    pub format: String,
    /// Show the ledger as of this signed checkpoint (number of entries); it must cover everything about the evidence
    #[arg(long, value_name = "SIZE")]
    pub at: Option<u64>,
    /// Refuse unless every date was stated or chosen to be unknown
    #[arg(long)]
    pub strict: bool,
    /// Put "unknown" on record for every date that nobody has stated
    #[arg(long)]
    pub unknown_dates: bool,
    /// Redaction profile (not there yet)
    #[arg(long, value_name = "PROFILE")]
    pub redact: Option<String>,
}

#[derive(Args, Debug)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Prints of voices are made where the setting `voices` is `on`. `zapys record retract` takes a decision back, `zapys record voice` puts any pair on record."
)]
pub struct Voices {
    /// Only pairs with a speaker of this recording
    pub item: Option<String>,
    /// suggested, confirmed or rejected
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// At most so many pairs
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub limit: usize,
    #[command(subcommand)]
    pub decide: Option<Decide>,
}
#[derive(Subcommand, Debug)]
pub enum Decide {
    /// Put on record that a pair is one person
    Confirm(Judge),
    /// Put on record that a pair is two people
    Reject(Judge),
}
#[derive(Args, Debug)]
pub struct Judge {
    /// The pair as `zapys voices` names it, or the beginning of that
    pub suggestion: String,
    /// What it rests on
    #[arg(long, value_name = "TEXT")]
    pub because: String,
    /// How you know the voice
    #[arg(long, value_name = "TEXT")]
    pub familiarity: Option<String>,
    /// How sure you are
    #[arg(long, value_name = "TEXT")]
    pub confidence: Option<String>,
}

#[derive(Subcommand, Debug)]
pub enum Glossary {
    /// Put a term on record
    Add {
        /// The word or words as they are said, in their base form; `-` reads terms as JSON, one a line, from standard input
        term: String,
        #[command(flatten)]
        fields: TermFields,
    },
    /// The terms that hold
    List {
        /// slang, call-sign, cipher, abbreviation, name, other
        #[arg(long, value_name = "SORT")]
        sort: Option<String>,
    },
    /// One term
    Show {
        /// The word, or the beginning of the record's id
        term: String,
    },
    /// Correct a term; the old record stays visible
    Edit {
        /// The word, or the beginning of the record's id
        term: String,
        #[command(flatten)]
        fields: TermFields,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
    /// Take a term back; its record stays visible
    Retract {
        /// The word, or the beginning of the record's id
        term: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
    },
}
#[derive(Args, Debug)]
pub struct TermFields {
    /// What it means
    #[arg(long, value_name = "TEXT")]
    pub means: Option<String>,
    /// slang, call-sign, cipher, abbreviation, name, other
    #[arg(long, value_name = "SORT")]
    pub sort: Option<String>,
    /// Another word for the same (again for more); grammatical forms are found by themselves
    #[arg(long, value_name = "TEXT")]
    pub also: Vec<String>,
    /// How it is to be translated: goes to the translator, which a meaning never does
    #[arg(long, value_name = "TEXT")]
    pub rendering: Option<String>,
    /// How that is known
    #[arg(long, value_name = "TEXT")]
    pub basis: Option<String>,
}

#[derive(Args, Debug)]
pub struct Conformance {
    /// leiden, hala or berkeley
    #[arg(long, value_name = "STANDARD")]
    pub standard: String,
    /// Items; without any, the whole case
    #[arg(value_name = "ITEM")]
    pub items: Vec<String>,
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
