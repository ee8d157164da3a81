//! Handing over: a selection of items becomes a sealed production that strangers check without us.

use crate::Result;
use crate::custody::{Act, checkpoint_size};
use crate::error::CaseError;
use crate::open::Casework;
use crate::show::title;
use crate::view::{ProductionView, RefusalView};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use zapys_domain::derivation::Repeatability;
use zapys_domain::edtf::Edtf;
use zapys_domain::{Action, Actor, ItemId, ObjectId, Private, ProductionId, Progress};
use zapys_dossier::extract::{
    Acquisition, CustodyEntry, Dated, Derivative, Exhibit, Extract, LedgerPart, LeftOut, Parent, Status,
};
use zapys_dossier::{Format, Objects, WriteError};
use zapys_ledger::{Opening, Salt, tree};
use zapys_store::{DerivationState, ItemRow, ItemStatus};
use zapys_vault::Vault;

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
}

struct FromVault(Arc<Vault>);
impl Objects for FromVault {
    fn open(&self, object: &ObjectId) -> std::io::Result<Box<dyn Read + '_>> {
        let other = |e: zapys_vault::VaultError| std::io::Error::other(e.to_string());
        let size = self.0.size(object).map_err(other)?.ok_or(std::io::ErrorKind::NotFound)?;
        Ok(self.0.read(object, 0..size).map_err(other)?)
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
        let production = ProductionId::new(self.ids.ulid(self.clock.now()));
        let extract = self.extract(actor, production, &chosen, request.items.is_empty(), all.len()).await?;
        let exhibits: Vec<(ItemId, ObjectId)> = extract.exhibits.iter().map(|e| (e.item, e.object)).collect();
        let (vault, out, format, key) = (self.vault.clone(), request.out.clone(), request.format, self.signing_key()?);
        let written = tokio::task::spawn_blocking(move || {
            zapys_dossier::write(&extract, &FromVault(vault), &out, format, Some(&key), &Progress::hidden())
        })
        .await
        .map_err(|_| CaseError::Lost)?;
        let written = match written {
            Ok(written) => written,
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
            .count("exhibits", written.exhibits as u64)
            .digest("manifest_sha256", *written.manifest_sha256.as_bytes());
        ledger.seal(self, &mut tx, act).await?;
        ledger.close(&mut tx).await?;
        tx.commit().await?;
        Ok(ProductionView {
            production: Some(production.to_string()),
            path,
            exhibits: written.exhibits as u64,
            manifest_sha256: Some(written.manifest_sha256.hex()),
            refused: Vec::new(),
        })
    }

    async fn extract(
        &self,
        actor: &Actor,
        production: ProductionId,
        chosen: &BTreeSet<ItemId>,
        whole: bool,
        n_all: usize,
    ) -> Result<Extract> {
        let checkpoint = self.checkpoint().await?;
        let size = checkpoint_size(&checkpoint)?;
        let tree = self.tree().await?;
        let mut exhibits = Vec::new();
        let mut left_out = Vec::new();
        for id in chosen {
            let row = self.row(*id).await?;
            for child in self.store.children(*id).await? {
                if !chosen.contains(&child.id) {
                    left_out.push(LeftOut {
                        item: Some(child.id),
                        what: child.kind.word().into(),
                        reason: "It was not selected; it is part of an item that was.".into(),
                    });
                }
            }
            exhibits.push(self.exhibit(&row, &tree, size, chosen).await?);
        }
        let selection =
            if whole { "All items of the case".to_owned() } else { format!("{} of {n_all} items, chosen by hand", chosen.len()) };
        let mut limitations = Vec::new();
        if !whole {
            limitations.push(format!(
                "The selection holds {} of the {n_all} items of the case; what was not selected is not described here.",
                chosen.len()
            ));
        }
        let vkey = self.card().ledger_vkey.parse().map_err(|_| CaseError::Key("it cannot be read".into()))?;
        Ok(Extract {
            production,
            case: self.id(),
            case_name: Private::new(self.card().name),
            made: self.clock.now(),
            made_by: actor.clone(),
            program: concat!("zapys ", env!("CARGO_PKG_VERSION")).into(),
            selection,
            exhibits,
            left_out,
            limitations,
            ledger: LedgerPart { vkey, checkpoint, stamped: false },
        })
    }

    async fn exhibit(&self, row: &ItemRow, tree: &zapys_ledger::Tree, size: u64, chosen: &BTreeSet<ItemId>) -> Result<Exhibit> {
        let acquisitions = self.store.acquisitions(row.id).await?;
        let findings = self.store.findings(row.id).await?;
        let mut derivatives = Vec::new();
        let mut not_derived = Vec::new();
        let derivations = self.store.derivations(row.id).await?;
        for kind in crate::engines::plan(&crate::engines::recognised(row), self.translates()) {
            let newest = derivations.iter().rev().find(|d| d.kind == kind);
            let Some(d) = newest.filter(|d| d.state == DerivationState::Done) else {
                let why = newest.and_then(|d| d.failure.as_ref()).map_or("It was not made.".to_owned(), |f| f.message.clone());
                not_derived.push((kind, why));
                continue;
            };
            let object = d.output.ok_or(CaseError::Inconsistent { what: "a derivation" })?;
            derivatives.push(Derivative {
                key: d.key,
                kind,
                engine: d.engine.clone(),
                parameters: d.params.clone(),
                inputs: d.inputs.clone(),
                object,
                bytes: self.object_size(object).await?,
                media_type: d.output_media_type.clone().unwrap_or_default(),
                repeatability: self.bench().await?.engine(row, kind).map_or(Repeatability::None, |e| e.contract().repeats),
                started: d.started,
                finished: d.finished,
            });
        }
        let mut events = Vec::new();
        for entry in self.store.entries_of(row.id).await? {
            if entry.seq.0 >= size {
                continue;
            }
            let inclusion = tree::inclusion(tree, entry.seq.0, size).map_err(|e| CaseError::Ledger(e.to_string()))?;
            let openings = self
                .store
                .openings(entry.seq)
                .await?
                .into_iter()
                // Where a file lay on somebody's machine is nobody's business but the case's own.
                .filter(|o| o.field != "path")
                .map(|o| Opening { salt: Salt::from_bytes(o.salt), value: Private::new(o.value) })
                .collect();
            events.push(CustodyEntry { canonical: entry.canonical.into_bytes(), inclusion, openings });
        }
        let parent = match row.parent {
            None => None,
            Some(parent) => {
                let object = if chosen.contains(&parent) { None } else { Some(self.row(parent).await?.object) };
                Some(Parent { item: parent, object, span_ms: None, reason: None })
            }
        };
        let dated = |value: &Option<Edtf>, basis: &str| value.clone().map(|value| Dated { value, basis: basis.into() });
        let name = row.member_path.clone().or_else(|| row.details.title.clone());
        Ok(Exhibit {
            item: row.id,
            kind: row.kind,
            title: Private::new(title(row)),
            file_name: name.map(|n| Private::new(n.reveal().rsplit('/').next().unwrap_or_default().to_owned())),
            object: row.object,
            bytes: row.bytes,
            media_type: row.media_type.clone(),
            language: row.facts.languages.first().cloned().unwrap_or_else(|| row.details.lang.clone()),
            duration_ms: row.facts.duration_ms,
            status: status(row.details.status),
            recorded: dated(&row.details.recorded, row.details.recorded_basis.map_or("stated at intake", |b| b.word())),
            published: dated(&row.details.published, "stated at intake"),
            collected: None,
            received: Some(row.created),
            parent,
            acquisitions: acquisitions
                .iter()
                .map(|a| Acquisition { acquisition: a.id, time: a.at, actor: a.actor.clone(), provenance: a.provenance.clone() })
                .collect(),
            derivatives,
            not_derived,
            findings: findings.into_iter().map(|f| f.finding).collect(),
            events,
        })
    }
}

fn status(s: ItemStatus) -> Status {
    match s {
        ItemStatus::Unverified => Status::Unverified,
        ItemStatus::Checking => Status::Partly,
        ItemStatus::Verified => Status::Verified,
        ItemStatus::Doubtful => Status::Inconclusive,
        ItemStatus::Refuted => Status::Disproved,
    }
}
