//! Handing over: a selection of items becomes a sealed production that strangers check without us.

mod gather;
mod head;

use crate::Result;
use crate::custody::Act;
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{ProductionView, RefusalView};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use zapys_domain::{Action, Actor, ItemId, ObjectId, Progress};
use zapys_dossier::{Format, Objects, WriteError};
use zapys_vault::{Kept, Vault};

/// How a production is packed.
pub type ProductionFormat = Format;

/// What is to be handed over.
#[derive(Clone, Debug)]
pub struct ProduceRequest {
    /// Where it goes; must not exist.
    pub out: PathBuf,
    /// Which items; empty for all.
    pub items: Vec<ItemId>,
    /// How it is packed.
    pub format: ProductionFormat,
    /// Refuse unless every date was said or chosen to be unknown (R1.12); otherwise that is a listed limitation.
    pub strict: bool,
    /// Number of entries under the signed checkpoint to show; `None` for the first that covers everything about the evidence.
    pub at: Option<u64>,
}

/// Objects of the vault, and where each rests.
struct FromVault(Arc<Vault>, HashMap<ObjectId, Kept>);
impl Objects for FromVault {
    fn open(&self, object: &ObjectId) -> std::io::Result<Box<dyn Read + '_>> {
        let other = |e: zapys_vault::VaultError| std::io::Error::other(e.to_string());
        let kept = self.1.get(object).ok_or(std::io::ErrorKind::NotFound)?;
        Ok(self.0.read(kept, 0..u64::MAX).map_err(other)?)
    }
}

impl Casework {
    /// Makes a production. A gate that is not passed refuses it as a whole: the view then lists why, and nothing is written.
    pub async fn produce(&self, actor: &Actor, request: &ProduceRequest) -> Result<ProductionView> {
        let path = request.out.display().to_string();
        let all = self.all_items().await?;
        let chosen: BTreeSet<ItemId> =
            if request.items.is_empty() { all.iter().copied().collect() } else { request.items.iter().copied().collect() };
        let nothing =
            |refused| ProductionView { production: None, path: path.clone(), exhibits: 0, manifest_sha256: None, refused };
        if chosen.is_empty() {
            return Ok(nothing(vec![RefusalView {
                gate: "something-to-show".into(),
                subject: "selection".into(),
                reason: "no item was selected".into(),
            }]));
        }
        let asked: Vec<ItemId> = chosen.iter().copied().collect();
        let mut refused = self.consent_refusals(&asked).await?;
        if request.strict {
            refused.extend(self.date_refusals(&asked).await?);
        }
        if !refused.is_empty() {
            return Ok(nothing(refused));
        }
        let Some(head) = self.head_to_show(request.at).await? else {
            return Ok(nothing(vec![RefusalView {
                gate: "checkpoint".into(),
                subject: "checkpoint".into(),
                reason: "entries that concern the evidence were added after this checkpoint; take a later one".into(),
            }]));
        };
        let extract = self.extract(actor, &chosen, request.items.is_empty(), all.len(), head).await?;
        let production = extract.production;
        let exhibits: Vec<(ItemId, ObjectId)> = extract.exhibits.iter().map(|e| (e.item, e.object)).collect();
        let objects =
            extract.exhibits.iter().flat_map(|e| std::iter::once(e.object).chain(e.derivatives.iter().map(|d| d.object)));
        let kept = self.kept_all(objects).await?.into_iter().map(|k| (k.object, k)).collect();
        let from = FromVault(self.vault.clone(), kept);
        let (out, format, key) = (request.out.clone(), request.format, self.signer().await?);
        let written = tokio::task::spawn_blocking(move || {
            zapys_dossier::prepare(&extract, &from, &out, format, Some(&key), &Progress::hidden())
        })
        .await
        .map_err(|_| CaseError::Lost)?;
        let prepared = match written {
            Ok(prepared) => prepared,
            Err(WriteError::Refused(refused)) => {
                return Ok(nothing(
                    refused.into_iter().map(|r| RefusalView { gate: r.gate, subject: r.subject, reason: r.reason }).collect(),
                ));
            }
            Err(e) => return Err(e.into()),
        };
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        for (item, _) in &exhibits {
            let act = Act::item(actor, Action::Exported, *item).purpose("handover").code("production", &production.to_string());
            ledger.seal(self, &mut tx, act).await?;
        }
        let act = Act::case(self, actor, Action::Exported)
            .purpose("handover")
            .code("production", &production.to_string())
            .count("exhibits", prepared.written().exhibits as u64)
            .digest("manifest_sha256", *prepared.written().manifest_sha256.as_bytes());
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        // Only now: whatever cuts this off, no production is ever there that the ledger does not know.
        let written = tokio::task::spawn_blocking(|| prepared.place()).await.map_err(|_| CaseError::Lost)??;
        Ok(ProductionView {
            production: Some(production.to_string()),
            path,
            exhibits: written.exhibits as u64,
            manifest_sha256: Some(written.manifest_sha256.hex()),
            refused: Vec::new(),
        })
    }
}
