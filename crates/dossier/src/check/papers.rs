//! What is written about a production, held against what is in it: the account of the selection, RO-Crate, CASE,
//! certificate drafts, limits, conformance.

use super::package::Package;
use super::{AllDigests, Findings, inert};
use crate::layout::{
    CERTIFICATE_STEMS, CERTIFICATES, COMPLETENESS, CONFORMANCE, CRATE, CUSTODY, EXHIBITS, LIMITATIONS, MANIFEST_JSON, REPORT,
};
use crate::manifest::{COMPLETENESS_FORMAT, Completeness, Conformance, Limitations, Manifest};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::ItemId;
use zapys_ledger::Entry;

/// Longest paper that is read, in bytes.
const MAX_JSON: u64 = 128 * 1024 * 1024;
/// What every production of the present format has.
const DUE: [&str; 7] = [MANIFEST_JSON, REPORT, COMPLETENESS, CONFORMANCE, LIMITATIONS, CUSTODY, CRATE];

fn read<T: DeserializeOwned>(package: &Package, file: &str) -> Option<T> {
    package.read(file, MAX_JSON).ok().and_then(|b| serde_json::from_slice(&b).ok())
}

/// Files of the payload that are about the production; names that no paper may have are faults.
pub(super) fn list(m: &Manifest, out: &mut Findings) -> BTreeSet<String> {
    let due = DUE.iter().map(|f| (*f).to_owned());
    let drafts = CERTIFICATE_STEMS.iter().flat_map(|s| ["json", "html", "pdf"].map(|e| format!("{CERTIFICATES}/{s}.{e}")));
    let due: BTreeSet<String> = due.chain(drafts).collect();
    let mut named = BTreeSet::new();
    for p in &m.papers {
        let own = p.file.starts_with("data/") && !p.file.starts_with(&format!("{EXHIBITS}/"));
        if !own || !named.insert(p.file.clone()) {
            out.fault("manifest", MANIFEST_JSON, "The manifest names a paper twice, or where no paper belongs.");
        }
    }
    for file in due.difference(&named) {
        out.fault("manifest", MANIFEST_JSON, format!("The manifest does not name {file}, which every production has."));
    }
    named
}

/// Looks at each paper. `trails`: the custody events that could be read, of each exhibit.
pub(super) fn check(package: &Package, digests: &AllDigests, m: &Manifest, trails: &[Vec<Entry>], out: &mut Findings) {
    completeness(package, m, out);
    described(package, digests, m, out);
    custody(package, m, trails, out);
    drafts(package, m, out);
    let production = m.production;
    let mut same = |file: &str, found: Option<zapys_domain::ProductionId>| match found {
        Some(p) if p == production => true,
        Some(_) => {
            out.fault("papers", file, "This file is that of another production.");
            false
        }
        None => {
            out.fault("papers", file, "This file is missing or not what it should be.");
            false
        }
    };
    same(LIMITATIONS, read::<Limitations>(package, LIMITATIONS).map(|l| l.production));
    let found: Option<Conformance> = read(package, CONFORMANCE);
    if same(CONFORMANCE, found.as_ref().map(|c| c.production)) {
        let rows = found.map(|c| c.rows).unwrap_or_default();
        let here: BTreeSet<ItemId> = m.exhibits.iter().map(|e| e.item).collect();
        if rows.iter().any(|r| r.item.is_some_and(|i| !here.contains(&i))) {
            out.fault("papers", CONFORMANCE, "A line is about an item that is no exhibit here.");
        }
        let missing = rows.iter().filter(|r| r.status == "missing").count();
        let detail = match rows.len() {
            0 => "No standard was held against the record.".to_owned(),
            n => format!("Of {n} requirements looked at, {missing} are not met, by the maker's own account."),
        };
        out.not_checked("conformance", None, detail);
    }
}

fn completeness(package: &Package, m: &Manifest, out: &mut Findings) {
    let Some(c) = read::<Completeness>(package, COMPLETENESS).filter(|c| c.format == COMPLETENESS_FORMAT) else {
        return out.fault("completeness", COMPLETENESS, "The account of the selection is missing or not what it should be.");
    };
    let before = out.faults();
    let mut bad = |why: &str| out.fault("completeness", COMPLETENESS, why);
    if c.production != m.production || c.ledger_size != m.ledger.size {
        bad("This is the account of another production.");
    }
    let n = c.counts;
    let counted =
        n.selected == c.selected.len() as u64 && n.included == c.included.len() as u64 && n.left_out == c.left_out.len() as u64;
    if !counted || !n.add_up() {
        bad("The numbers do not add up.");
    }
    let selected: BTreeSet<ItemId> = c.selected.iter().copied().collect();
    if selected.len() != c.selected.len() {
        bad("An item is named twice among what was asked for.");
    }
    let exhibits: Vec<_> = m.exhibits.iter().map(|e| (e.item, e.exhibit)).collect();
    let included: Vec<_> = c.included.iter().map(|i| (i.item, i.exhibit)).collect();
    if exhibits != included {
        bad("What is said to be here are not the exhibits of the manifest.");
    }
    let mut accounted: BTreeSet<ItemId> = included.iter().map(|(i, _)| *i).collect();
    for l in &c.left_out {
        match l.item {
            Some(item) if accounted.insert(item) && !l.reason.trim().is_empty() => {}
            _ => bad("Something is left out without an id or a reason, or is also here."),
        }
    }
    if accounted != selected {
        bad("What was asked for is not what is here and what is left out together.");
    }
    if c.not_asked_for.iter().any(|l| l.item.is_some()) {
        bad("Something that was not asked for is named by its id.");
    }
    let stated: Vec<_> = c.left_out.iter().chain(&c.not_asked_for).collect();
    let same = stated.len() == m.left_out.len() && m.left_out.iter().all(|l| stated.contains(&l));
    if !same {
        bad("What is left out is not what the manifest leaves out.");
    }
    if out.faults() == before {
        let detail = format!(
            "Everything that was asked for is accounted for: {} selected, {} here, {} left out with a reason.",
            n.selected, n.included, n.left_out
        );
        out.ok("completeness", Some(COMPLETENESS), detail);
        let detail = format!(
            "That the case holds {} items, of which {} were not selected, is stated by the maker; it cannot be seen from here.",
            n.case_items, n.not_selected
        );
        out.not_checked("completeness", None, detail);
    }
}

/// `@id`s that a value refers to.
fn ids(v: &Value) -> Vec<&str> {
    match v {
        Value::Array(all) => all.iter().flat_map(ids).collect(),
        other => other["@id"].as_str().into_iter().collect(),
    }
}
fn is(entity: &Value, sort: &str) -> bool {
    match &entity["@type"] {
        Value::Array(all) => all.iter().any(|t| t == sort),
        t => t == sort,
    }
}

fn described(package: &Package, digests: &AllDigests, m: &Manifest, out: &mut Findings) {
    let doc: Option<Value> = read(package, CRATE);
    let graph = doc.as_ref().and_then(|d| d["@graph"].as_array());
    let Some(graph) = graph else {
        return out.fault("ro-crate", CRATE, "The RO-Crate description is missing or not what it should be.");
    };
    let before = out.faults();
    let mut by_id: BTreeMap<&str, &Value> = BTreeMap::new();
    for entity in graph {
        if let Some(id) = entity["@id"].as_str()
            && by_id.insert(id, entity).is_some()
        {
            out.fault("ro-crate", CRATE, "An entity is described twice.");
        }
    }
    let profile = by_id.get("ro-crate-metadata.json").map(|d| ids(&d["conformsTo"])).unwrap_or_default();
    if profile != ["https://w3id.org/ro/crate/1.2"] {
        out.fault("ro-crate", CRATE, "It does not say which RO-Crate profile it follows.");
    }
    // Reached from the root, through folders, by hasPart.
    let (mut reached, mut next) = (BTreeSet::new(), vec!["./"]);
    while let Some(at) = next.pop() {
        let parts = by_id.get(at).map(|e| ids(&e["hasPart"])).unwrap_or_default();
        next.extend(parts.into_iter().filter(|p| reached.insert(*p)));
    }
    let payload = package.files.keys().filter_map(|f| f.strip_prefix("data/")).filter(|f| *f != "ro-crate-metadata.json");
    let mut n = 0;
    for file in payload {
        n += 1;
        let Some(entity) = by_id.get(file).filter(|e| is(e, "File") && reached.contains(file)) else {
            out.fault("ro-crate", CRATE, format!("It does not describe data/{}.", crate::safe::line(file)));
            continue;
        };
        let Some(d) = digests.get(&format!("data/{file}")) else { continue };
        let same = entity["sha256"].as_str() == Some(&d.sha256.hex())
            && entity["contentSize"].as_str().and_then(|n| n.parse().ok()) == Some(d.bytes);
        // Where the file itself is told to differ, this says nothing new.
        if !same && !out.told(&format!("data/{file}")) {
            out.fault("ro-crate", CRATE, format!("It gives another digest or length to data/{}.", crate::safe::line(file)));
        }
    }
    for entity in graph.iter().filter(|e| is(e, "File")) {
        let id = entity["@id"].as_str().unwrap_or_default();
        let full = format!("data/{id}");
        if !package.files.contains_key(&full) && !out.told(&full) {
            out.fault("ro-crate", CRATE, format!("It describes a file that is not here: {}.", crate::safe::line(id)));
        }
    }
    let made: BTreeSet<(&str, &str)> = graph
        .iter()
        .filter(|e| is(e, "CreateAction"))
        .filter_map(|e| Some((ids(&e["result"]).into_iter().next()?, e["derivationKey"].as_str()?)))
        .collect();
    for d in m.exhibits.iter().flat_map(|e| &e.derivatives) {
        let file = d.file.strip_prefix("data/").unwrap_or(&d.file);
        if !made.contains(&(file, d.derivation.hex().as_str())) {
            out.fault("ro-crate", CRATE, format!("It has no act that made {}.", crate::safe::line(&d.file)));
        }
    }
    if out.faults() == before {
        let detail =
            format!("The RO-Crate description names all {n} files of the payload with their digests, and every derivation.");
        out.ok("ro-crate", Some(CRATE), detail);
    }
}

/// Every custody event once, as it is in the ledger; every file with the digest that it has.
fn custody(package: &Package, m: &Manifest, trails: &[Vec<Entry>], out: &mut Findings) {
    let doc: Option<Value> = read(package, CUSTODY);
    let graph = doc.as_ref().and_then(|d| d["@graph"].as_array());
    let Some(graph) = graph else {
        return out.fault("case-uco", CUSTODY, "The CASE description is missing or not what it should be.");
    };
    let before = out.faults();
    type Act<'a> = (&'a str, &'a str, &'a str, &'a str);
    let mut said: Vec<Act<'_>> = graph
        .iter()
        .filter(|e| is(e, "case-investigation:InvestigativeAction"))
        .filter_map(|e| {
            let leaf = e["zapys:leafHash"].as_str()?;
            let entry = e["zapys:ledgerEntry"]["@value"].as_str()?;
            Some((entry, leaf, e["uco-core:name"].as_str()?, e["uco-action:startTime"]["@value"].as_str()?))
        })
        .collect();
    let words: Vec<[String; 4]> = trails
        .iter()
        .flatten()
        .map(|t| [t.seq.to_string(), t.leaf.hex(), t.event.action.word().into(), t.event.time.to_string()])
        .collect();
    let mut want: Vec<Act<'_>> = words.iter().map(|[a, b, c, d]| (a.as_str(), b.as_str(), c.as_str(), d.as_str())).collect();
    said.sort_unstable();
    want.sort_unstable();
    let actions = graph.iter().filter(|e| is(e, "case-investigation:InvestigativeAction")).count();
    // Events that could not be read are told of already.
    let readable = trails.iter().map(Vec::len).sum::<usize>() == m.exhibits.iter().map(|e| e.events.len()).sum::<usize>();
    if readable && (said != want || actions != want.len()) {
        out.fault("case-uco", CUSTODY, "Its acts are not the custody events of this production.");
    }
    let mut files: BTreeMap<&str, &str> = BTreeMap::new();
    for e in graph.iter().filter(|e| is(e, "uco-observable:File")) {
        let facets = e["uco-core:hasFacet"].as_array().map(Vec::as_slice).unwrap_or_default();
        let path = facets.iter().find_map(|f| f["uco-observable:filePath"].as_str());
        let hash = facets.iter().find_map(|f| f["uco-observable:hash"]["uco-types:hashValue"]["@value"].as_str());
        if let (Some(path), Some(hash)) = (path, hash) {
            files.insert(path, hash);
        }
    }
    let mine: BTreeMap<String, String> = m
        .exhibits
        .iter()
        .flat_map(|e| e.derivatives.iter().map(|d| (d.file.clone(), d.object.hex())).chain([(e.file.clone(), e.object.hex())]))
        .collect();
    if !mine.iter().map(|(p, h)| (p.as_str(), h.as_str())).eq(files) {
        out.fault("case-uco", CUSTODY, "Its files are not the originals and derivatives of this production.");
    }
    if out.faults() == before {
        let detail = format!("The CASE description tells {} custody events as they are in the ledger.", want.len());
        out.ok("case-uco", Some(CUSTODY), detail);
    }
}

fn drafts(package: &Package, m: &Manifest, out: &mut Findings) {
    let before = out.faults();
    for stem in CERTIFICATE_STEMS {
        let file = format!("{CERTIFICATES}/{stem}.json");
        let Some(v) = read::<Value>(package, &file) else {
            out.fault("certificates", &file, "This draft is missing or not what it should be.");
            continue;
        };
        if v["production"] != m.production.to_string() {
            out.fault("certificates", &file, "This is a draft of another production.");
        }
        let blank = v["draft"] == true && v["certifier"]["signature"].is_null();
        if !blank {
            out.fault("certificates", &file, "This does not say of itself that it is a draft, or it is signed.");
        }
        if let Some(copies) = v["copies"].as_array() {
            let same = copies.len() == m.exhibits.len()
                && copies.iter().zip(&m.exhibits).all(|(c, e)| {
                    let own = e.object.to_string();
                    let taken = &c["digest_when_taken_in"];
                    c["exhibit"] == e.exhibit.to_string()
                        && c["digest_in_production"] == own
                        && (taken.is_null() || *taken == own)
                });
            if !same {
                out.fault("certificates", &file, "Its digests are not those of the originals.");
            }
        } else if v["processes"].as_array().is_none() {
            out.fault("certificates", &file, "It certifies nothing.");
        }
        let page = format!("{CERTIFICATES}/{stem}.html");
        match package.open_file(&page).and_then(|mut f| inert::scan(&mut f)) {
            Ok(None) => {}
            Ok(Some(n)) => out.fault("inert", &page, format!("The draft {} (byte {}).", n.why, n.at)),
            Err(_) => out.fault("certificates", &page, "This draft is missing or cannot be read."),
        }
    }
    if out.faults() == before {
        out.not_checked(
            "certificates",
            None,
            "The certificates under FRE 902 are drafts: their digests are those of the originals, and nobody has signed them.",
        );
    }
}
