//! What is said about where a thing came from. Everything here is somebody's word, kept apart from what is computed.

use crate::edtf::Edtf;
use crate::{Lang, Private};
use serde::{Deserialize, Serialize};

crate::words! {
    /// Reliability of a source, set by a person (Admiralty scale); `F` is the default.
    SourceGrade {
        #[allow(missing_docs)] A = "A",
        #[allow(missing_docs)] B = "B",
        #[allow(missing_docs)] C = "C",
        #[allow(missing_docs)] D = "D",
        #[allow(missing_docs)] E = "E",
        #[allow(missing_docs)] F = "F",
    }
}
crate::words! {
    /// Who may see a thing.
    Sensitivity {
        /// May be published.
        Public = "public",
        /// For the people of the case.
        Internal = "internal",
        /// Names or endangers somebody.
        Protected = "protected",
        /// Only by two people's decision.
        Sealed = "sealed",
    }
}

/// What the person who takes a thing in says about it. `None` means nobody has said; that is shown as "unknown".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Person, body or channel it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Private<String>>,
    /// Reliability of that source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_grade: Option<SourceGrade>,
    /// Address it was published at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Private<String>>,
    /// Who collected it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collected_by: Option<Private<String>>,
    /// On what legal basis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub legal_basis: Option<Private<String>>,
    /// When it was recorded, as precisely as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded: Option<Edtf>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Edtf>,
    /// Language spoken or written, as the person says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lang: Option<Lang>,
    /// Who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// Free labels, `key=value`.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub labels: std::collections::BTreeMap<String, String>,
}
