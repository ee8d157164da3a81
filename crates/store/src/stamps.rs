//! What surrounds the ledger, as rows: inner nodes of its tree, signatures by others, time stamps, later keys.

use crate::error::StoreError;
use crate::filter::Insert;
use crate::rows::{Row, hex};
use crate::run::{Arg, Run, args, reads, statements};
use crate::tx::Tx;
use std::ops::Range;
use zapys_domain::{EntrySeq, Instant};

/// Levels of the tree that are kept are multiples of this: nodes of 16, 256, 4096 … entries.
pub const NODE_STRIDE: u32 = 4;

/// The root of a complete subtree of `2^level` entries that begins at entry `index · 2^level`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct NodeRow {
    pub level: u32,
    pub index: u64,
    pub hash: [u8; 32],
}

/// A signature by somebody else on one of our checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignatureRow {
    /// Entries the checkpoint covers.
    pub size: u64,
    /// Name of the key, as in the signature line.
    pub name: String,
    /// Id of the key.
    pub key_id: u32,
    /// Base64 of the signature, without the key id.
    pub signature: String,
    /// The key it was checked under; `None` where none was given for it.
    pub vkey: Option<String>,
    /// When it was taken in.
    pub at: Instant,
}

/// A request that was written for an authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampRequestRow {
    /// SHA-256 of the request.
    pub id: [u8; 32],
    /// Entries the checkpoint covers.
    pub size: u64,
    /// The checkpoint file that was digested, verbatim.
    pub checkpoint: String,
    /// Base64 of the DER request.
    pub request: String,
    /// When it was written.
    pub at: Instant,
}

/// What kind of time stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StampKind {
    /// A token of an authority.
    Rfc3161,
    /// A proof that ends in a block of a public chain.
    OpenTimestamps,
}
impl StampKind {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rfc3161 => "rfc3161",
            Self::OpenTimestamps => "opentimestamps",
        }
    }
    fn parse(text: &str) -> Option<Self> {
        [Self::Rfc3161, Self::OpenTimestamps].into_iter().find(|k| k.word() == text)
    }
}

/// A time stamp that was brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampRow {
    /// SHA-256 of the reply.
    pub id: [u8; 32],
    /// Sort.
    pub kind: StampKind,
    /// Entries the checkpoint covers.
    pub size: u64,
    /// The checkpoint file that was stamped, verbatim.
    pub checkpoint: String,
    /// The request it answers.
    pub request: Option<[u8; 32]>,
    /// Base64 of the reply as it came: `.tsr` or `.ots`.
    pub reply: String,
    /// Certificates that came beside it, PEM.
    pub chain: String,
    /// Base64 of lists of revoked certificates that came beside it, as they came, one a line.
    pub crls: String,
    /// Hexadecimal of the 80 bytes of the block header.
    pub header: Option<String>,
    /// When it was taken in.
    pub at: Instant,
}

/// A key that signs the ledger after the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerKeyRow {
    /// The entry that names it.
    pub entry: EntrySeq,
    /// The key.
    pub vkey: String,
    /// `rotated`, `lost` or `compromised`.
    pub reason: String,
    /// Since when.
    pub at: Instant,
}

statements! {
    NODES = "SELECT level, idx, hash FROM tree_nodes WHERE level = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";
    N_NODES = "SELECT COUNT(*) AS n FROM tree_nodes";
    FORGET_NODES = "DELETE FROM tree_nodes";
    COSIGN = "INSERT INTO cosignatures (size, name, key_id, signature, vkey, at) VALUES ($1, $2, $3, $4, $5, $6)";
    COSIGNATURES = "SELECT size, name, key_id, signature, vkey, at FROM cosignatures \
        WHERE size >= $1 AND size < $2 ORDER BY size, at, name, key_id";
    ADD_REQUEST = "INSERT INTO stamp_requests (id, size, checkpoint, request, at) VALUES ($1, $2, $3, $4, $5)";
    REQUESTS = "SELECT id, size, checkpoint, request, at FROM stamp_requests ORDER BY at, id";
    ADD_STAMP = "INSERT INTO stamps (id, kind, size, checkpoint, request, reply, chain, crls, header, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    STAMPS = "SELECT id, kind, size, checkpoint, request, reply, chain, crls, header, at FROM stamps \
        WHERE size < $1 ORDER BY size, at, id";
    ADD_KEY = "INSERT INTO ledger_keys (entry_seq, vkey, reason, at) VALUES ($1, $2, $3, $4)";
    KEYS = "SELECT entry_seq, vkey, reason, at FROM ledger_keys ORDER BY entry_seq";
}

const ADD_NODES: Insert =
    Insert { head: "INSERT INTO tree_nodes (level, idx, hash)", columns: 3, tail: " ON CONFLICT (level, idx) DO NOTHING" };

reads! {
    /// Kept nodes of one level and a range of indexes, in order and without gaps; `level` is a multiple of [`NODE_STRIDE`].
    /// Errors: `Inconsistent` where one is missing.
    fn nodes(level: u32, range: Range<u64>) -> Vec<[u8; 32]>;
    /// How many nodes are kept.
    fn nodes_kept() -> u64;
    /// Signatures by others on checkpoints whose size is in the range.
    fn cosignatures(sizes: Range<u64>) -> Vec<CosignatureRow>;
    /// Every request for a time stamp, oldest first.
    fn stamp_requests() -> Vec<StampRequestRow>;
    /// Time stamps of checkpoints over fewer than `below` entries, those of smaller ones first.
    fn stamps(below: u64) -> Vec<StampRow>;
    /// Keys after the first, oldest first.
    fn ledger_keys() -> Vec<LedgerKeyRow>;
}

impl Run<'_> {
    async fn nodes(&mut self, level: u32, range: Range<u64>) -> Result<Vec<[u8; 32]>, StoreError> {
        let rows = self.all(NODES, &args![u64::from(level), range.start, range.end]).await?;
        let missing = |idx: u64| StoreError::Inconsistent { table: "tree_nodes", column: "idx", id: idx.to_string() };
        let mut next = range.start;
        let mut out = Vec::with_capacity(rows.len());
        for row in &rows {
            let row = row.of("tree_nodes", "idx");
            if row.count::<u64>("idx")? != next {
                return Err(missing(next));
            }
            out.push(row.hash("hash")?);
            next += 1;
        }
        if next < range.end { Err(missing(next)) } else { Ok(out) }
    }
    async fn nodes_kept(&mut self) -> Result<u64, StoreError> {
        self.one(N_NODES, &[]).await?.n()
    }
    async fn cosignatures(&mut self, sizes: Range<u64>) -> Result<Vec<CosignatureRow>, StoreError> {
        self.all(COSIGNATURES, &args![sizes.start, sizes.end]).await?.iter().map(cosignature).collect()
    }
    async fn stamp_requests(&mut self) -> Result<Vec<StampRequestRow>, StoreError> {
        self.all(REQUESTS, &[]).await?.iter().map(request).collect()
    }
    async fn stamps(&mut self, below: u64) -> Result<Vec<StampRow>, StoreError> {
        self.all(STAMPS, &args![below]).await?.iter().map(stamp).collect()
    }
    async fn ledger_keys(&mut self) -> Result<Vec<LedgerKeyRow>, StoreError> {
        self.all(KEYS, &[]).await?.iter().map(key).collect()
    }
}

impl Tx {
    /// Keeps nodes of the tree; those that are there already stay. They follow from the entries, so they need none.
    pub async fn add_nodes(&mut self, nodes: &[NodeRow]) -> Result<(), StoreError> {
        for part in nodes.chunks(500) {
            let values: Vec<Arg<'_>> = part.iter().flat_map(|n| args![u64::from(n.level), n.index, hex(&n.hash)]).collect();
            self.run().insert(&ADD_NODES, &values).await?;
        }
        Ok(())
    }
    /// Drops all nodes, before they are made again.
    pub async fn forget_nodes(&mut self) -> Result<(), StoreError> {
        self.run().exec(FORGET_NODES, &[]).await.map(drop)
    }
    /// Keeps a signature by somebody else. Errors: `Refused` where it is kept already, or where there is no
    /// checkpoint of this size.
    pub async fn add_cosignature(&mut self, row: &CosignatureRow) -> Result<(), StoreError> {
        let (id, vkey) = (u64::from(row.key_id), row.vkey.as_deref());
        let args = args![row.size, row.name.as_str(), id, row.signature.as_str(), vkey, row.at];
        self.run().exec(COSIGN, &args).await.map(drop)
    }
    /// Keeps a request before it is handed out.
    pub async fn add_stamp_request(&mut self, row: &StampRequestRow) -> Result<(), StoreError> {
        let args = args![hex(&row.id), row.size, row.checkpoint.as_str(), row.request.as_str(), row.at];
        self.run().exec(ADD_REQUEST, &args).await.map(drop)
    }
    /// Keeps a time stamp. Errors: `Refused` where it is kept already.
    pub async fn add_stamp(&mut self, row: &StampRow) -> Result<(), StoreError> {
        let args = args![
            hex(&row.id),
            row.kind.word(),
            row.size,
            row.checkpoint.as_str(),
            row.request.map(|r| hex(&r)),
            row.reply.as_str(),
            row.chain.as_str(),
            row.crls.as_str(),
            row.header.as_deref(),
            row.at,
        ];
        self.run().exec(ADD_STAMP, &args).await.map(drop)
    }
    /// Keeps the key that follows. Needs an entry, which names it.
    pub async fn add_ledger_key(&mut self, row: &LedgerKeyRow) -> Result<(), StoreError> {
        self.record().exec(ADD_KEY, &args![row.entry, row.vkey.as_str(), row.reason.as_str(), row.at]).await.map(drop)
    }
}

fn cosignature(row: &Row) -> Result<CosignatureRow, StoreError> {
    let r = row.of("cosignatures", "size");
    Ok(CosignatureRow {
        size: r.count("size")?,
        name: r.text("name")?,
        key_id: r.count("key_id")?,
        signature: r.text("signature")?,
        vkey: r.opt_text("vkey")?,
        at: r.at("at")?,
    })
}

fn request(row: &Row) -> Result<StampRequestRow, StoreError> {
    let r = row.of("stamp_requests", "id");
    Ok(StampRequestRow {
        id: r.hash("id")?,
        size: r.count("size")?,
        checkpoint: r.text("checkpoint")?,
        request: r.text("request")?,
        at: r.at("at")?,
    })
}

fn stamp(row: &Row) -> Result<StampRow, StoreError> {
    let r = row.of("stamps", "id");
    Ok(StampRow {
        id: r.hash("id")?,
        kind: r.read("kind", StampKind::parse)?,
        size: r.count("size")?,
        checkpoint: r.text("checkpoint")?,
        request: r.opt_text("request")?.map(|_| r.hash("request")).transpose()?,
        reply: r.text("reply")?,
        chain: r.text("chain")?,
        crls: r.text("crls")?,
        header: r.opt_text("header")?,
        at: r.at("at")?,
    })
}

fn key(row: &Row) -> Result<LedgerKeyRow, StoreError> {
    let r = row.of("ledger_keys", "entry_seq");
    Ok(LedgerKeyRow { entry: r.entry("entry_seq")?, vkey: r.text("vkey")?, reason: r.text("reason")?, at: r.at("at")? })
}
