//! Somebody who knows the format and rewrites the lists too: what the seal and the ledger still show.

use super::*;
use sample::sample;
use sha2::{Digest, Sha512};
use std::fmt::Write as _;
use zapys_ledger::Hash;

fn sha256(bytes: &[u8]) -> String {
    Hash::of(bytes).hex()
}
fn sha512(bytes: &[u8]) -> String {
    Sha512::digest(bytes).iter().fold(String::new(), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

impl Made {
    /// Writes all lists anew, as a forger would, and the description of the payload.
    fn relist(&self) {
        self.describe();
        let lists =
            ["manifest-sha256.txt", "manifest-sha512.txt", "tagmanifest-sha256.txt", "tagmanifest-sha512.txt", "SHA256SUMS"];
        let lines = |digest: &dyn Fn(&[u8]) -> String, keep: &dyn Fn(&str) -> bool| -> String {
            all(&self.path).iter().filter(|(p, _)| keep(p)).map(|(p, b)| format!("{}  {p}\n", digest(b))).collect()
        };
        let payload = |p: &str| p.starts_with("data/");
        let oxum = all(&self.path).iter().filter(|(p, _)| payload(p)).fold((0, 0), |(b, n), (_, x)| (b + x.len(), n + 1));
        let info: String =
            self.text("bag-info.txt")
                .lines()
                .map(|l| {
                    if l.starts_with("Payload-Oxum") {
                        format!("Payload-Oxum: {}.{}\n", oxum.0, oxum.1)
                    } else {
                        format!("{l}\n")
                    }
                })
                .collect();
        self.put("bag-info.txt", info);
        self.put(lists[0], lines(&sha256, &payload));
        self.put(lists[1], lines(&sha512, &payload));
        let tag = |p: &str| p.starts_with("tagmanifest-") || p == "seal";
        self.put(lists[4], lines(&sha256, &|p| p != lists[4] && !tag(p)));
        self.put(lists[2], lines(&sha256, &|p| !payload(p) && !tag(p)));
        self.put(lists[3], lines(&sha512, &|p| !payload(p) && !tag(p)));
    }
    fn describe(&self) {
        const CRATE: &str = "data/ro-crate-metadata.json";
        let mut v: serde_json::Value = serde_json::from_slice(&self.read(CRATE)).expect("reads");
        for e in v["@graph"].as_array_mut().expect("a list").iter_mut().filter(|e| e["@type"] == "File") {
            let file = format!("data/{}", e["@id"].as_str().expect("a path"));
            if let Ok(bytes) = fs::read(self.path.join(file)) {
                e["sha256"] = sha256(&bytes).into();
                e["contentSize"] = bytes.len().to_string().into();
            }
        }
        let mut bytes = serde_json::to_vec_pretty(&v).expect("writes");
        bytes.push(b'\n');
        self.put(CRATE, bytes);
    }
    /// Puts another digest wherever papers name one.
    fn rename(&self, from: &str, to: &str) {
        let papers = ["data/manifest.json", "data/custody/case.jsonld", "data/certificates/fre-902-14-draft.json"];
        for file in papers {
            let text = self.text(file);
            self.put(file, text.replace(from, to));
        }
    }
    fn replace(&self, file: &str, from: &str, to: &str) {
        let text = self.text(file);
        assert!(text.contains(from), "{from}");
        self.put(file, text.replace(from, to));
    }
    fn unsealed(self) -> Self {
        self.replace("data/manifest.json", "\"sealed\": true", "\"sealed\": false");
        fs::remove_file(self.path.join("seal")).expect("removes");
        self.relist();
        self
    }
}

#[test]
fn relisting_an_unchanged_production_changes_nothing() {
    let made = make(sample(), Format::Bag, true);
    let before = all(&made.path);
    made.relist();
    assert_eq!(all(&made.path), before);
    assert!(made.unsealed().verdict().holds);
}

#[test]
fn the_seal_notices_rewritten_lists() {
    let made = make(sample(), Format::Bag, true);
    made.replace("data/exhibits/E-0001/transcript.txt", "Опись не делали", "Опись делали");
    let (old, new) = (
        sha256(&make(sample(), Format::Bag, true).read("data/exhibits/E-0001/transcript.txt")),
        sha256(&made.read("data/exhibits/E-0001/transcript.txt")),
    );
    made.replace("data/manifest.json", &old, &new);
    made.relist();
    let v = made.verdict();
    assert!(named(&v).contains(&"tagmanifest-sha256.txt"), "{:?}", named(&v));
    // Dropping the seal does not help: the manifest promises one.
    fs::remove_file(made.path.join("seal")).expect("removes");
    assert!(named(&made.verdict()).contains(&"seal"));
}

#[test]
fn the_ledger_notices_another_original() {
    let made = make(sample(), Format::Bag, true).unsealed();
    let file = "data/exhibits/E-0002/E-0002.ogg";
    let old = sha256(&made.read(file));
    made.put(file, "OggS another clip");
    made.rename(&old, &sha256(&made.read(file)));
    made.replace("data/manifest.json", "\"bytes\": 904", "\"bytes\": 17");
    made.relist();
    let v = made.verdict();
    assert_eq!(named(&v), [file], "{:#?}", v.faults().collect::<Vec<_>>());
}

#[test]
fn r1_34_the_ledger_notices_another_translation() {
    let made = make(sample(), Format::Bag, true).unsealed();
    let file = "data/exhibits/E-0001/derivatives/translation.json";
    let old = sha256(&made.read(file));
    made.replace(file, "was not made", "was now made");
    made.rename(&old, &sha256(&made.read(file)));
    made.relist();
    assert_eq!(named(&made.verdict()), [file]);
}

#[test]
fn r2_2_events_flipped_reordered_dropped_or_inserted_are_noticed() {
    let folder = "proofs/01JB0000000000000000000001";
    let fresh = || make(sample(), Format::Bag, true).unsealed();

    let flipped = fresh();
    flipped.replace(&format!("{folder}/1.json"), "\"bytes\":4006", "\"bytes\":4007");
    flipped.relist();
    let v = flipped.verdict();
    assert!(named(&v).contains(&format!("{folder}/1.tlog-proof").as_str()), "{:?}", named(&v));

    let reordered = fresh();
    let (a, b) = (reordered.read(&format!("{folder}/3.json")), reordered.read(&format!("{folder}/4.json")));
    reordered.put(&format!("{folder}/3.json"), b);
    reordered.put(&format!("{folder}/4.json"), a);
    reordered.relist();
    assert!(!reordered.verdict().holds);

    // Dropped: files and their place in the manifest.
    let dropped = fresh();
    for end in ["json", "tlog-proof"] {
        fs::remove_file(dropped.path.join(format!("{folder}/5.{end}"))).expect("removes");
    }
    let mut m: serde_json::Value = serde_json::from_slice(&dropped.read("data/manifest.json")).expect("reads");
    m["exhibits"][0]["events"].as_array_mut().expect("a list").remove(3);
    dropped.put("data/manifest.json", serde_json::to_vec_pretty(&m).expect("writes"));
    dropped.relist();
    let v = dropped.verdict();
    assert!(
        v.faults().any(|c| c.name == "custody" && c.detail.contains("missing before")),
        "{:#?}",
        v.faults().collect::<Vec<_>>()
    );

    // Inserted: a new event that follows the last one, with a borrowed proof.
    let inserted = fresh();
    let last = inserted.text(&format!("{folder}/9.json"));
    let prev = sha256(last.as_bytes());
    let mut e: serde_json::Value = serde_json::from_str(&last).expect("reads");
    (e["seq"], e["item_seq"], e["prev"]) = (26.into(), 8.into(), prev.into());
    inserted.put(&format!("{folder}/26.json"), zapys_ledger::strict::canonical(&e).expect("writes"));
    let proof = inserted.read("proofs/01JB0000000000000000000006/26.tlog-proof");
    inserted.put(&format!("{folder}/26.tlog-proof"), proof);
    let mut m: serde_json::Value = serde_json::from_slice(&inserted.read("data/manifest.json")).expect("reads");
    let place = serde_json::json!({"seq": 26, "event": format!("{folder}/26.json"), "proof": format!("{folder}/26.tlog-proof")});
    m["exhibits"][0]["events"].as_array_mut().expect("a list").push(place);
    inserted.put("data/manifest.json", serde_json::to_vec_pretty(&m).expect("writes"));
    inserted.relist();
    let v = inserted.verdict();
    // The description of custody does not know it either.
    assert_eq!(named(&v), [format!("{folder}/26.tlog-proof").as_str(), "data/custody/case.jsonld"]);
}

#[test]
fn a_revealed_value_that_was_not_committed_to_is_noticed() {
    let made = make(sample(), Format::Bag, true).unsealed();
    made.replace("proofs/openings.json", "letter 31/22", "letter 32/22");
    made.relist();
    assert!(named(&made.verdict()).contains(&"proofs/openings.json"));
}

#[test]
fn another_checkpoint_and_a_mixed_one_are_noticed() {
    let made = make(sample(), Format::Bag, true).unsealed();
    // A checkpoint of the same ledger at another size, properly signed.
    let other = sample::with(sample().extract.exhibits.into_iter().take(1).collect(), sample().objects);
    made.put("checkpoint", &other.extract.ledger.checkpoint);
    made.relist();
    let v = made.verdict();
    assert!(named(&v).iter().any(|n| n.ends_with(".tlog-proof")) && named(&v).contains(&"data/manifest.json"), "{:?}", named(&v));
}

#[test]
fn r1_9_an_excerpt_whose_whole_is_swapped_is_noticed() {
    let made = make(sample(), Format::Bag, true).unsealed();
    let whole = sha256(&made.read("data/exhibits/E-0001/E-0001.amr"));
    let mut m: serde_json::Value = serde_json::from_slice(&made.read("data/manifest.json")).expect("reads");
    assert_eq!(m["exhibits"][1]["parent"]["object"], format!("sha256:{whole}"));
    m["exhibits"][1]["parent"]["object"] = format!("sha256:{}", sha256(b"other")).into();
    made.put("data/manifest.json", serde_json::to_vec_pretty(&m).expect("writes"));
    made.relist();
    assert_eq!(named(&made.verdict()), ["E-0002"]);
}

#[test]
fn a_script_smuggled_into_the_report_is_noticed() {
    let made = make(sample(), Format::Bag, true).unsealed();
    for bad in ["<script>1</script></main>", "<img src=\"https://example.test/x\"></main>", "<p onclick=\"x\"></p></main>"] {
        let good = made.text("data/report/index.html");
        made.replace("data/report/index.html", "</main>", bad);
        made.relist();
        assert_eq!(named(&made.verdict()), ["data/report/index.html"], "{bad}");
        made.put("data/report/index.html", good);
    }
    made.relist();
    assert!(made.verdict().holds);
}
