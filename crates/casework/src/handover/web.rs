//! What came from the web, and whether enough of its page came with it (R1.3).

use crate::Result;
use crate::open::Casework;
use zapys_domain::{ItemKind, Private};
use zapys_dossier::records::Capture;
use zapys_store::{AcquisitionRow, ItemRow};

/// The parts of a page without which an item from the web is below the Berkeley minimum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebParts {
    pub url: Option<Private<String>>,
    /// The page's source, in this item or one of its family.
    pub source: bool,
    /// A picture of the whole page, likewise.
    pub full_page: bool,
}

impl WebParts {
    /// What is missing, in words.
    pub fn lacks(&self) -> Option<String> {
        let parts = [(self.url.is_some(), "address"), (self.source, "page source"), (self.full_page, "full-page capture")];
        let lacks: Vec<String> = parts.iter().filter(|(there, _)| !there).map(|(_, what)| format!("no {what}")).collect();
        (!lacks.is_empty()).then(|| lacks.join(", "))
    }
    pub fn capture(self) -> Capture {
        Capture { requested_url: self.url, source_kept: self.source, full_page_kept: self.full_page, ..Default::default() }
    }
}

fn is_source(row: &ItemRow) -> bool {
    matches!(row.kind, ItemKind::Article | ItemKind::WebArchive) || row.media_type.starts_with("text/html")
}

impl Casework {
    /// `None` for what did not come from the web: no page, and no web address at intake.
    pub(crate) async fn web_parts(&self, row: &ItemRow, acquisitions: &[AcquisitionRow]) -> Result<Option<WebParts>> {
        let address = |a: &AcquisitionRow| a.provenance.origin.clone().filter(|o| o.reveal().starts_with("http"));
        let url = acquisitions.iter().find_map(address);
        if url.is_none() && !is_source(row) {
            return Ok(None);
        }
        let mut parts = WebParts { url, source: is_source(row), full_page: row.kind == ItemKind::Screenshot };
        let mut near = self.store.children(row.id).await?;
        for member in self.family(row.id).await? {
            if member != row.id {
                near.push(self.row(member).await?);
            }
        }
        for other in near {
            parts.source |= is_source(&other);
            parts.full_page |= matches!(other.kind, ItemKind::Screenshot | ItemKind::Photo);
        }
        Ok(Some(parts))
    }
}
