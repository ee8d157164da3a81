//! The ledger's key over time: one key follows another, and nothing that was signed loses its worth.
//!
//! The order is such that no moment loses a key: the new one is written beside the old, then event, last checkpoint of the
//! old key and row are committed together, then the new one takes its place. Whoever was cut off in between finds the new
//! key beside the old, and the event that names it.

use crate::Result;
use crate::custody::Act;
use crate::error::CaseError;
use crate::open::Casework;
use serde::Serialize;
use zapys_domain::{Action, Actor};
use zapys_ledger::history::{LAST_CHECKPOINT, LAST_SIZE, PUBLIC_KEY};
use zapys_ledger::{Checkpoint, Hash, KeyHistory, LedgerError, Signer, SigningKey, VerifierKey};
use zapys_store::{CheckpointRow, LedgerKeyRow};

/// The new key, until the record names it.
const STAGED: &str = "ledger.key.next";
/// The key that signs.
pub(crate) const KEY: &str = "ledger.key";

/// Why a key is replaced by one that it does not vouch for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum KeyLoss {
    Lost,
    Compromised,
}
impl KeyLoss {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Compromised => "compromised",
        }
    }
}

/// One key of the ledger.
#[derive(Clone, Debug, Serialize)]
pub struct KeyView {
    /// The key.
    pub vkey: String,
    /// The entry that names it; `None` for the first.
    pub seq: Option<u64>,
    /// Since when; `None` for the first.
    pub since: Option<String>,
    /// `first`, `rotated`, `lost` or `compromised`.
    pub reason: String,
    /// True where the key before it signed for it. The others must be handed over anew.
    pub vouched: bool,
}

impl Casework {
    /// Every key the ledger was signed with, by what its events say.
    pub async fn key_history(&self) -> Result<KeyHistory> {
        let first: VerifierKey = self.card().ledger_vkey.parse().map_err(|_| CaseError::Key("it cannot be read".into()))?;
        let mut history = KeyHistory::new(first);
        for row in self.store.ledger_keys().await? {
            let entry = self.store.entry(row.entry).await?.ok_or(CaseError::Inconsistent { what: "a key of the ledger" })?;
            let event = zapys_ledger::Event::parse(entry.canonical.as_bytes()).map_err(LedgerError::from)?;
            history.observe(&event).map_err(LedgerError::from)?;
            if history.current().to_string() != row.vkey {
                return Err(CaseError::Inconsistent { what: "a key of the ledger" });
            }
        }
        Ok(history)
    }

    /// The same for people.
    pub async fn keys(&self) -> Result<Vec<KeyView>> {
        let (history, rows) = (self.key_history().await?, self.store.ledger_keys().await?);
        let first = KeyView { vkey: history.first().to_string(), seq: None, since: None, reason: "first".into(), vouched: false };
        let later = history.later().iter().zip(rows).map(|(s, row)| KeyView {
            vkey: s.key.to_string(),
            seq: Some(s.seq),
            since: Some(row.at.to_string()),
            reason: row.reason,
            vouched: s.vouched,
        });
        Ok(std::iter::once(first).chain(later).collect())
    }

    /// The key that signs the ledger now.
    pub async fn vkey(&self) -> Result<VerifierKey> {
        Ok(self.key_history().await?.current().clone())
    }

    /// The signing key that the record names. Errors: `Key` where the one at hand is another.
    pub(crate) async fn signer(&self) -> Result<SigningKey> {
        let current = self.vkey().await?;
        match self.read_key(KEY) {
            Ok(key) if *key.key() == current => Ok(key),
            found => match self.read_key(STAGED) {
                // The record names it already, so the change went through and was cut off before this.
                Ok(next) if *next.key() == current => {
                    self.replace_signing_key(&next)?;
                    Ok(next)
                }
                _ => Err(found.err().unwrap_or_else(|| CaseError::Key("it is another key than the one the ledger names".into()))),
            },
        }
    }

    /// Goes on under a new key that the old one names. `reason`: why, kept as a commitment. Answers the new key.
    pub async fn rotate_key(&self, actor: &Actor, reason: &str) -> Result<KeyView> {
        self.must_write()?;
        let old = self.signer().await?;
        let new = self.stage_new_key(old.key().name())?;
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = Act::case(self, actor, Action::KeyRotated)
            .purpose("key-rotation")
            .digest(PUBLIC_KEY, *new.key().public())
            .commit("reason", reason.into())?;
        let entry = ledger.seal(self, &mut tx, act).await?;
        let checkpoint = Checkpoint { origin: old.key().name().to_owned(), size: ledger.size(), root: ledger.root() };
        let rotated = ledger.last_time();
        ledger.close(&mut tx).await?;
        // The last word of the old key is the checkpoint over the event that names the new one.
        let note = checkpoint.sign(&[&old]).map_err(LedgerError::from)?.to_string();
        let at = rotated;
        let signed = CheckpointRow { size: checkpoint.size, root: *checkpoint.root.as_bytes(), note, at };
        tx.add_checkpoint(&signed).await?;
        crate::custody::keep_newest(&mut tx, checkpoint.size, crate::witness::checkpoint(&signed), false).await?;
        let row = LedgerKeyRow { entry, vkey: new.key().to_string(), reason: "rotated".into(), at };
        tx.add_ledger_key(&row).await?;
        tx.commit().await?;
        self.replace_signing_key(&new)?;
        Ok(shown(row, true))
    }

    /// Goes on under a new key that nobody vouches for, because the old one is lost or known to others. The event commits to
    /// the last checkpoint. Answers the new key, which must be handed over anew. Errors: `KeyThere` where the key is not lost
    /// and nobody says that it is known to others.
    pub async fn recover_key(&self, actor: &Actor, reason: &str, loss: KeyLoss) -> Result<KeyView> {
        self.must_write()?;
        if loss == KeyLoss::Lost && self.signer().await.is_ok() {
            return Err(CaseError::KeyThere);
        }
        let old = self.vkey().await?;
        let new = self.stage_new_key(old.name())?;
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let mut act = Act::case(self, actor, Action::KeyReplaced)
            .purpose("key-recovery")
            .digest(PUBLIC_KEY, *new.key().public())
            .code("loss", loss.word())
            .commit("reason", reason.into())?;
        if let Some(last) = tx.checkpoint_latest().await? {
            act = act.digest(LAST_CHECKPOINT, *Hash::of(last.note.as_bytes()).as_bytes()).count(LAST_SIZE, last.size);
        }
        let entry = ledger.seal(self, &mut tx, act).await?;
        let at = ledger.last_time();
        ledger.close(&mut tx).await?;
        let row = LedgerKeyRow { entry, vkey: new.key().to_string(), reason: loss.word().into(), at };
        tx.add_ledger_key(&row).await?;
        tx.commit().await?;
        self.replace_signing_key(&new)?;
        Ok(shown(row, false))
    }

    /// A new key, kept beside the old one before the record names it.
    fn stage_new_key(&self, name: &str) -> Result<SigningKey> {
        let mut seed = zeroize::Zeroizing::new([0u8; 32]);
        getrandom::fill(seed.as_mut()).expect("the operating system gives random bytes; without them no key is safe");
        let key = SigningKey::from_seed(name, &seed).map_err(|e| CaseError::Key(e.to_string()))?;
        self.write_key(STAGED, &key)?;
        Ok(key)
    }

    /// Puts a key that the record names in the place of the one before it.
    fn replace_signing_key(&self, key: &SigningKey) -> Result<()> {
        self.write_key(KEY, key)?;
        let staged = self.dir.join(STAGED);
        std::fs::remove_file(&staged).map_err(CaseError::path(staged))
    }
}

fn shown(row: LedgerKeyRow, vouched: bool) -> KeyView {
    KeyView { vkey: row.vkey, seq: Some(row.entry.0), since: Some(row.at.to_string()), reason: row.reason, vouched }
}
