//! `data/custody/case.jsonld`: CASE 1.5.0 over UCO. Each custody event is an `InvestigativeAction`, each original and
//! derivative a file with a `ProvenanceRecord`.

use crate::extract::Extract;
use crate::manifest::{Exhibit, Manifest};
use crate::words;
use serde_json::{Value, json};
use sha1::{Digest, Sha1};
use std::collections::BTreeSet;
use zapys_domain::{Action, Instant, ObjectId};
use zapys_ledger::{Detail, Entry};

/// Name space of our nodes, drawn once.
const SPACE: [u8; 16] = [0x4b, 0x0e, 0x8d, 0x52, 0x6c, 0x37, 0x5e, 0x0a, 0x9d, 0x21, 0x7f, 0x55, 0xa1, 0xc4, 0x3e, 0x68];

/// Node names end in a UUID, as UCO asks: one of version 5, made from what the node stands for, so that the same production
/// gives the same names.
fn node(sort: &str, of: &str) -> String {
    let digest = Sha1::new().chain_update(SPACE).chain_update(sort).chain_update(b"\n").chain_update(of).finalize();
    let mut b = [0u8; 16];
    b.copy_from_slice(&digest[..16]);
    b[6] = b[6] & 0x0f | 0x50;
    b[8] = b[8] & 0x3f | 0x80;
    let hex: String = b.iter().map(|x| format!("{x:02x}")).collect();
    format!("kb:{sort}-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
fn at(of: &str) -> Value {
    json!({"@id": of})
}
fn time(t: Instant) -> Value {
    json!({"@type": "xsd:dateTime", "@value": t.to_string()})
}
fn whole(n: u64) -> Value {
    json!({"@type": "xsd:integer", "@value": n.to_string()})
}

struct Graph {
    nodes: Vec<Value>,
    there: BTreeSet<String>,
}
impl Graph {
    fn put(&mut self, name: &str, node: Value) {
        if self.there.insert(name.to_owned()) {
            self.nodes.push(node);
        }
    }
    fn actor(&mut self, id: &str) -> String {
        let name = node("identity", id);
        let node = json!({"@id": name, "@type": "uco-identity:Identity", "uco-core:name": id,
            "uco-core:description": "Pseudonymous identifier; who it is stays with the case"});
        self.put(&name, node);
        name
    }
    fn tool(&mut self, tool: &str) -> String {
        let name = node("tool", tool);
        let (n, version) = tool.rsplit_once('/').unwrap_or((tool, "unknown"));
        self.put(&name, json!({"@id": name, "@type": "uco-tool:Tool", "uco-core:name": n, "uco-tool:version": version}));
        name
    }
    fn file(&mut self, path: &str, bytes: u64, media_type: &str, object: &ObjectId) -> String {
        let name = node("file", path);
        let facet = node("content-data-facet", path);
        let hash = node("hash", path);
        let names = node("file-facet", path);
        let entity = json!({"@id": name, "@type": "uco-observable:File", "uco-core:hasFacet": [
            {"@id": names, "@type": "uco-observable:FileFacet", "uco-observable:filePath": path,
             "uco-observable:fileName": path.rsplit('/').next().unwrap_or(path), "uco-observable:sizeInBytes": whole(bytes)},
            {"@id": facet, "@type": "uco-observable:ContentDataFacet", "uco-observable:mimeType": media_type,
             "uco-observable:sizeInBytes": whole(bytes), "uco-observable:hash": {"@id": hash, "@type": "uco-types:Hash",
                "uco-types:hashMethod": "SHA256",
                "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": object.hex()}}}]});
        self.put(&name, entity);
        name
    }
    fn record(&mut self, of: &str, number: &str, words: &str, file: &str) -> String {
        let name = node("provenance-record", of);
        let entity = json!({"@id": name, "@type": "case-investigation:ProvenanceRecord", "uco-core:description": words,
            "case-investigation:exhibitNumber": number, "uco-core:object": at(file)});
        self.put(&name, entity);
        name
    }
}

fn exhibit(g: &mut Graph, e: &Exhibit, trail: &[Entry]) -> Vec<Value> {
    let no = e.exhibit.to_string();
    let original = g.file(&e.file, e.bytes, &e.media_type, &e.object);
    let record = g.record(&e.file, &no, "The original as it was taken in", &original);
    let mut all = vec![at(&original), at(&record)];
    let mut made = Vec::new();
    for d in &e.derivatives {
        let file = g.file(&d.file, d.bytes, &d.media_type, &d.object);
        let words = format!("{}, machine output that nobody has reviewed", words::derivative(d.kind));
        let of = g.record(&d.file, &no, &words, &file);
        all.extend([at(&file), at(&of)]);
        made.push((d.derivation, file, of));
    }
    let mut before: Option<String> = None;
    for entry in trail {
        let v = &entry.event;
        let name = node("investigative-action", &format!("{}", entry.seq));
        let (actor, tool) = (g.actor(&v.actor.id), g.tool(v.tool.as_str()));
        let mine = made.iter().find(|m| v.fact("derivation") == Some(&Detail::Digest(m.0)));
        let (object, result) = match (v.action, mine) {
            (Action::Transformed, Some((_, file, of))) => (json!([at(&original), at(&record)]), Some(json!([at(file), at(of)]))),
            (Action::Imported | Action::Collected | Action::Received, _) => (at(&original), Some(at(&record))),
            _ => (json!([at(&original), at(&record)]), None),
        };
        let mut action = json!({
            "@id": name, "@type": "case-investigation:InvestigativeAction", "uco-core:name": v.action.word(),
            "uco-core:description": format!("{} {}", v.actor.id, words::act(v.action)),
            "uco-action:startTime": time(v.time), "uco-action:endTime": time(v.time), "uco-action:performer": at(&actor),
            "uco-action:instrument": at(&tool), "uco-action:object": object,
            "zapys:ledgerEntry": whole(entry.seq.0), "zapys:leafHash": entry.leaf.hex(), "zapys:exhibit": no,
        });
        if let Some(result) = result {
            action["uco-action:result"] = result;
        }
        if let Some(before) = before.replace(name.clone()) {
            action["case-investigation:wasInformedBy"] = at(&before);
        }
        g.put(&name, action);
        all.push(at(&name));
    }
    all
}

/// The document.
pub(crate) fn custody(x: &Extract, m: &Manifest, trails: &[Vec<Entry>]) -> Value {
    let mut g = Graph { nodes: Vec::new(), there: BTreeSet::new() };
    let mut objects = Vec::new();
    for (e, trail) in m.exhibits.iter().zip(trails) {
        objects.extend(exhibit(&mut g, e, trail));
    }
    let name = node("investigation", &x.case.to_string());
    let investigation = json!({
        "@id": name, "@type": "case-investigation:Investigation", "uco-core:name": format!("case:{}", x.case),
        "uco-core:description": format!("Production {} of this case, as of {}", x.production, words::moment(x.made)),
        "uco-core:object": objects,
    });
    let nodes: Vec<Value> = [investigation].into_iter().chain(g.nodes).collect();
    json!({
        "@context": {
            "kb": "urn:zapys:kb:",
            "zapys": "urn:zapys:terms:",
            "case-investigation": "https://ontology.caseontology.org/case/investigation/",
            "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
            "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
            "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
            "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
            "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
            "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": nodes,
    })
}
