//! Parts of a long piece of work that survive its interruption, so that what was heard once is not heard again.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Where parts are kept while an engine works. What cannot be kept or read back is done again, and nothing else happens.
pub trait Parts: Send + Sync {
    /// What was kept under that name by an earlier run of the same derivation.
    fn kept(&self, name: &str) -> Option<Vec<u8>>;
    /// Keeps a part; it is there after a crash of the program.
    fn keep(&self, name: &str, part: &[u8]);
}

/// Keeps nothing: every run begins at the beginning.
pub struct NoParts;
impl Parts for NoParts {
    fn kept(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn keep(&self, _: &str, _: &[u8]) {}
}

/// A part that was kept as JSON.
pub(crate) fn read<T: DeserializeOwned>(parts: &dyn Parts, name: &str) -> Option<T> {
    serde_json::from_slice(&parts.kept(name)?).ok()
}
/// Keeps a part as JSON.
pub(crate) fn write(parts: &dyn Parts, name: &str, part: &impl Serialize) {
    if let Ok(bytes) = serde_json::to_vec(part) {
        parts.keep(name, &bytes);
    }
}
