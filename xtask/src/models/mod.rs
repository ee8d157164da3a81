//! Models that are published as weights alone, written down as ONNX graphs that any runtime can compute.
//!
//! The layout of each network is that of its authors' publication and code; the weights are taken over bit by bit, and the
//! outcome is pinned by its digest like everything else in a pack.

mod embedding;
mod onnx;
mod segmentation;
mod torch;

/// Makes an ONNX file of published weights. `form`: `segmentation` (PyanNet, speakers of ten seconds of sound) or
/// `embedding` (CAM++, what a voice sounds like). Errors: a sentence.
pub fn convert(form: &str, checkpoint: &[u8]) -> Result<Vec<u8>, String> {
    let weights = torch::Weights::read(checkpoint)?;
    match form {
        "segmentation" => segmentation::graph(&weights),
        "embedding" => embedding::graph(&weights),
        _ => Err(format!("nobody knows how to make {form:?}")),
    }
}
