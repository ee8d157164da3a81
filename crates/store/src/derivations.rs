//! Applications of engines: what was made from what, by which engine, and what failed.

use crate::error::StoreError;
use crate::model::*;
use crate::rows::Row;
use crate::run::{Run, args, reads, statements};
use crate::sealing::hidden;
use crate::tx::Tx;
use zapys_domain::{DerivationKey, DerivativeKind, EngineIdentity, EntrySeq, Finding, ItemId, ObjectId};

macro_rules! derivation_columns {
    () => {
        "SELECT key, item, kind, engine_name, engine_version, model, model_sha256, binary_sha256, params, inputs, state, output, \
         output_media_type, started, finished, elapsed_ms, error_code, error_message, error_hint, entry_seq FROM derivations"
    };
}

statements! {
    ADD = "INSERT INTO derivations (key, item, kind, engine_name, engine_version, model, model_sha256, binary_sha256, params, inputs, \
        state, output, output_media_type, started, finished, elapsed_ms, error_code, error_message, error_hint, entry_seq) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
    AGAIN = "UPDATE derivations SET state = $3, output = $4, output_media_type = $5, started = $6, finished = $7, elapsed_ms = $8, \
        error_code = $9, error_message = $10, error_hint = $11, entry_seq = $12 WHERE key = $1 AND item = $2";
    ONE = concat!(derivation_columns!(), " WHERE key = $1 AND item = $2");
    BY_KEY = concat!(derivation_columns!(), " WHERE key = $1 ORDER BY CASE WHEN state = 'done' THEN 0 ELSE 1 END, entry_seq LIMIT 1");
    OF_ITEM = concat!(derivation_columns!(), " WHERE item = $1 ORDER BY entry_seq, key");
    OF_ITEMS = concat!(derivation_columns!(), " WHERE item >= $1 AND item <= $2 ORDER BY item, entry_seq, key");
    NEWEST = concat!(derivation_columns!(), " WHERE item = $1 AND kind = $2 AND state = 'done' ORDER BY entry_seq DESC LIMIT 1");
    FINISHED = concat!(derivation_columns!(), " WHERE entry_seq >= $1 AND state = 'done' \
        AND ($2 = '' OR $2 LIKE '%,' || kind || ',%') ORDER BY entry_seq, key LIMIT $3");
    DONE_AFTER = concat!(derivation_columns!(), " WHERE state = 'done' AND (key > $1 OR (key = $1 AND item > $2)) ORDER BY key, item LIMIT $3");
    FAILURES = "SELECT error_code AS code, COUNT(DISTINCT item) AS n FROM jobs WHERE state = 'failed' \
        AND ($1 = '' OR $1 LIKE '%,' || kind || ',%') GROUP BY error_code ORDER BY n DESC, code";
}

reads! {
    /// The derivation with this key, a finished one first, whichever item it was made for; `None` if it never ran.
    fn derivation(key: DerivationKey) -> Option<DerivationRow>;
    /// The derivation with this key for this item.
    fn derivation_of(key: DerivationKey, item: ItemId) -> Option<DerivationRow>;
    /// Every derivation of an item, in the order in which they were recorded.
    fn derivations(item: ItemId) -> Vec<DerivationRow>;
    /// Those of all items from `first` to `last`, in order of item.
    fn derivations_of_items(first: ItemId, last: ItemId) -> Vec<DerivationRow>;
    /// The newest finished derivative of one kind.
    fn derivative(item: ItemId, kind: DerivativeKind) -> Option<DerivationRow>;
    /// Finished derivations witnessed by entry `from` or a later one, in that order; `kinds` empty for all; at most `limit`.
    /// One entry may witness several, so go on from the last seen `entry` and skip what is known.
    fn finished_since(from: EntrySeq, kinds: &[DerivativeKind], limit: u32) -> Vec<DerivationRow>;
    /// Finished derivations after the given one in order of key and item, for walking through all; at most `limit`.
    fn derivations_after(after: Option<(DerivationKey, ItemId)>, limit: u32) -> Vec<DerivationRow>;
    /// Items whose jobs of these kinds failed, counted by error code, most frequent first; `kinds` empty for all.
    fn failures(kinds: &[DerivativeKind]) -> Vec<(String, u64)>;
}

/// Kinds as the `LIKE` of a statement expects them: `,a,b,`; empty for all.
pub(crate) fn listed(kinds: &[DerivativeKind]) -> String {
    if kinds.is_empty() {
        return String::new();
    }
    kinds.iter().fold(",".to_owned(), |list, kind| list + kind.word() + ",")
}

impl Run<'_> {
    async fn derivation(&mut self, key: DerivationKey) -> Result<Option<DerivationRow>, StoreError> {
        self.opt(BY_KEY, &args![key]).await?.map(|r| derivation(&r)).transpose()
    }
    async fn derivation_of(&mut self, key: DerivationKey, item: ItemId) -> Result<Option<DerivationRow>, StoreError> {
        self.opt(ONE, &args![key, item]).await?.map(|r| derivation(&r)).transpose()
    }
    async fn derivations(&mut self, item: ItemId) -> Result<Vec<DerivationRow>, StoreError> {
        self.all(OF_ITEM, &args![item]).await?.iter().map(derivation).collect()
    }
    async fn derivations_of_items(&mut self, first: ItemId, last: ItemId) -> Result<Vec<DerivationRow>, StoreError> {
        self.all(OF_ITEMS, &args![first, last]).await?.iter().map(derivation).collect()
    }
    async fn derivative(&mut self, item: ItemId, kind: DerivativeKind) -> Result<Option<DerivationRow>, StoreError> {
        self.opt(NEWEST, &args![item, kind.word()]).await?.map(|r| derivation(&r)).transpose()
    }
    async fn finished_since(
        &mut self,
        from: EntrySeq,
        kinds: &[DerivativeKind],
        limit: u32,
    ) -> Result<Vec<DerivationRow>, StoreError> {
        self.all(FINISHED, &args![from, listed(kinds), u64::from(limit)]).await?.iter().map(derivation).collect()
    }
    async fn derivations_after(
        &mut self,
        after: Option<(DerivationKey, ItemId)>,
        limit: u32,
    ) -> Result<Vec<DerivationRow>, StoreError> {
        let (key, item) = after.map(|(k, i)| (k.hex(), i.to_string())).unwrap_or_default();
        self.all(DONE_AFTER, &args![key, item, u64::from(limit)]).await?.iter().map(derivation).collect()
    }
    async fn failures(&mut self, kinds: &[DerivativeKind]) -> Result<Vec<(String, u64)>, StoreError> {
        let rows = self.all(FAILURES, &args![listed(kinds)]).await?;
        rows.iter().map(|r| r.of("jobs", "code")).map(|r| Ok((r.text("code")?, r.count("n")?))).collect()
    }
}

impl Tx {
    /// Records how a derivation ended and what it found. A finished one stays as it is, whatever comes later; a failed or
    /// skipped one is replaced. The output object must have been recorded before (`add_object`); `row.entry` witnesses it.
    /// Errors: `Contradiction` where state, output and failure do not fit.
    pub async fn record_derivation(&mut self, row: &DerivationRow, findings: &[Finding]) -> Result<Recorded, StoreError> {
        let fits = match row.state {
            DerivationState::Done => row.output.is_some() && row.failure.is_none(),
            DerivationState::Failed => row.output.is_none() && row.failure.is_some(),
            DerivationState::Skipped => row.output.is_none(),
        };
        if !fits {
            return Err(StoreError::Contradiction(row.key));
        }
        let before = self.run().derivation_of(row.key, row.item).await?;
        if let Some(kept) = before.as_ref().and_then(|b| b.output) {
            return Ok(match row.output {
                Some(output) if output != kept => Recorded::Differs { kept },
                _ => Recorded::Same,
            });
        }
        let failure = row.failure.as_ref();
        let (code, message, hint) =
            (failure.map(|f| f.code.as_str()), failure.map(|f| f.message.as_str()), failure.map(|f| f.hint.as_str()));
        let output = row.output.map(|o| o.hex());
        let mut run = self.record();
        if before.is_some() {
            let args = args![
                row.key,
                row.item,
                row.state.word(),
                output,
                row.output_media_type.as_deref(),
                row.started,
                row.finished,
                row.elapsed_ms,
                code,
                hidden(message),
                hidden(hint),
                row.entry,
            ];
            run.exec(AGAIN, &args).await?;
        } else {
            let inputs = serde_json::to_string(&row.inputs).map_err(|_| StoreError::Contradiction(row.key))?;
            let e = &row.engine;
            let args = args![
                row.key,
                row.item,
                row.kind.word(),
                e.name.as_str(),
                e.version.as_str(),
                hidden(e.model.as_deref()),
                e.model_sha256.as_deref(),
                e.binary_sha256.as_deref(),
                hidden(row.params.to_string()),
                inputs,
                row.state.word(),
                output,
                row.output_media_type.as_deref(),
                row.started,
                row.finished,
                row.elapsed_ms,
                code,
                hidden(message),
                hidden(hint),
                row.entry,
            ];
            run.exec(ADD, &args).await?;
        }
        if before.is_some() || !findings.is_empty() {
            run.put_findings(row.item, &row.key.hex(), findings).await?;
        }
        Ok(Recorded::New)
    }
    /// Adds findings to those of a derivation that stays, e.g. "does not repeat". Answers how many it has now.
    pub async fn add_findings(&mut self, item: ItemId, key: DerivationKey, more: &[Finding]) -> Result<u64, StoreError> {
        let mut all: Vec<Finding> =
            self.findings(item).await?.into_iter().filter(|f| f.derivation == Some(key)).map(|f| f.finding).collect();
        all.extend(more.iter().cloned());
        self.record().put_findings(item, &key.hex(), &all).await?;
        Ok(all.len() as u64)
    }
}

pub(crate) fn derivation(row: &Row) -> Result<DerivationRow, StoreError> {
    let r = row.of("derivations", "key");
    let failure = match r.opt_text("error_code")? {
        Some(code) => Some(Failure { code, message: r.text("error_message")?, hint: r.text("error_hint")? }),
        None => None,
    };
    let state = r.read("state", DerivationState::parse)?;
    let output: Option<ObjectId> = r.opt_id("output")?;
    if (state == DerivationState::Done) != output.is_some() {
        return Err(r.wrong("output"));
    }
    Ok(DerivationRow {
        key: r.key("key")?,
        item: r.id("item")?,
        kind: r.read("kind", DerivativeKind::parse)?,
        engine: EngineIdentity {
            name: r.text("engine_name")?,
            version: r.text("engine_version")?,
            model: r.opt_text("model")?,
            model_sha256: r.opt_text("model_sha256")?,
            binary_sha256: r.opt_text("binary_sha256")?,
        },
        params: r.json("params")?,
        inputs: r.json("inputs")?,
        state,
        output,
        output_media_type: r.opt_text("output_media_type")?,
        started: r.at("started")?,
        finished: r.at("finished")?,
        elapsed_ms: r.count("elapsed_ms")?,
        failure,
        entry: r.entry("entry_seq")?,
    })
}
