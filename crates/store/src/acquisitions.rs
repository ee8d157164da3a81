//! Acts of taking in.

use crate::error::StoreError;
use crate::filter::Insert;
use crate::model::*;
use crate::rows::Row;
use crate::run::{Arg, Run, args, reads, statements};
use crate::sealing::{compared, hidden};
use crate::tx::Tx;
use zapys_domain::edtf::Edtf;
use zapys_domain::provenance::{Provenance, Sensitivity, SourceGrade};
use zapys_domain::{ItemId, Lang};

statements! {
    OF_ITEM = "SELECT id, item, object, actor, at, method, path, source, source_grade, origin, collected_by, legal_basis, recorded, \
        published, lang, sensitivity, labels, entry_seq FROM acquisitions WHERE item = $1 ORDER BY at, id";
}

pub(crate) const ADD_ACQUISITIONS: Insert = Insert {
    head: "INSERT INTO acquisitions (id, item, object, actor, at, method, path, source, source_grade, origin, collected_by, legal_basis, \
        recorded, published, lang, sensitivity, labels, entry_seq)",
    columns: 18,
    tail: "",
};

reads! {
    /// Every act of taking an item in, oldest first.
    fn acquisitions(item: ItemId) -> Vec<AcquisitionRow>;
}

impl Run<'_> {
    async fn acquisitions(&mut self, item: ItemId) -> Result<Vec<AcquisitionRow>, StoreError> {
        self.all(OF_ITEM, &args![item]).await?.iter().map(acquisition).collect()
    }
}

impl Tx {
    /// Records an act of taking in. Such a row never changes again.
    pub async fn add_acquisition(&mut self, row: &AcquisitionRow) -> Result<(), StoreError> {
        self.record().insert(&ADD_ACQUISITIONS, &acquisition_args(row)?).await.map(drop)
    }
}

/// The arguments of [`ADD_ACQUISITIONS`].
pub(crate) fn acquisition_args(row: &AcquisitionRow) -> Result<[Arg<'_>; 18], StoreError> {
    let p = &row.provenance;
    let labels = serde_json::to_string(&p.labels).map_err(|_| StoreError::Inconsistent {
        table: "acquisitions",
        column: "labels",
        id: row.id.to_string(),
    })?;
    Ok(args![
        row.id,
        row.item,
        row.object,
        compared(row.actor.id.as_str()),
        row.at,
        row.method.word(),
        hidden(&row.path),
        hidden(&p.source),
        p.source_grade.map(SourceGrade::word),
        hidden(&p.origin),
        hidden(&p.collected_by),
        hidden(&p.legal_basis),
        p.recorded.as_ref().map(Edtf::as_str),
        p.published.as_ref().map(Edtf::as_str),
        p.lang.as_ref().map(Lang::as_str),
        p.sensitivity.map(Sensitivity::word),
        hidden(labels),
        row.entry,
    ])
}

pub(crate) fn acquisition(row: &Row) -> Result<AcquisitionRow, StoreError> {
    let r = row.of("acquisitions", "id");
    Ok(AcquisitionRow {
        id: r.id("id")?,
        item: r.id("item")?,
        object: r.id("object")?,
        actor: r.actor("actor")?,
        at: r.at("at")?,
        method: r.read("method", Method::parse)?,
        path: r.private("path")?,
        provenance: Provenance {
            source: r.private("source")?,
            source_grade: r.opt_read("source_grade", SourceGrade::parse)?,
            origin: r.private("origin")?,
            collected_by: r.private("collected_by")?,
            legal_basis: r.private("legal_basis")?,
            recorded: r.opt_read("recorded", Edtf::parse)?,
            published: r.opt_read("published", Edtf::parse)?,
            lang: r.opt_read("lang", Lang::parse)?,
            sensitivity: r.opt_read("sensitivity", Sensitivity::parse)?,
            labels: r.json("labels")?,
        },
        entry: r.entry("entry_seq")?,
    })
}
