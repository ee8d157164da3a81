//! A translation pack made here: a real network in CTranslate2's form with real pieces, whose weights are written down so that it
//! translates word by word. At each place it looks at the same place of the source, and says what stands there in the dictionary.

use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Places that the network tells apart.
const PLACES: usize = 64;
/// Width of the inner layer that does nothing.
const INNER: usize = 16;

/// What a model calls things beside its words.
pub const CONTROL: [&str; 3] = ["<unk>", "<s>", "</s>"];

/// A network that turns `source[n]` into `target[n]`.
struct Network<'d> {
    pairs: &'d [(&'d str, &'d str)],
    bytes: Vec<u8>,
    n: u32,
}
impl Network<'_> {
    fn source(&self) -> Vec<String> {
        control().chain(self.pairs.iter().map(|(from, _)| piece(from))).collect()
    }
    fn target(&self) -> Vec<String> {
        control().chain(self.pairs.iter().map(|(_, into)| piece(into))).collect()
    }
    /// Dimensions: one for each source token, one for each target token, one for each place.
    fn width(&self) -> usize {
        (2 * self.source().len() + PLACES).next_multiple_of(16)
    }
    fn text(&mut self, text: &str) {
        self.bytes.extend((text.len() as u16 + 1).to_le_bytes());
        self.bytes.extend(text.as_bytes());
        self.bytes.push(0);
    }
    fn variable(&mut self, name: &str, dims: &[usize], kind: u8, data: &[u8]) {
        self.n += 1;
        self.text(name);
        self.bytes.push(dims.len() as u8);
        dims.iter().for_each(|d| self.bytes.extend((*d as u32).to_le_bytes()));
        self.bytes.push(kind);
        self.bytes.extend((data.len() as u32).to_le_bytes());
        self.bytes.extend(data);
    }
    /// A matrix of so many rows and columns that is zero but for these.
    fn matrix(&mut self, name: &str, rows: usize, columns: usize, ones: &[(usize, usize, f32)]) {
        let mut values = vec![0f32; rows * columns];
        ones.iter().for_each(|(r, c, v)| values[r * columns + c] = *v);
        let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.variable(name, &[rows, columns], 0, &data);
    }
    fn norm(&mut self, scope: &str) {
        let width = self.width();
        for (name, value) in [("beta", 0f32), ("gamma", 1f32)] {
            self.variable(&format!("{scope}/layer_norm/{name}"), &[width], 0, &value.to_le_bytes().repeat(width));
        }
    }
    fn flag(&mut self, name: &str, value: i8) {
        self.variable(name, &[], 1, &value.to_le_bytes());
    }
    fn number(&mut self, name: &str, value: i16) {
        self.variable(name, &[], 2, &value.to_le_bytes());
    }

    fn write(mut self) -> Vec<u8> {
        let (words, width) = (self.source().len(), self.width());
        let place = |p: usize| 2 * words + p;
        let places: Vec<_> = (0..PLACES).map(|p| (p, place(p), 1.0)).collect();
        let same = |from: usize, n: usize, by: f32| (from..from + n).map(move |d| (d, d, by));
        for side in ["encoder", "decoder"] {
            self.flag(&format!("{side}/pre_norm"), 1);
            self.flag(&format!("{side}/scale_embeddings"), 0);
            self.flag(&format!("{side}/activation"), 0);
            self.number(&format!("{side}/num_heads"), 1);
            self.matrix(&format!("{side}/position_encodings/encodings"), PLACES, width, &places);
            self.norm(side);
            let layer = format!("{side}/layer_0");
            self.norm(&format!("{layer}/self_attention"));
            self.matrix(&format!("{layer}/self_attention/linear_0/weight"), 3 * width, width, &[]);
            self.matrix(&format!("{layer}/self_attention/linear_1/weight"), width, width, &[]);
            self.norm(&format!("{layer}/ffn"));
            self.matrix(&format!("{layer}/ffn/linear_0/weight"), INNER, width, &[]);
            self.matrix(&format!("{layer}/ffn/linear_1/weight"), width, INNER, &[]);
        }
        self.flag("encoder/embeddings_merge", 0);
        let embedded: Vec<_> = (0..words).map(|w| (w, w, 1.0)).collect();
        self.matrix("encoder/embeddings_0/weight", words, width, &embedded);
        let embedded: Vec<_> = (0..words).map(|w| (w, words + w, 1.0)).collect();
        self.matrix("decoder/embeddings/weight", words, width, &embedded);
        self.flag("decoder/start_from_zero_embedding", 0);
        self.number("decoder/alignment_layer", -1);
        self.number("decoder/alignment_heads", 1);
        // It asks by place, finds by place, and takes the word that stands there.
        let attention = "decoder/layer_0/attention";
        self.norm(attention);
        let by_place: Vec<_> = same(place(0), PLACES, 8.0).collect();
        self.matrix(&format!("{attention}/linear_0/weight"), width, width, &by_place);
        let found: Vec<_> = same(place(0), PLACES, 1.0).chain((0..words).map(|w| (width + w, w, 1.0))).collect();
        self.matrix(&format!("{attention}/linear_1/weight"), 2 * width, width, &found);
        self.matrix(&format!("{attention}/linear_2/weight"), width, width, &same(0, words, 1.0).collect::<Vec<_>>());
        self.matrix("decoder/projection/weight", words, width, &same(0, words, 1.0).collect::<Vec<_>>());
        let (body, n) = (std::mem::take(&mut self.bytes), self.n);
        self.bytes.extend(6u32.to_le_bytes());
        self.text("TransformerSpec");
        self.bytes.extend(7u32.to_le_bytes());
        self.bytes.extend(n.to_le_bytes());
        self.bytes.extend(body);
        // No other names.
        self.bytes.extend(0u32.to_le_bytes());
        self.bytes
    }
}

fn control() -> impl Iterator<Item = String> {
    CONTROL.into_iter().map(str::to_owned)
}
/// A word as a piece; what stands in angle brackets or names a language is none.
fn piece(word: &str) -> String {
    if word.contains('_') { word.to_owned() } else { format!("\u{2581}{word}") }
}

/// The pieces as a SentencePiece model.
fn pieces(all: &[String]) -> Vec<u8> {
    let field = |n: u8, data: &[u8]| -> Vec<u8> {
        assert!(data.len() < 128);
        [&[n << 3 | 2, data.len() as u8], data].concat()
    };
    let mut out = Vec::new();
    for (n, piece) in all.iter().enumerate() {
        // Unknown, control, or a word.
        let kind = [2u8, 3, 3].get(n).copied().unwrap_or(1);
        let score = [&[2 << 3 | 5u8][..], &(-(n as f32)).to_le_bytes()].concat();
        out.extend(field(1, &[field(1, piece.as_bytes()), score, vec![3 << 3, kind]].concat()));
    }
    // Unigrams; no other spelling is made of what is there.
    out.extend(field(2, &[3 << 3, 1]));
    out.extend(field(3, &field(1, b"identity")));
    out
}

/// Writes the pack among others. `texts`: the table that says how it is asked. Gives its folder.
pub fn pack(packs: &Path, name: &str, pairs: &[(&str, &str)], texts: &str) -> PathBuf {
    let folder = packs.join(name);
    std::fs::create_dir_all(&folder).unwrap();
    let network = Network { pairs, bytes: Vec::new(), n: 0 };
    let (source, target) = (network.source(), network.target());
    let json = |v: &[String]| serde_json::to_vec(v).unwrap();
    let config = br#"{"add_source_bos": false, "add_source_eos": false, "bos_token": "<s>", "decoder_start_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}"#;
    let files = [
        ("model.bin", network.write()),
        ("config.json", config.to_vec()),
        ("source_vocabulary.json", json(&source)),
        ("target_vocabulary.json", json(&target)),
        ("source.spm", pieces(&source)),
    ];
    let mut manifest =
        format!("name = \"{name}\"\nkind = \"translation\"\nlanguages = [\"ru\", \"uk\"]\nlicence = \"Apache-2.0\"\n{texts}\n");
    for (name, bytes) in files {
        std::fs::write(folder.join(name), &bytes).unwrap();
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        manifest += &format!("[[file]]\nname = \"{name}\"\nbytes = {}\nsha256 = \"{digest}\"\n", bytes.len());
    }
    std::fs::write(folder.join("pack.toml"), manifest).unwrap();
    folder
}
