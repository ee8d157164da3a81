//! `data/ro-crate-metadata.json`: RO-Crate 1.2, flattened and compacted. Every file of the payload is reached from the root
//! by `hasPart`; every derivation is a `CreateAction`; terms of our own are declared in the context.

use crate::digest::Digests;
use crate::extract::Extract;
use crate::layout::{CRATE, EXHIBITS};
use crate::manifest::{Derivative, Exhibit, Manifest};
use crate::words;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::{DerivativeKind, ObjectId};
use zapys_ledger::Hash;

const PROFILE: &str = "https://w3id.org/ro/crate/1.2";
const RIGHTS: &str = "http://rightsstatements.org/vocab/CNE/1.0/";
/// Our own terms; PREMIS words stand as text in `eventType`.
const TERMS: [&str; 11] = [
    "caseId",
    "custodyEvents",
    "derivationKey",
    "eventType",
    "exhibitNumber",
    "itemId",
    "ledgerOrigin",
    "ledgerRoot",
    "ledgerSize",
    "parameters",
    "reviewed",
];

/// The entities of a crate, each once, in the order in which they came.
struct Graph {
    entities: Vec<Value>,
    there: BTreeSet<String>,
}
impl Graph {
    fn put(&mut self, id: &str, entity: Value) {
        if self.there.insert(id.to_owned()) {
            self.entities.push(entity);
        }
    }
}

fn id(of: impl Into<String>) -> Value {
    json!({"@id": of.into()})
}
/// One value as itself, several as a list: arrays of one are not recommended.
fn many(mut all: Vec<Value>) -> Value {
    if all.len() == 1 { all.remove(0) } else { Value::Array(all) }
}
/// Path inside the crate, whose root is `data/`. Escaped as an IRI reference; our names need nothing else.
fn inside(path: &str) -> String {
    path.strip_prefix("data/").unwrap_or(path).replace('%', "%25").replace(' ', "%20")
}
fn event_type(kind: DerivativeKind) -> &'static str {
    match kind {
        DerivativeKind::Probe | DerivativeKind::Decode | DerivativeKind::Picture | DerivativeKind::Peaks => "metadata extraction",
        DerivativeKind::Messages | DerivativeKind::Calls | DerivativeKind::Text => "extraction",
        DerivativeKind::Proxy => "migration",
        DerivativeKind::Enhanced => "modification",
        DerivativeKind::Speech
        | DerivativeKind::Speakers
        | DerivativeKind::VoicePrints
        | DerivativeKind::Transcript
        | DerivativeKind::SecondTranscript
        | DerivativeKind::Translation
        | DerivativeKind::SecondTranslation => "creation",
    }
}

struct Describe<'a> {
    written: &'a BTreeMap<String, Digests>,
    /// First file of each object.
    files: BTreeMap<ObjectId, String>,
    graph: Graph,
    actions: Vec<Value>,
}
impl Describe<'_> {
    fn file(&mut self, path: &str, name: &str, description: &str, media_type: &str, more: Value) {
        let mut entity = Map::new();
        let at = inside(path);
        entity.insert("@id".into(), at.clone().into());
        entity.insert("@type".into(), "File".into());
        entity.insert("name".into(), crate::safe::line(name).into());
        entity.insert("description".into(), crate::safe::line(description).into());
        entity.insert("encodingFormat".into(), media_type.into());
        if let Some(d) = self.written.get(path) {
            entity.insert("contentSize".into(), d.bytes.to_string().into());
            entity.insert("sha256".into(), d.sha256.hex().into());
        }
        if let Value::Object(more) = more {
            entity.extend(more);
        }
        self.graph.put(&at, Value::Object(entity));
    }
    fn person(&mut self, actor: &str) -> String {
        if actor.starts_with("program:") {
            return "#zapys".into();
        }
        let at = format!("#{}", actor.replace(':', "-"));
        self.graph.put(&at, json!({"@id": at, "@type": "Person", "name": format!("{actor} (pseudonym)")}));
        at
    }
    fn instrument(&mut self, d: &Derivative) -> String {
        let e = &d.engine;
        let key = Hash::of(serde_json::to_string(e).unwrap_or_default().as_bytes()).hex();
        let at = format!("#engine-{}", &key[..16]);
        let mut entity = json!({"@id": at, "@type": "SoftwareApplication", "name": e.name, "version": e.version,
            "url": format!("urn:zapys:engine:{}", e.name)});
        if let Some(sha) = &e.binary_sha256 {
            entity["sha256"] = sha.clone().into();
        }
        if let Some(model) = &e.model {
            let model_at = format!("#model-{}", &key[..16]);
            let mut m =
                json!({"@id": model_at, "@type": "CreativeWork", "name": model, "description": "Model that the engine runs"});
            if let Some(sha) = &e.model_sha256 {
                m["sha256"] = sha.clone().into();
            }
            self.graph.put(&model_at, m);
            entity["softwareRequirements"] = id(model_at);
        }
        self.graph.put(&at, entity);
        at
    }
    /// Where the bytes of an object are; what is not in the production is named by its digest.
    fn place(&mut self, object: &ObjectId) -> String {
        if let Some(file) = self.files.get(object) {
            return inside(file);
        }
        let at = format!("#sha256-{}", object.hex());
        let entity =
            json!({"@id": at, "@type": "CreativeWork", "name": "Bytes that are not in this production", "sha256": object.hex()});
        self.graph.put(&at, entity);
        at
    }
    fn action(&mut self, at: String, entity: Value) {
        self.actions.push(id(at.clone()));
        self.graph.put(&at, entity);
    }

    fn derivation(&mut self, e: &Exhibit, d: &Derivative) {
        let instrument = self.instrument(d);
        let agent = self.person("program:worker");
        let from: Vec<Value> = d.inputs.iter().map(|o| id(self.place(o))).collect();
        // Two derivations may give the same bytes: each names its own file.
        let at = format!("#derivation-{}-{}", e.exhibit, d.derivation);
        let entity = json!({
            "@id": at, "@type": "CreateAction", "name": format!("{} of {}", words::derivative(d.kind), e.exhibit),
            "agent": id(agent), "instrument": id(instrument), "object": many(from), "result": id(inside(&d.file)),
            "startTime": d.started, "endTime": d.finished, "eventType": event_type(d.kind),
            "derivationKey": d.derivation, "parameters": d.parameters.to_string(),
        });
        self.action(at, entity);
    }

    fn exhibit(&mut self, e: &Exhibit) -> Value {
        let home = format!("{}/", inside(&format!("{EXHIBITS}/{}", e.exhibit)));
        let mut parts = vec![id(inside(&e.file))];
        let original = json!({"exhibitNumber": e.exhibit, "itemId": e.item.to_string(), "custodyEvents": e.events.len()});
        self.file(
            &e.file,
            &format!("{}, original", e.exhibit),
            "The original, byte for byte as it was taken in",
            &e.media_type,
            original,
        );
        for d in &e.derivatives {
            parts.push(id(inside(&d.file)));
            let words = format!("{} of {}; machine output, not reviewed", words::derivative(d.kind), e.exhibit);
            let more = json!({"reviewed": d.reviewed.to_string()});
            self.file(&d.file, &format!("{}, {}", e.exhibit, d.kind), &words, &d.media_type, more);
            self.derivation(e, d);
        }
        for t in &e.texts {
            parts.push(id(inside(&t.file)));
            let words = format!("Readable copy made for this production from derivatives of {}", e.exhibit);
            self.file(&t.file, &format!("{}, text", e.exhibit), &words, "text/plain", json!({}));
            let from: Vec<Value> =
                e.derivatives.iter().filter(|d| t.derivations.contains(&d.derivation)).map(|d| id(inside(&d.file))).collect();
            let at = format!("#text-{}", inside(&t.file));
            let entity = json!({"@id": at, "@type": "CreateAction", "name": format!("Readable text of {}", e.exhibit),
                "agent": id("#zapys"), "instrument": id("#zapys"), "object": many(from), "result": id(inside(&t.file)),
                "eventType": "creation"});
            self.action(at, entity);
        }
        let mut entity = json!({"@id": home, "@type": "Dataset", "name": format!("Exhibit {}", e.exhibit),
            "description": format!("{} with what was derived from it", words::kind(e.kind)),
            "exhibitNumber": e.exhibit, "hasPart": many(parts)});
        if let Some(recorded) = &e.recorded {
            entity["temporalCoverage"] = recorded.value.clone().into();
        }
        self.graph.put(&home, entity);
        id(home)
    }
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "json" => "application/json",
        "jsonld" => "application/ld+json",
        "html" => "text/html",
        "pdf" => "application/pdf",
        _ => "text/plain",
    }
}

/// The crate. `written`: every file of the payload written so far, which is all but this one.
pub(crate) fn description(x: &Extract, m: &Manifest, written: &BTreeMap<String, Digests>) -> Value {
    let mut files = BTreeMap::new();
    for e in &m.exhibits {
        for (object, file) in
            e.derivatives.iter().map(|d| (d.object, &d.file)).chain([(e.object, &e.file)]).collect::<Vec<_>>().into_iter().rev()
        {
            files.entry(object).or_insert_with(|| file.clone());
        }
    }
    let mut d = Describe { written, files, graph: Graph { entities: Vec::new(), there: BTreeSet::new() }, actions: Vec::new() };
    let mut parts: Vec<Value> = m.exhibits.iter().map(|e| d.exhibit(e)).collect();
    for p in m.papers.iter().filter(|p| p.file != CRATE) {
        parts.push(id(inside(&p.file)));
        d.file(&p.file, &p.what, &p.what, media_type(&p.file), json!({}));
    }
    let maker = d.person(&x.made_by.id);
    let (name, version) = x.program.rsplit_once(' ').unwrap_or((&x.program, "unknown"));
    d.graph.put(
        "#zapys",
        json!({"@id": "#zapys", "@type": "SoftwareApplication", "name": name, "version": version, "url": "urn:zapys:program"}),
    );
    let number =
        json!({"@id": "#production-id", "@type": "PropertyValue", "name": "production", "value": m.production.to_string()});
    d.graph.put("#production-id", number);
    d.graph.put(
        RIGHTS,
        json!({"@id": RIGHTS, "@type": "CreativeWork", "name": "Copyright not evaluated",
            "description": "Nobody has evaluated the rights in the originals; no licence is granted with this production"}),
    );
    let mut root = json!({
        "@id": "./", "@type": "Dataset",
        "name": format!("Production {}", m.production),
        "description": format!("{} of a case, with derivatives, custody events and proofs: {}",
            words::count(m.exhibits.len(), "exhibit", "exhibits"), crate::safe::line(&m.selection)),
        "datePublished": m.made, "license": id(RIGHTS), "publisher": id(maker), "identifier": id("#production-id"), "caseId": m.case.to_string(),
        "ledgerOrigin": m.ledger.origin, "ledgerSize": m.ledger.size, "ledgerRoot": m.ledger.root,
        "hasPart": many(parts),
    });
    if !d.actions.is_empty() {
        root["mentions"] = many(std::mem::take(&mut d.actions));
    }
    let head = json!({"@id": "ro-crate-metadata.json", "@type": "CreativeWork", "conformsTo": id(PROFILE), "about": id("./")});
    let own: Map<String, Value> = TERMS.iter().map(|t| ((*t).to_owned(), format!("urn:zapys:terms:{t}").into())).collect();
    let graph: Vec<Value> = [head, root].into_iter().chain(d.graph.entities).collect();
    json!({"@context": [format!("{PROFILE}/context"), own], "@graph": graph})
}
