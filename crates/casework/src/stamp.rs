//! Trusted time: a request goes out as a file, a reply comes back as a file. Nothing here speaks to a network.
//!
//! What is stamped is the complete file of a signed checkpoint, and so every entry before it. Files are kept as they came:
//! what they are worth is judged anew whenever somebody asks, under the roots that this person trusts.

use crate::Result;
use crate::custody::checkpoint_size;
use crate::error::CaseError;
use crate::open::Casework;
use crate::proofs::CheckpointRef;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;
use zapys_domain::Instant;
use zapys_ledger::stamp::{Certificate, Crl, Reply, Request, StampError, State, Trust, judge};
use zapys_ledger::{Hash, LedgerError, ots};
use zapys_store::{StampKind, StampRequestRow, StampRow};

/// A request for an authority.
#[derive(Clone, Debug)]
pub struct StampRequestView {
    /// SHA-256 of the request.
    pub id: String,
    /// Entries the checkpoint covers.
    pub size: u64,
    /// The DER request, for a `.tsq` file.
    pub request: Vec<u8>,
    /// The checkpoint file that it covers.
    pub checkpoint: String,
}

/// A time stamp as it was kept: every file as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampFiles {
    /// SHA-256 of the reply.
    pub id: Hash,
    /// Sort.
    pub kind: StampKind,
    /// Entries the checkpoint covers.
    pub size: u64,
    /// The checkpoint file that was stamped.
    pub checkpoint: Vec<u8>,
    /// The request, `.tsq`; none of an OpenTimestamps proof.
    pub request: Option<Vec<u8>>,
    /// The reply, `.tsr` or `.ots`.
    pub reply: Vec<u8>,
    /// Certificates from within the reply and beside it, PEM; empty where there are none.
    pub chain: String,
    /// Lists of revoked certificates.
    pub crls: Vec<Vec<u8>>,
    /// The 80 bytes of the block header that a proof leads to.
    pub header: Option<Vec<u8>>,
    /// When it was taken in.
    pub taken: Instant,
}

/// What a time stamp is worth.
#[derive(Clone, Debug, Serialize)]
pub struct StampView {
    /// SHA-256 of the reply.
    pub stamp: String,
    /// `rfc3161` or `opentimestamps`.
    pub kind: &'static str,
    /// Entries the checkpoint covers.
    pub size: u64,
    /// `stamped`, `verified` or `failed`.
    pub state: &'static str,
    /// Why it failed; stable word.
    pub code: Option<&'static str>,
    /// Why it failed; a sentence.
    pub reason: Option<String>,
    /// When the authority says it stamped.
    pub time: Option<String>,
    /// Who stamped.
    pub authority: Option<String>,
    /// The trusted authority it leads to.
    pub root: Option<String>,
    /// The authority's number of it.
    pub serial: Option<String>,
    /// The authority's policy.
    pub policy: Option<String>,
    /// Until when a plain check succeeds; afterwards only one at the time of the stamp does.
    pub until: Option<String>,
    /// When it was taken in.
    pub taken: String,
}

fn bytes(text: &str) -> Result<Vec<u8>> {
    STANDARD.decode(text).map_err(|_| CaseError::Inconsistent { what: "a time stamp" })
}
fn stamp_fault(e: StampError) -> CaseError {
    LedgerError::from(e).into()
}

impl Casework {
    /// Writes a request over the newest checkpoint, with the signatures of others as far as they were brought back. `policy`:
    /// one of the authority's, in dotted numbers.
    pub async fn stamp_request(&self, policy: Option<&str>) -> Result<StampRequestView> {
        self.must_write()?;
        let size = checkpoint_size(&self.checkpoint().await?)?;
        let checkpoint = self.cosigned_note(&CheckpointRef::Size(size)).await?;
        let mut nonce = [0u8; 16];
        getrandom::fill(&mut nonce).expect("the operating system gives random bytes; without them no nonce is fresh");
        let mut request = Request::new(checkpoint.as_bytes(), &nonce);
        if let Some(policy) = policy {
            let wants = "an identifier in dotted numbers, e.g. 1.2.3.4";
            request = request.with_policy(policy).map_err(|_| CaseError::Flag { flag: "--policy", wants })?;
        }
        let der = request.der();
        let id = Hash::of(&der);
        let mut tx = self.store.begin().await?;
        let row = StampRequestRow {
            id: *id.as_bytes(),
            size,
            checkpoint: checkpoint.clone(),
            request: STANDARD.encode(&der),
            at: self.clock.now(),
        };
        tx.add_stamp_request(&row).await?;
        crate::custody::keep_outside(&mut tx).await?;
        tx.commit().await?;
        Ok(StampRequestView { id: id.hex(), size, request: der, checkpoint })
    }

    /// Takes in a reply to a request of this case, with certificates and lists that came beside it. Errors: those of the
    /// stamp (`stamp-…`), `NoSuchRequest`; then nothing was kept.
    pub async fn stamp_add(&self, reply: &[u8], chain: &[Vec<u8>], crls: &[Vec<u8>]) -> Result<StampView> {
        self.must_write()?;
        let parsed = Reply::parse(reply).map_err(stamp_fault)?;
        let mut extra = Vec::new();
        for file in chain {
            extra.extend(Certificate::read_file(file).map_err(stamp_fault)?);
        }
        let lists = crls.iter().map(|c| Crl::read_file(c)).collect::<Result<Vec<_>, _>>().map_err(stamp_fault)?;
        let (row, request) = self.answered(&parsed).await?;
        let trust = Trust { extra: &extra, crls: &lists, ..Trust::default() };
        let (state, told) = judge(parsed.token(), row.checkpoint.as_bytes(), Some(&request), &trust);
        if state != State::Stamped {
            return Err(told.err().map_or(CaseError::Inconsistent { what: "a time stamp" }, stamp_fault));
        }
        let stamp = StampRow {
            id: *Hash::of(reply).as_bytes(),
            kind: StampKind::Rfc3161,
            size: row.size,
            checkpoint: row.checkpoint,
            request: Some(row.id),
            reply: STANDARD.encode(reply),
            chain: extra.iter().map(Certificate::pem).collect(),
            crls: crls.iter().map(|c| STANDARD.encode(c)).collect::<Vec<_>>().join("\n"),
            header: None,
            at: self.clock.now(),
        };
        self.keep_stamp(stamp).await
    }

    /// Takes in an OpenTimestamps proof over a checkpoint file of this case, with the header of the block that it leads to.
    /// The header is believed: that it stands in the public chain, somebody must look up elsewhere. Errors: those of the proof
    /// (`ots-…`), `ForeignCheckpoint` where it is of no checkpoint of this case.
    pub async fn ots_add(&self, proof: &[u8], header: &[u8; 80]) -> Result<StampView> {
        self.must_write()?;
        let parsed = ots::Proof::parse(proof).map_err(LedgerError::from)?;
        let mut found = None;
        for row in self.store.checkpoints().await? {
            let files = [row.note.clone(), self.cosigned_note(&CheckpointRef::Size(row.size)).await?];
            found = found.or(files.into_iter().find(|f| parsed.covers(f.as_bytes()).is_ok()).map(|f| (row.size, f)));
        }
        let asked = self.store.stamp_requests().await?;
        let asked = asked.into_iter().find(|r| parsed.covers(r.checkpoint.as_bytes()).is_ok());
        let (size, checkpoint) = found.or(asked.map(|r| (r.size, r.checkpoint))).ok_or(CaseError::NoSuchRequest)?;
        parsed.verify(checkpoint.as_bytes(), header).map_err(LedgerError::from)?;
        let stamp = StampRow {
            id: *Hash::of(proof).as_bytes(),
            kind: StampKind::OpenTimestamps,
            size,
            checkpoint,
            request: None,
            reply: STANDARD.encode(proof),
            chain: String::new(),
            crls: String::new(),
            header: Some(zapys_domain::text::hex(header)),
            at: self.clock.now(),
        };
        self.keep_stamp(stamp).await
    }

    async fn keep_stamp(&self, stamp: StampRow) -> Result<StampView> {
        let known = self.store.stamps(u64::MAX).await?.into_iter().find(|s| s.id == stamp.id);
        if known.is_none() {
            let mut tx = self.store.begin().await?;
            tx.add_stamp(&stamp).await?;
            crate::custody::keep_outside(&mut tx).await?;
            tx.commit().await?;
        }
        let files = self.files(known.unwrap_or(stamp)).await?;
        Ok(view(&files, &[], None))
    }

    /// The request of this case that a reply answers. Errors: what came nearest.
    async fn answered(&self, reply: &Reply) -> Result<(StampRequestRow, Request)> {
        let mut nearest = None;
        for row in self.store.stamp_requests().await? {
            let request = Request::parse(&bytes(&row.request)?).map_err(stamp_fault)?;
            match reply.token().answers(&request) {
                Ok(()) => return Ok((row, request)),
                // The same nonce means this request; the same data may have been asked about several times.
                Err(e) if reply.token().nonce() == Some(request.nonce()) => nearest = Some(e),
                Err(e @ StampError::Nonce) => nearest = nearest.or(Some(e)),
                Err(_) => {}
            }
        }
        Err(nearest.map_or(CaseError::NoSuchRequest, stamp_fault))
    }

    async fn files(&self, row: StampRow) -> Result<StampFiles> {
        let request = match row.request {
            Some(id) => {
                let all = self.store.stamp_requests().await?;
                let request = all.into_iter().find(|r| r.id == id).ok_or(CaseError::Inconsistent { what: "a time stamp" })?;
                Some(bytes(&request.request)?)
            }
            None => None,
        };
        let header = row.header.as_deref().map(|h| ots::header_from_hex(h).map(|h| h.to_vec()));
        Ok(StampFiles {
            id: Hash::from_bytes(row.id),
            kind: row.kind,
            size: row.size,
            checkpoint: row.checkpoint.into_bytes(),
            request,
            reply: bytes(&row.reply)?,
            chain: row.chain,
            crls: row.crls.lines().map(bytes).collect::<Result<_>>()?,
            header: header.transpose().map_err(LedgerError::from)?,
            taken: row.at,
        })
    }

    /// The time stamps of checkpoints over at most `upto` entries, those of smaller ones first, every file as it came.
    pub async fn stamps(&self, upto: u64) -> Result<Vec<StampFiles>> {
        let mut all = Vec::new();
        for row in self.store.stamps(upto.saturating_add(1)).await? {
            all.push(self.files(row).await?);
        }
        Ok(all)
    }

    /// What every time stamp is worth to somebody who trusts `roots` (files of certificates); without roots none is
    /// `verified`. `today`: the certificates must be valid now; else, when it was stamped.
    pub async fn stamp_states(&self, roots: &[Vec<u8>], today: bool) -> Result<Vec<StampView>> {
        let at = today.then(|| self.clock.now());
        let mut trusted = Vec::new();
        for file in roots {
            trusted.extend(Certificate::read_file(file).map_err(stamp_fault)?);
        }
        Ok(self.stamps(u64::MAX - 1).await?.iter().map(|s| view(s, &trusted, at)).collect())
    }

    /// Writes every time stamp into the new folder `dir`, with the commands that check it without us. Answers how many.
    pub async fn export_stamps(&self, dir: &Path) -> Result<u64> {
        std::fs::create_dir(dir).map_err(CaseError::path(dir))?;
        let all = self.stamps(u64::MAX - 1).await?;
        let mut text = String::from(HOW);
        for (n, stamp) in all.iter().enumerate() {
            let name = folder_name(n);
            for (file, bytes) in stamp_folder(stamp)? {
                put(dir, &format!("{name}/{file}"), &bytes)?;
            }
            let _ = write!(text, "\n{}", command(&name, stamp));
        }
        put(dir, "README.txt", text.as_bytes())?;
        Ok(all.len() as u64)
    }
}

/// Reads the header of a block from 160 hexadecimal digits. Errors: those of proofs.
pub fn block_header(text: &str) -> Result<[u8; 80]> {
    Ok(ots::header_from_hex(text).map_err(LedgerError::from)?)
}

const HOW: &str = "Time stamps over checkpoints of the ledger, as they came.\n\n\
CA.pem stands for the root certificates of the authority, which you get from the authority itself, never from here.\n\
-attime asks whether the stamp was good when it was made: after its certificate has expired, a check without it fails.\n";

/// `001`, `002` …
pub(crate) fn folder_name(n: usize) -> String {
    format!("{:03}", n + 1)
}

/// The files of one stamp by their names.
pub(crate) fn stamp_folder(stamp: &StampFiles) -> Result<Vec<(String, Vec<u8>)>> {
    let mut files = vec![("checkpoint".to_owned(), stamp.checkpoint.clone())];
    match stamp.kind {
        StampKind::Rfc3161 => {
            files.extend(stamp.request.clone().map(|r| ("request.tsq".into(), r)));
            files.push(("reply.tsr".into(), stamp.reply.clone()));
            files.push(("chain.pem".into(), all_certificates(stamp)?.into_bytes()));
            files.extend(stamp.crls.iter().enumerate().map(|(i, crl)| (format!("crl-{}", i + 1), crl.clone())));
        }
        StampKind::OpenTimestamps => {
            files.push(("checkpoint.ots".into(), stamp.reply.clone()));
            let header = zapys_domain::text::hex(stamp.header.as_deref().unwrap_or_default());
            files.push(("block-header".into(), format!("{header}\n").into_bytes()));
        }
    }
    Ok(files)
}

/// Certificates in the token and beside it, each once.
fn all_certificates(stamp: &StampFiles) -> Result<String> {
    let reply = Reply::parse(&stamp.reply).map_err(stamp_fault)?;
    let beside =
        if stamp.chain.is_empty() { Vec::new() } else { Certificate::read_file(stamp.chain.as_bytes()).map_err(stamp_fault)? };
    let mut all: Vec<&Certificate> = Vec::new();
    for certificate in reply.token().certificates().iter().chain(&beside) {
        if !all.contains(&certificate) {
            all.push(certificate);
        }
    }
    Ok(all.into_iter().map(Certificate::pem).collect())
}

/// The command that checks a stamp in the folder `name`, for people.
fn command(name: &str, stamp: &StampFiles) -> String {
    match stamp.kind {
        StampKind::Rfc3161 => {
            let time = Reply::parse(&stamp.reply).map(|r| r.token().time());
            let (told, seconds) = time.map(|t| (t.to_string(), t.micros().div_euclid(1_000_000))).unwrap_or_default();
            format!(
                "{name}: {} entries, stamped {told}\n  openssl ts -verify -data {name}/checkpoint -in {name}/reply.tsr \
                 -CAfile CA.pem -untrusted {name}/chain.pem -attime {seconds}\n",
                stamp.size
            )
        }
        StampKind::OpenTimestamps => format!(
            "{name}: {} entries, OpenTimestamps\n  ots info {name}/checkpoint.ots\n  otskit verify {name}/checkpoint.ots --file \
             {name}/checkpoint --header $(cat {name}/block-header)\n",
            stamp.size
        ),
    }
}

pub(crate) fn put(dir: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = dir.join(name);
    let parent = path.parent().unwrap_or(dir);
    std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes)).map_err(CaseError::path(&path))
}

fn view(stamp: &StampFiles, roots: &[Certificate], at: Option<Instant>) -> StampView {
    let mut view = StampView {
        stamp: stamp.id.hex(),
        kind: stamp.kind.word(),
        size: stamp.size,
        state: State::Failed.word(),
        code: None,
        reason: None,
        time: None,
        authority: None,
        root: None,
        serial: None,
        policy: None,
        until: None,
        taken: stamp.taken.to_string(),
    };
    let failed = |mut view: StampView, e: LedgerError| {
        view.code = Some(zapys_domain::Fault::code(&e));
        view.reason = Some(e.to_string());
        view
    };
    if stamp.kind == StampKind::OpenTimestamps {
        let header = stamp.header.as_deref().and_then(|h| <&[u8; 80]>::try_from(h).ok()).unwrap_or(&[0; 80]);
        let found = ots::Proof::parse(&stamp.reply).and_then(|p| p.verify(&stamp.checkpoint, header));
        return match found {
            // The header is only believed, so this is never `verified`.
            Ok(block) => StampView {
                state: State::Stamped.word(),
                time: Some(block.time.to_string()),
                authority: Some(format!("Bitcoin block {}", block.height)),
                ..view
            },
            Err(e) => failed(view, e.into()),
        };
    }
    let read = || -> Result<_, StampError> {
        let reply = Reply::parse(&stamp.reply)?;
        let request = stamp.request.as_deref().map(Request::parse).transpose()?;
        let extra = if stamp.chain.is_empty() { Vec::new() } else { Certificate::read_file(stamp.chain.as_bytes())? };
        let crls = stamp.crls.iter().map(|c| Crl::read_file(c)).collect::<Result<Vec<_>, _>>()?;
        Ok((reply, request, extra, crls))
    };
    let (reply, request, extra, crls) = match read() {
        Ok(all) => all,
        Err(e) => return failed(view, e.into()),
    };
    view.time = Some(reply.token().time().to_string());
    view.serial = Some(reply.token().serial());
    view.policy = Some(reply.token().policy().to_owned());
    let trust = Trust { roots, extra: &extra, crls: &crls, at };
    let (state, told) = judge(reply.token(), &stamp.checkpoint, request.as_ref(), &trust);
    view.state = state.word();
    match told {
        Ok(s) => StampView { authority: Some(s.authority), root: s.root, until: Some(s.until.to_string()), ..view },
        Err(e) => failed(view, e.into()),
    }
}
