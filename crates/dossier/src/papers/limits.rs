//! Limits that are seen from the data, then those that were stated. One list for every form of the report.

use crate::extract::{Exhibit, Extract, Status};
use crate::gates::number;
use crate::manifest::Limitation;
use zapys_domain::DerivativeKind;

/// A sentence and what an exhibit must lack for it to apply.
type Seen = (&'static str, fn(&Exhibit) -> bool);

const SEEN: [Seen; 13] = [
    ("The date of recording is unknown.", |e| e.recorded.is_none()),
    ("No source is stated.", |e| e.acquisitions.iter().all(|a| a.provenance.source.is_none())),
    ("No legal basis is stated.", |e| {
        e.records.legal_basis.is_none() && e.acquisitions.iter().all(|a| a.provenance.legal_basis.is_none())
    }),
    ("How the call was intercepted is not on record.", |e| {
        matches!(e.kind, zapys_domain::ItemKind::Recording) && e.records.interception.is_none()
    }),
    ("Nobody has identified a voice, and the date of recording has no basis (R1.13).", |e| {
        matches!(e.kind, zapys_domain::ItemKind::Recording) && e.records.voices.is_empty() && e.recorded.is_none()
    }),
    ("The capture lacks its address, the page source or a picture of the full page: below the Berkeley minimum (R1.3).", |e| {
        e.records.capture.as_ref().is_some_and(|c| !c.meets_berkeley_minimum())
    }),
    ("It is an excerpt, and the whole is not available to the receiver.", |e| {
        e.records.excerpt.as_ref().is_some_and(|x| !x.full_available)
    }),
    ("There are statements against it on record (R1.8).", |e| !e.records.against.is_empty()),
    ("Errors in handling it are on record (R1.31).", |e| !e.records.errors.is_empty()),
    ("A derivation that was due gave nothing.", |e| !e.not_derived.is_empty()),
    ("It is unverified: nobody has checked it.", |e| e.status == Status::Unverified),
    ("Words of it were made on a server: which program and weights ran there, nobody outside can know (R1.2).", |e| {
        e.derivatives.iter().any(|d| d.engine.is_elsewhere())
    }),
    ("It is transcribed, and not translated.", |e| {
        let has = |k| e.derivatives.iter().any(|d| d.kind == k);
        has(DerivativeKind::Transcript) && !has(DerivativeKind::Translation) && e.records.rendered.is_empty()
    }),
];

/// Everything that the production does not hold or prove, as far as it is known.
pub(crate) fn limits(x: &Extract) -> Vec<Limitation> {
    let all = |text: &str| Limitation { text: text.into(), exhibits: Vec::new() };
    let mut out = vec![all(
        "Everything that engines made is machine output. Nobody has listened or read along; words may be wrong, invented or \
         missing, above all negations, names and numbers.",
    )];
    if x.ledger.stamps.is_empty() {
        out.push(all("The ledger's head carries no trusted time stamp: times rest on the clock of the machine."));
    }
    out.push(all("How many items the case holds is stated by whoever made the production, not proven."));
    for (text, lacks) in SEEN {
        let exhibits: Vec<_> = x.exhibits.iter().enumerate().filter(|(_, e)| lacks(e)).map(|(i, _)| number(i)).collect();
        if !exhibits.is_empty() {
            out.push(Limitation { text: text.into(), exhibits });
        }
    }
    out.extend(x.limitations.iter().map(|l| all(l)));
    out
}
