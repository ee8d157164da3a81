//! What is there: lists, one item with everything about it, the words of one item, the case at a glance.

use crate::Result;
use crate::custody;
use crate::engines::{WORDED, Wanted, plan, recognised};
use crate::error::CaseError;
use crate::open::Casework;
use crate::view::{
    AcquisitionView, CallView, CaseView, ChangeView, CheckpointView, ChildView, Counts, Dated, DatedView, DerivativeView,
    EngineView, ErrorView, Facets, IntegrityView, ItemDetail, ItemView, ItemsPage, LedgerView, MessageView, ReasonCount,
    SecondView, SegmentTranslation, SegmentView, TextView, TranscriptView, Unsearchable,
};
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use zapys_domain::call::CallTable;
use zapys_domain::kind::Recognised;
use zapys_domain::media::Document;
use zapys_domain::message::ChatExport;
use zapys_domain::text::ReadText;
use zapys_domain::transcript::{Reading, SecondTranscript, Transcript, TranslatedSegment, Translation};
use zapys_domain::{Action, DerivativeKind, Instant, ItemId, ItemKind, Lang, Private};
use zapys_store::{
    AcquisitionRow, Cursor, DerivationRow, DerivationState, FindingRow, ItemFilter, ItemRow, ItemSort, ItemStatus, JobRow,
    JobState, Wordless,
};

/// In which order a list comes.
pub type ItemsSort = ItemSort;

/// Which items. Values of one list are alternatives; the lists all must hold.
#[derive(Clone, Debug, Default)]
pub struct ItemsRequest {
    /// Kinds of item.
    pub kinds: Vec<ItemKind>,
    /// Verification statuses, as words.
    pub statuses: Vec<String>,
    /// Languages, as tags.
    pub languages: Vec<String>,
    /// Flags of segments, messages or rows, as the facets list them.
    pub flags: Vec<String>,
    /// Part of the title.
    pub text: Option<String>,
    /// Order; newest first where nothing is said.
    pub sort: Option<ItemsSort>,
    /// Where to go on.
    pub cursor: Option<String>,
    /// At most so many; 0 for 100.
    pub limit: usize,
}

/// A copy for looking or listening, as a plain file.
pub struct ProxyFile {
    /// Where it lies; to be read only.
    pub path: PathBuf,
    /// As the engine wrote it.
    pub media_type: String,
    /// Holds the file where the vault is not on this disk.
    _scratch: Option<tempfile::TempDir>,
}

impl Casework {
    /// The item that an id, a unique prefix or a `sha256:` digest names.
    pub async fn resolve(&self, text: &str) -> Result<ItemId> {
        match self.store.find_item(text.trim()).await {
            Ok(found) => found.ok_or(CaseError::NoSuchItem),
            Err(zapys_store::StoreError::Ambiguous { .. }) => Err(CaseError::Ambiguous),
            Err(e) => Err(e.into()),
        }
    }

    /// One page of items with the facets of the whole selection.
    pub async fn items(&self, request: &ItemsRequest) -> Result<ItemsPage> {
        let bad = |flag| CaseError::Flag { flag, wants: "a value that `zapys items --help` or the API document lists" };
        let statuses: Option<Vec<ItemStatus>> = request.statuses.iter().map(|s| ItemStatus::parse(s)).collect();
        let languages: Option<Vec<Lang>> = request.languages.iter().map(|l| Lang::parse(l)).collect();
        let filter = ItemFilter {
            kinds: request.kinds.clone(),
            statuses: statuses.ok_or_else(|| bad("--status"))?,
            languages: languages.ok_or_else(|| bad("--lang"))?,
            flags: request.flags.clone(),
            title: request.text.clone().filter(|t| !t.trim().is_empty()),
            ..Default::default()
        };
        let limit = if request.limit == 0 { 100 } else { request.limit };
        let cursor = request.cursor.as_ref().map(Cursor::new);
        let page = self
            .store
            .items(&filter, request.sort.unwrap_or(ItemSort::Newest), cursor.as_ref(), u32::try_from(limit).unwrap_or(500))
            .await?;
        // Changes with every item and derivation, and with nothing else.
        let version = async {
            let (items, derivations) = self.store.items_version().await?;
            Ok((items.cast_unsigned(), derivations.cast_unsigned()))
        };
        let find = async { Ok(self.store.facets(&filter).await?) };
        let facets = self.finder.facets.get(filter.clone(), version, find).await?;
        let mut items = Vec::with_capacity(page.items.len());
        for row in &page.items {
            items.push(self.seen(row).await?);
        }
        let words = |m: BTreeMap<Lang, u64>| m.into_iter().map(|(k, v)| (k.to_string(), v)).collect();
        Ok(ItemsPage {
            total: facets.total,
            items,
            next: page.next.map(|c| c.as_str().to_owned()),
            facets: Facets {
                kind: facets.kinds.iter().map(|(k, v)| (k.to_string(), *v)).collect(),
                language: words(facets.languages),
                status: facets.statuses.iter().map(|(k, v)| (k.to_string(), *v)).collect(),
                flags: facets.flags,
                dated: Dated { without: facets.undated + facets.vague, months: facets.months },
            },
        })
    }

    /// An item as it is listed.
    async fn seen(&self, row: &ItemRow) -> Result<ItemView> {
        // Whatever was disposed of has no name any more, so only what has none is looked up.
        let disposed = row.details.title.is_none() && self.store.is_disposed(row.id).await?;
        Ok(ItemView { disposed, ..item_view(row) })
    }
    /// Errors: `Disposed`.
    pub(crate) async fn not_disposed(&self, id: ItemId) -> Result<()> {
        if self.store.is_disposed(id).await? { Err(CaseError::Disposed) } else { Ok(()) }
    }

    pub(crate) async fn row(&self, id: ItemId) -> Result<ItemRow> {
        self.store.item(id).await?.ok_or(CaseError::NoSuchItem)
    }

    /// One item with acquisitions, derivatives, children, custody and what is known about its bytes.
    pub async fn show(&self, id: ItemId) -> Result<ItemDetail> {
        let row = self.row(id).await?;
        let acquisitions = self.store.acquisitions(id).await?;
        let derivations = self.store.derivations(id).await?;
        let findings = self.store.findings(id).await?;
        let jobs = self.store.jobs_of(id).await?;
        let custody = self.store.entries_of(id).await?;
        let derivatives = self.derivative_views(&row, &derivations, &findings, &jobs);
        let child = |(item, title, kind): (ItemId, Option<Private<String>>, ItemKind)| {
            let title = title.map_or_else(|| item.to_string(), Private::into_inner);
            ChildView { item, title, kind }
        };
        let children = self.store.child_names(id).await?.into_iter().map(child).collect();
        Ok(ItemDetail {
            item: self.seen(&row).await?,
            acquisitions: acquisitions.iter().map(acquisition_view).collect(),
            derivatives,
            children,
            integrity: self.integrity(&row).await?,
            custody: custody.iter().map(custody::view).collect(),
            on_record: self.on_record(&row, &acquisitions).await?,
        })
    }

    async fn integrity(&self, row: &ItemRow) -> Result<IntegrityView> {
        let last: Option<(String, Vec<String>)> = match self.store.setting(crate::check::LAST).await? {
            Some(text) => serde_json::from_str(&text).ok(),
            None => None,
        };
        let received = self.store.entries_of(row.id).await?.first().map_or(0, |e| e.seq.0);
        let (state, checked) = match last {
            Some((time, bad)) if bad.contains(&row.object.to_string()) => ("changed", Some(time)),
            // What came after the last check was hashed when it came, and not re-read since.
            Some((time, _)) if Instant::parse(&time).is_some_and(|t| t >= row.created) => ("unchanged", Some(time)),
            _ => ("not-checked", None),
        };
        Ok(IntegrityView { state: state.into(), checked, entry: received })
    }

    fn derivative_views(
        &self,
        row: &ItemRow,
        done: &[DerivationRow],
        findings: &[FindingRow],
        jobs: &[JobRow],
    ) -> Vec<DerivativeView> {
        let mut views = Vec::new();
        for kind in self.made_or_wanted(row, done) {
            let derivation = done.iter().rev().find(|d| d.kind == kind);
            let job = jobs.iter().find(|j| j.kind == kind);
            let open = job.and_then(|j| match j.state {
                JobState::Ready => Some("queued"),
                JobState::Leased => Some("running"),
                _ => None,
            });
            let failed_job = job.filter(|j| j.state == JobState::Failed).and_then(|j| j.failure.as_ref());
            let failure = derivation.and_then(|d| d.failure.as_ref()).or(failed_job);
            let status = open.unwrap_or(match derivation.map(|d| d.state) {
                Some(DerivationState::Done) => "done",
                Some(DerivationState::Skipped) => "skipped",
                Some(DerivationState::Failed) => "failed",
                None if failed_job.is_some() => "failed",
                None => "due",
            });
            views.push(DerivativeView {
                derivation: kind.word().into(),
                status: status.into(),
                engine: derivation.map(engine_view),
                key: derivation.map(|d| d.key.hex()),
                object: derivation.and_then(|d| d.output).map(|o| o.to_string()),
                media_type: derivation.and_then(|d| d.output_media_type.clone()),
                seconds: derivation.map(|d| d.elapsed_ms as f64 / 1000.0),
                started: derivation.map(|d| d.started.to_string()),
                finished: derivation.map(|d| d.finished.to_string()),
                error: failure.map(|f| ErrorView {
                    kind: "input".into(),
                    code: f.code.clone(),
                    message: f.message.clone(),
                    subject: None,
                    hint: f.hint.clone(),
                }),
                findings: findings
                    .iter()
                    .filter(|f| derivation.is_some_and(|d| f.derivation == Some(d.key)))
                    .map(|f| f.finding.clone())
                    .collect(),
            });
        }
        let at_intake: Vec<_> = findings.iter().filter(|f| f.derivation.is_none()).map(|f| f.finding.clone()).collect();
        if !at_intake.is_empty() {
            let intake = DerivativeView {
                derivation: "intake".into(),
                status: "done".into(),
                engine: None,
                key: None,
                object: None,
                media_type: None,
                seconds: None,
                started: None,
                finished: None,
                error: None,
                findings: at_intake,
            };
            views.insert(0, intake);
        }
        views
    }

    /// A derivative document of an item as JSON.
    pub async fn document(&self, id: ItemId, kind: DerivativeKind) -> Result<Value> {
        self.typed(id, kind).await.map(|(value, _)| value)
    }

    /// The newest derivative of a kind, read as `T`, with its derivation.
    pub(crate) async fn typed<T: serde::de::DeserializeOwned>(
        &self,
        id: ItemId,
        kind: DerivativeKind,
    ) -> Result<(T, DerivationRow)> {
        let row = self.row(id).await?;
        self.not_disposed(id).await?;
        let nothing = |why| CaseError::NothingRead { what: kind.word().into(), why };
        let Some(derivation) = self.store.derivative(id, kind).await? else {
            if !plan(&recognised(&row), Wanted::ALL).contains(&kind) {
                return Err(nothing("it is not something that is made of this kind of item"));
            }
            let job = self.store.jobs_of(id).await?.into_iter().find(|j| j.kind == kind);
            return Err(nothing(match job.map(|j| j.state) {
                Some(JobState::Failed) => "making it failed",
                _ => "it has not been made yet",
            }));
        };
        let output = derivation.output.ok_or(CaseError::Inconsistent { what: "a derivation" })?;
        let bytes = self.read_object(output).await?;
        let value = serde_json::from_slice(&bytes).map_err(|_| CaseError::Inconsistent { what: "a derivative" })?;
        Ok((value, derivation))
    }

    /// The words spoken, with translations beside them.
    pub async fn transcript(&self, id: ItemId) -> Result<TranscriptView> {
        let (t, derivation): (Document<Transcript>, _) = self.typed(id, DerivativeKind::Transcript).await?;
        let mut translations = Vec::new();
        for kind in [DerivativeKind::Translation, DerivativeKind::SecondTranslation] {
            match self.typed::<Document<Translation>>(id, kind).await {
                // One of an earlier transcript stands beside other words.
                Ok((made, d)) if is_of_newest(&d, std::slice::from_ref(&derivation)) => translations.push(made.value),
                Ok(_) | Err(CaseError::NothingRead { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        let mut t = t.value;
        let mut second = self.second_readings(id, &derivation, &mut t).await?;
        let mut segments: Vec<SegmentView> = t
            .segments
            .into_iter()
            .map(|segment| {
                let second = second.remove(&segment.id);
                SegmentView { second, ..SegmentView::of(segment) }
            })
            .collect();
        for translation in translations {
            let engine = translation.engine.model.unwrap_or(translation.engine.name);
            let language = translation.language.to_string();
            let mut by_id: BTreeMap<String, _> = translation.segments.into_iter().map(|s| (s.id.clone(), s)).collect();
            for s in &mut segments {
                let Some(other) = by_id.remove(&s.segment.id) else { continue };
                let TranslatedSegment { text, confidence, lost, .. } = other;
                let view = SegmentTranslation { confidence, lost, ..SegmentTranslation::of(text, engine.clone()) };
                match s.translations.entry(language.clone()) {
                    Entry::Vacant(none) => {
                        none.insert(view);
                    }
                    Entry::Occupied(first) => first.into_mut().beside.push(view),
                }
            }
        }
        let mut engine = engine_view(&derivation);
        engine.parameters = t.parameters;
        Ok(TranscriptView {
            item: id,
            language: t.language.to_string(),
            duration_ms: t.duration_ms,
            reviewed: false,
            engine,
            speakers: t.speakers,
            segments,
            revision: None,
            blind: None,
            glossary: Vec::new(),
        })
    }

    /// What a second hearing has in place of segments of this transcript, which takes in the doubts; by segment. Empty where
    /// nobody heard it twice, or the second was held against another transcript.
    async fn second_readings(
        &self,
        id: ItemId,
        first: &DerivationRow,
        words: &mut Transcript,
    ) -> Result<BTreeMap<String, SecondView>> {
        let found = self.typed::<Document<SecondTranscript>>(id, DerivativeKind::SecondTranscript).await;
        let (second, derivation) = match found {
            Ok((second, derivation)) => (second.value, derivation),
            Err(CaseError::NothingRead { .. }) => return Ok(BTreeMap::new()),
            Err(e) => return Err(e),
        };
        if !is_of_newest(&derivation, std::slice::from_ref(first)) {
            return Ok(BTreeMap::new());
        }
        let engine = derivation.engine.model.unwrap_or(derivation.engine.name);
        let readings: BTreeMap<String, Reading> = second.readings.into_iter().map(|r| (r.id.clone(), r)).collect();
        words.segments.iter_mut().filter_map(|s| readings.get(&s.id).map(|r| (s, r))).for_each(|(s, r)| s.doubt(r));
        let view = |r: Reading| SecondView { text: r.text, engine: engine.clone() };
        Ok(readings.into_iter().map(|(id, r)| (id, view(r))).collect())
    }

    /// The readable text of a picture, article or document.
    pub async fn text(&self, id: ItemId) -> Result<TextView> {
        let (t, _): (Document<ReadText>, _) = self.typed(id, DerivativeKind::Text).await?;
        Ok(TextView { item: id, reviewed: false, text: t.value })
    }

    /// The messages of a chat export.
    pub async fn messages(&self, id: ItemId) -> Result<Vec<MessageView>> {
        let (c, _): (Document<ChatExport>, _) = self.typed(id, DerivativeKind::Messages).await?;
        Ok(c.value.messages.into_iter().map(|message| MessageView { item: id, message }).collect())
    }

    /// The rows of a call-record table.
    pub async fn calls(&self, id: ItemId) -> Result<Vec<CallView>> {
        let (t, _): (Document<CallTable>, _) = self.typed(id, DerivativeKind::Calls).await?;
        Ok(t.value.rows.into_iter().map(|call| CallView { item: id, call }).collect())
    }

    /// The copy for looking or listening.
    pub async fn proxy(&self, id: ItemId) -> Result<ProxyFile> {
        self.copy(id, DerivativeKind::Proxy, "copy for looking or listening").await
    }
    /// The copy that is easier to listen to.
    pub async fn enhanced(&self, id: ItemId) -> Result<ProxyFile> {
        self.copy(id, DerivativeKind::Enhanced, "copy that is easier to listen to").await
    }
    async fn copy(&self, id: ItemId, kind: DerivativeKind, what: &str) -> Result<ProxyFile> {
        self.row(id).await?;
        self.not_disposed(id).await?;
        let nothing = CaseError::NothingRead { what: what.into(), why: "it has not been made" };
        let derivation = self.store.derivative(id, kind).await?.ok_or(nothing)?;
        let output = derivation.output.ok_or(CaseError::Inconsistent { what: "a derivation" })?;
        let media_type = derivation.output_media_type.unwrap_or_default();
        let kept = self.kept(output).await?;
        if let Some(path) = self.vault.local_path(&kept) {
            return Ok(ProxyFile { path, media_type, _scratch: None });
        }
        let (vault, scratch) = (self.vault.clone(), self.scratch()?);
        let (path, scratch) = tokio::task::spawn_blocking(move || vault.materialise(&kept, scratch.path()).map(|p| (p, scratch)))
            .await
            .map_err(|_| CaseError::Lost)??;
        Ok(ProxyFile { path, media_type, _scratch: Some(scratch) })
    }

    /// The case at a glance.
    pub async fn overview(&self) -> Result<CaseView> {
        let find = async {
            let mut counts = self.store.counts().await?;
            counts.segments = counts.segments.saturating_sub(self.segments_answered_for().await?);
            let (stages, sound) = self.numbers_of_work().await?;
            Ok((counts, stages, sound))
        };
        let (counts, stages, sound) =
            self.finder.numbers.get((), async { Ok((self.finder.looks.fetch_add(1, Ordering::Relaxed), 0)) }, find).await?;
        let (size, root) = self.ledger_head().await?;
        let checkpoint = self.store.checkpoint_latest().await?;
        Ok(CaseView {
            card: self.card(),
            counts: Counts {
                items: counts.items,
                objects: counts.objects,
                bytes: counts.bytes,
                by_kind: counts.by_kind.iter().map(|(k, v)| (k.to_string(), *v)).collect(),
                by_status: counts.by_status.iter().map(|(k, v)| (k.to_string(), *v)).collect(),
            },
            work: self.work_view(&stages, &sound).await?,
            unsearchable: self.unsearchable().await?,
            unreviewed_segments: counts.segments,
            ledger: LedgerView {
                size,
                root: root.base64(),
                checkpoint: checkpoint.map(|c| CheckpointView { size: c.size, time: c.at.to_string() }),
                stamped: !self.store.stamps(u64::MAX).await?.is_empty(),
            },
            changes: self.changes().await?,
        })
    }

    /// Counts items whose words cannot be found, by reason.
    pub(crate) async fn look_for_unsearchable(&self) -> Result<Unsearchable> {
        let mut reasons: BTreeMap<&'static str, u64> = BTreeMap::new();
        for group in self.store.without_words().await? {
            *reasons.entry(unsearchable(&group, self.wanted())).or_default() += group.n;
        }
        let count = reasons.values().sum();
        Ok(Unsearchable {
            count,
            reasons: reasons.into_iter().map(|(reason, count)| ReasonCount { reason: reason.into(), count }).collect(),
        })
    }

    async fn changes(&self) -> Result<Vec<ChangeView>> {
        let mut changes: Vec<ChangeView> = Vec::new();
        for entry in self.store.entries_newest(None, 200).await? {
            let Some(item) = entry.item else { continue };
            if entry.action == Action::Accessed {
                continue;
            }
            // A dozen derivations of one item are one piece of news.
            if entry.action == Action::Transformed && changes.iter().any(|c| c.item == item && c.action == entry.action.word()) {
                continue;
            }
            let row = self.row(item).await?;
            changes.push(ChangeView {
                time: entry.at.to_string(),
                action: entry.action.word().into(),
                item,
                title: title(&row),
                kind: row.kind,
            });
            if changes.len() == 12 {
                break;
            }
        }
        Ok(changes)
    }
}

/// True for derivatives that stand beside the segments of a transcript, and beside no other.
pub(crate) fn lies_on_words(kind: DerivativeKind) -> bool {
    matches!(kind, DerivativeKind::SecondTranscript | DerivativeKind::Translation | DerivativeKind::SecondTranslation)
}

/// True where a second hearing or translation was made of the newest transcript.
pub(crate) fn is_of_newest(second: &DerivationRow, all: &[DerivationRow]) -> bool {
    let done = |d: &&DerivationRow| d.kind == DerivativeKind::Transcript && d.state == DerivationState::Done;
    all.iter().rev().find(done).and_then(|d| d.output).is_some_and(|o| second.inputs.contains(&o))
}

fn unsearchable(group: &Wordless, wanted: Wanted) -> &'static str {
    let what = Recognised { kind: group.kind, media_type: group.media_type.clone(), format: group.format.clone() };
    if !plan(&what, wanted).iter().any(|k| WORDED.contains(k)) {
        return "no reader for this kind of item yet";
    }
    match (group.open, group.failed) {
        (true, _) => "not processed yet",
        (false, true) => "could not be read",
        (false, false) if group.looked => "no words in it",
        (false, false) => "not processed yet",
    }
}

pub(crate) fn title(row: &ItemRow) -> String {
    row.details.title.as_ref().map_or_else(|| row.id.to_string(), |t| t.reveal().clone())
}

pub(crate) fn engine_view(d: &DerivationRow) -> EngineView {
    let e = &d.engine;
    EngineView {
        name: e.name.clone(),
        version: e.version.clone(),
        model: e.model.clone(),
        model_sha256: e.model_sha256.clone(),
        parameters: d.params.clone(),
    }
}

pub(crate) fn item_view(row: &ItemRow) -> ItemView {
    let f = &row.facts;
    let stated = |date: &Option<zapys_domain::edtf::Edtf>, basis: &str| {
        date.as_ref().map(|d| DatedView { value: d.to_string(), basis: basis.into() })
    };
    let languages: Vec<String> = if f.languages.is_empty() && !row.details.lang.is_und() {
        vec![row.details.lang.to_string()]
    } else {
        f.languages.iter().map(Lang::to_string).collect()
    };
    ItemView {
        item: row.id,
        title: title(row),
        kind: row.kind,
        media_type: row.media_type.clone(),
        object: row.object.to_string(),
        bytes: row.bytes,
        status: row.details.status.word().into(),
        language: languages.first().cloned().unwrap_or_else(|| "und".into()),
        languages,
        duration_ms: f.duration_ms,
        channels: f.channels,
        recorded: stated(&row.details.recorded, row.details.recorded_basis.map_or("stated", |b| b.word())),
        published: stated(&row.details.published, "stated"),
        collected: row.collected.as_ref().map(|(d, basis)| DatedView { value: d.to_string(), basis: basis.word().into() }),
        received: row.created.to_string(),
        processing: processing(row).into(),
        n_segments: f.n_segments,
        n_messages: f.n_messages,
        n_calls: f.n_calls,
        flags: f.flags.clone(),
        preview: f.preview.as_ref().map(|p| p.reveal().clone()),
        thumb_peaks: f.thumb_peaks.clone(),
        parent: row.parent,
        n_acquisitions: row.n_acquisitions,
        findings: f.n_findings,
        disposed: false,
        sensitivity: row.details.sensitivity.word().into(),
    }
}

fn processing(row: &ItemRow) -> &'static str {
    let w = &row.work;
    match (w.leased, w.ready, w.failed, w.done) {
        (1.., _, _, _) => "running",
        (0, 1.., _, _) => "queued",
        (0, 0, 1.., 0) => "failed",
        (0, 0, 1.., _) => "partly",
        (0, 0, 0, 1..) => "done",
        (0, 0, 0, 0) => "none",
    }
}

fn acquisition_view(a: &AcquisitionRow) -> AcquisitionView {
    let text = |t: &Option<zapys_domain::Private<String>>| t.as_ref().map(|t| t.reveal().clone());
    let p = &a.provenance;
    AcquisitionView {
        acquisition: a.id.to_string(),
        time: a.at.to_string(),
        actor: a.actor.id.clone(),
        method: a.method.word().into(),
        path: text(&a.path).unwrap_or_default(),
        source: text(&p.source),
        source_grade: p.source_grade.map(|g| g.word().into()),
        origin: text(&p.origin),
        collected_by: text(&p.collected_by),
        legal_basis: text(&p.legal_basis),
        recorded: p.recorded.as_ref().map(|d| d.to_string()),
        published: p.published.as_ref().map(|d| d.to_string()),
        lang: p.lang.as_ref().map(Lang::to_string),
        sensitivity: p.sensitivity.map(|s| s.word().into()),
        labels: p.labels.clone(),
    }
}
