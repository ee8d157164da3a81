//! Containers: each member of an archive becomes an item of its own, with the archive as its parent.

use crate::Result;
use crate::acquire::{Arrived, failed, recognise, stops_everything};
use crate::bytes::{InBatch, InVault};
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::AddOutcome;
use std::ops::ControlFlow;
use zapys_domain::Fault;
use zapys_domain::kind::Recognised;
use zapys_domain::provenance::Provenance;
use zapys_domain::{Actor, Finding, ItemId, ObjectId, Severity};
use zapys_formats::archive::{self, Limits};
use zapys_store::Method;

/// Containers whose members are taken in. Packages that are one document (WACZ, DOCX) stay whole.
const OPENED: &[&str] = &["zip", "whatsapp-zip", "tar", "tar-gz", "gzip"];
/// Archives within archives are opened to this depth.
const MAX_DEPTH: usize = 4;

/// Archives that are opened inside one, all depths together.
const MAX_NESTED: u32 = 1000;

/// What may still come out of one archive that somebody handed over, with all that is nested in it. Limits of a single container
/// would multiply with each layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left {
    archives: u32,
    members: u64,
    bytes: u64,
}
impl Default for Left {
    fn default() -> Self {
        let limits = Limits::default();
        Self { archives: MAX_NESTED, members: limits.max_members, bytes: limits.max_total_bytes }
    }
}

/// True for containers whose members are taken in.
pub(crate) fn is_archive(r: &Recognised) -> bool {
    OPENED.contains(&r.format.as_str())
}

impl Casework {
    /// Takes in the members of an archive, once. What was cut off before is taken up again; what cannot be read is a
    /// finding or a failed outcome, and the rest goes on.
    #[allow(clippy::too_many_arguments, reason = "one archive with all that its members inherit")]
    pub(crate) async fn unpack(
        &self,
        actor: &Actor,
        item: ItemId,
        object: ObjectId,
        recognised: &Recognised,
        path: &str,
        provenance: &Provenance,
        sink: &mut (dyn FnMut(AddOutcome) + Send),
    ) -> Result<()> {
        let mark = format!("unpacked.{item}");
        if self.store.setting(&mark).await?.is_some() {
            return Ok(());
        }
        let depth = path.matches('!').count();
        let outermost = path.split('!').next().unwrap_or(path).to_owned();
        let left = {
            let mut nests = self.nests.lock().unwrap_or_else(|p| p.into_inner());
            if depth == 0 {
                // The one before is done with.
                nests.clear();
            }
            *nests.entry(outermost.clone()).or_default()
        };
        let (members, mut findings) = if left.archives == 0 || left.members == 0 || left.bytes == 0 {
            (
                Vec::new(),
                vec![Finding::whole(
                    "nested-too-much",
                    Severity::Serious,
                    format!(
                        "one archive gives up to {MAX_NESTED} others and as many files and bytes as a single one may; this one in \
                         it was kept closed"
                    ),
                )],
            )
        } else if depth >= MAX_DEPTH {
            (
                Vec::new(),
                vec![Finding::whole(
                    "nested-too-deep",
                    Severity::Warning,
                    format!("archives within archives are opened to a depth of {MAX_DEPTH}; this one was kept closed"),
                )],
            )
        } else {
            let limits = Limits { max_members: left.members, max_total_bytes: left.bytes, ..Limits::default() };
            self.members(object, &recognised.format, path, limits).await?
        };
        if depth < MAX_DEPTH {
            let bytes: u64 = members.iter().filter_map(|(_, m)| m.as_ref().ok()).map(|m| m.stored.bytes).sum();
            let mut nests = self.nests.lock().unwrap_or_else(|p| p.into_inner());
            let now = nests.entry(outermost).or_default();
            *now = Left {
                archives: now.archives.saturating_sub(1),
                members: now.members.saturating_sub(members.len() as u64),
                bytes: now.bytes.saturating_sub(bytes),
            };
        }
        let mut arrived = Vec::new();
        // True where the disk failed and not the archive: then it is opened again when it is added again.
        let mut unfinished = false;
        for (name, member) in members {
            match member {
                Ok(member) => arrived.push(member),
                Err(e) if stops_everything(&e) => return Err(e),
                Err(e) if is_of_the_disk(&e) => {
                    unfinished = true;
                    sink(failed(name, &e));
                }
                Err(e) => {
                    findings.push(Finding::whole(
                        "member-unreadable",
                        Severity::Warning,
                        "a member of the archive could not be read",
                    ));
                    sink(failed(name, &e));
                }
            }
        }
        for chunk in chunks(arrived, 1024) {
            self.admit_all(actor, chunk, provenance, Some(item), sink).await?;
        }
        if unfinished {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        let mut ledger = self.ledger(&mut tx).await?;
        let act = crate::custody::Act::item(actor, zapys_domain::Action::Copied, item)
            .purpose("evidence-intake")
            .code("method", "unpacked")
            .count("findings", findings.len() as u64)
            .commit(crate::witness::FIELD, crate::witness::findings(&findings).into())?;
        ledger.seal(self, &mut tx, act).await?;
        if !findings.is_empty() {
            // What was noticed when the archive itself came stays.
            let before = tx.findings(item).await?.into_iter().filter(|f| f.derivation.is_none()).map(|f| f.finding);
            let findings: Vec<Finding> = before.chain(findings).collect();
            let first = tx.acquisitions(item).await?.first().map(|a| a.id).ok_or(CaseError::Inconsistent { what: "an item" })?;
            tx.add_intake_findings(item, first, &findings).await?;
        }
        tx.set_setting(&mark, "1").await?;
        ledger.close(&mut tx).await?;
        Ok(tx.commit().await?)
    }

    /// Keeps every member in the vault. Returns members by shown path, and what was noticed.
    async fn members(
        &self,
        object: ObjectId,
        format: &str,
        path: &str,
        limits: Limits,
    ) -> Result<(Vec<(String, Result<Arrived>)>, Vec<Finding>)> {
        let (vault, kept, batch) = (self.vault.clone(), self.kept(object).await?, self.vault.batch());
        let (format, path) = (format.to_owned(), path.to_owned());
        let read = tokio::task::spawn_blocking(move || -> Result<_> {
            let file = InVault::new(&vault, &kept)?;
            let mut members = Vec::new();
            let read = archive::members(&file, &format, limits, &mut |info, body| {
                let name = info.name.reveal().clone();
                let shown = format!("{path}!{name}");
                let result = (|| {
                    let stored = batch.put(body)?;
                    let (recognised, findings) = recognise(&InBatch::new(&batch, &stored), &name);
                    Ok(Arrived { path: shown.clone(), name, method: Method::ArchiveMember, stored, recognised, findings })
                })();
                let stop = result.as_ref().is_err_and(stops_everything);
                members.push((shown, result));
                if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            let findings = match read {
                Ok(findings) => findings,
                Err(zapys_formats::FormatError::Read(e)) if of_the_system(&e) => {
                    return Err(zapys_vault::VaultError::Backend(e.into()).into());
                }
                // The archive itself stays an item; that it cannot be opened is said of it.
                Err(e) => vec![Finding::whole("archive-unreadable", Severity::Serious, e.to_string())],
            };
            Ok((batch, members, findings))
        });
        let (batch, members, findings) = read.await.map_err(|_| CaseError::Lost)??;
        self.seal(batch).await?;
        Ok((members, findings))
    }
}

/// True for what the system or the vault's server reported, now or where bytes of the archive itself were fetched, and not for
/// what is wrong with the archive.
fn is_of_the_disk(e: &CaseError) -> bool {
    of_the_system(e) || e.kind() == zapys_domain::FaultKind::Environment
}
/// True where an error of the operating system is the cause, also where a reader has put it into one of its own.
fn of_the_system(e: &(dyn std::error::Error + 'static)) -> bool {
    let io = e.downcast_ref::<std::io::Error>();
    if io.is_some_and(|e| e.raw_os_error().is_some()) {
        return true;
    }
    // What an I/O error was made of is not its source: that would leave it out.
    match io.and_then(std::io::Error::get_ref) {
        Some(inner) => of_the_system(inner),
        None => e.source().is_some_and(of_the_system),
    }
}

fn chunks<T>(all: Vec<T>, n: usize) -> Vec<Vec<T>> {
    let mut out = Vec::new();
    let mut all = all.into_iter().peekable();
    while all.peek().is_some() {
        out.push(all.by_ref().take(n).collect());
    }
    out
}
