//! V7: every verdict about a time stamp beside the one of `openssl ts -verify`, and the tokens of others.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use zapys_domain::Instant;
use zapys_ledger::stamp::{Certificate, Crl, Reply, Request, StampError, State, Token, Trust, judge, verify};
use zapys_tests::Authority;
use zapys_tests::validator;

const DATA: &[u8] = b"example.test/log\n3\nq6urq6urq6urq6urq6urq6urq6urq6urq6urq6urq6s=\n\n\xe2\x80\x94 o AAAAAAA=\n";

/// A request written by us over `DATA` as `r.tsq`, and one with another nonce as `r2.tsq`.
fn request(a: &Authority) -> Request {
    a.put("data", DATA);
    a.put("other-data", b"other data");
    let request = Request::new(DATA, &[0x91, 2, 3, 4, 5, 6, 7, 8]);
    a.put("r.tsq", &request.der());
    a.put("r2.tsq", &Request::new(DATA, &[0x91, 2, 3, 4, 5, 6, 7, 9]).der());
    request
}
fn certificates(a: &Authority, names: &[&str]) -> Vec<Certificate> {
    names.iter().flat_map(|n| Certificate::read_file(&a.get(n)).expect("openssl writes certificates")).collect()
}
fn token(a: &Authority, file: &str) -> Token {
    Reply::parse(&a.get(file)).expect("a reply").token().clone()
}
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
/// V16: reply, data, nonce, roots, what lies beside. Ends with 0 where the token holds, with 1 where it does not,
/// with 2 where it cannot read it: openssl does not sort the certificates in a token, and it insists.
const V16: &str = r#"
import sys
from cryptography import x509
import rfc3161_client as t
read = lambda name: open(name, 'rb').read()
reply, data, nonce, roots, beside = sys.argv[1:]
builder = t.VerifierBuilder()
for c in x509.load_pem_x509_certificates(read(roots)):
    builder = builder.add_root_certificate(c)
leaf = None
for c in x509.load_pem_x509_certificates(read(beside)) if beside != '-' else []:
    try:
        c.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        builder = builder.tsa_certificate(c)
    except x509.ExtensionNotFound:
        builder = builder.add_intermediate_certificate(c)
if nonce != '-':
    builder = builder.nonce(int(nonce, 16))
try:
    builder.build().verify_message(t.decode_timestamp_response(read(reply)), read(data))
except (t.VerificationError, ValueError) as e:
    print(e, file=sys.stderr)
    sys.exit(2 if 'InvalidSetOrdering' in str(e) else 1)
"#;
fn reason(r: Result<zapys_ledger::stamp::Stamped, StampError>) -> &'static str {
    match r {
        Ok(_) => "ok",
        Err(e) => e.word(),
    }
}

#[test]
fn v7_a_request_is_read_by_openssl_and_comes_back() {
    let Some(a) = Authority::new() else { return };
    let ours = request(&a);
    a.must("ts -query -in r.tsq -text");
    assert_eq!(Request::parse(&a.get("r.tsq")), Ok(ours.clone()));
    a.must("ts -query -data data -sha256 -cert -tspolicy 1.2.3.4.5 -out theirs.tsq");
    let theirs = Request::parse(&a.get("theirs.tsq")).expect("reads theirs");
    assert_eq!((theirs.imprint(), theirs.policy()), (ours.imprint(), Some("1.2.3.4.5")));
    assert_eq!(Request::parse(&theirs.der()), Ok(theirs.clone()));
    assert_eq!(theirs.der(), a.get("theirs.tsq"), "the same request is the same bytes");
    a.must("ts -query -data data -sha512 -out long.tsq");
    assert!(matches!(Request::parse(&a.get("long.tsq")), Err(StampError::Algorithm { .. })));
    let mut long = ours.der();
    long.push(0);
    assert!(matches!(Request::parse(&long), Err(StampError::Malformed { .. })));
}

#[test]
fn v7_r2_4_every_verdict_is_the_one_of_openssl() {
    let Some(a) = Authority::new() else { return };
    let ours = request(&a);
    a.key("tsa", "RSA -pkeyopt rsa_keygen_bits:3072");
    a.certify("tsa", "middle", "tsa_ext", 30);
    a.key("short", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("short", "root", "tsa_ext", 1);
    a.key("old", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify_between("old", "root", "20200101000000Z", "20210101000000Z");
    a.reply("r.tsq", "tsa", Some("middle.pem"), "good.tsr");
    a.reply("r.tsq", "tsa", None, "alone.tsr");
    a.reply("r.tsq", "short", None, "short.tsr");
    a.reply("r.tsq", "old", None, "old.tsr");
    a.must("ts -query -data data -sha256 -out bare.tsq");
    a.reply("bare.tsq", "tsa", None, "bare.tsr");
    a.must("ts -query -data data -sha512 -cert -out long.tsq");
    a.reply("long.tsq", "short", None, "long.tsr");
    let both = [a.get("tsa.pem"), a.get("middle.pem")].concat();
    a.put("both.pem", &both);

    a.put("v16.py", V16.as_bytes());
    let python = validator("v-rfc3161/bin/python3");
    let week = 7 * 86_400;
    // Token, data, request, roots, what lies beside, moment (None: of the token; else days after it), expected.
    type Case<'a> = (&'a str, &'a str, Option<&'a str>, &'a str, Option<&'a str>, Option<i64>, &'a str);
    let cases: &[Case] = &[
        ("good.tsr", "data", Some("r.tsq"), "root.pem", None, None, "ok"),
        ("good.tsr", "data", None, "root.pem", None, None, "ok"),
        ("good.tsr", "other-data", None, "root.pem", None, None, "stamp-other-data"),
        ("good.tsr", "data", Some("r2.tsq"), "root.pem", None, None, "stamp-nonce"),
        ("good.tsr", "data", Some("r.tsq"), "other.pem", None, None, "stamp-no-root"),
        ("alone.tsr", "data", Some("r.tsq"), "root.pem", None, None, "stamp-no-root"),
        ("alone.tsr", "data", Some("r.tsq"), "root.pem", Some("middle.pem"), None, "ok"),
        ("bare.tsr", "data", None, "root.pem", None, None, "stamp-no-signer"),
        ("bare.tsr", "data", None, "root.pem", Some("middle.pem"), None, "stamp-no-signer"),
        ("bare.tsr", "data", None, "root.pem", Some("both.pem"), None, "ok"),
        ("bare.tsr", "data", Some("r.tsq"), "root.pem", Some("both.pem"), None, "stamp-nonce"),
        ("short.tsr", "data", Some("r.tsq"), "root.pem", None, None, "ok"),
        ("short.tsr", "data", Some("r.tsq"), "root.pem", None, Some(week), "stamp-expired"),
        ("short.tsr", "data", Some("r.tsq"), "root.pem", None, Some(-week), "stamp-not-yet-valid"),
        ("old.tsr", "data", Some("r.tsq"), "root.pem", None, None, "stamp-expired"),
        ("long.tsr", "data", None, "root.pem", None, None, "ok"),
        ("long.tsr", "other-data", None, "root.pem", None, None, "stamp-other-data"),
    ];
    for (reply, data, query, roots, beside, later, want) in cases {
        let token = token(&a, reply);
        let bytes = a.get(data);
        let request = query.map(|q| Request::parse(&a.get(q)).expect("a request"));
        let (roots_, extra) = (certificates(&a, &[roots]), beside.map(|b| certificates(&a, &[b])).unwrap_or_default());
        let at = later.map(|s| Instant::from_micros(token.time().micros() + s * 1_000_000));
        let trust = Trust { roots: &roots_, extra: &extra, at, ..Trust::default() };
        let found = verify(&token, &bytes, request.as_ref(), &trust);
        if let Ok(stamped) = &found {
            assert_eq!((stamped.root.as_deref(), stamped.time), (Some("CN=Root"), token.time()));
        }
        assert_eq!(reason(found), *want, "{reply} {data} {query:?} {roots} {beside:?} {later:?}");

        // openssl takes data or query; with a query the data are checked by themselves.
        let what = query.map_or(format!("-data {data}"), |q| format!("-queryfile {q}"));
        let untrusted = beside.map(|b| format!(" -untrusted {b}")).unwrap_or_default();
        let moment = at.unwrap_or(token.time()).micros() / 1_000_000;
        let line = format!("ts -verify {what} -in {reply} -CAfile {roots}{untrusted} -attime {moment}");
        assert_eq!(a.run(&line), *want == "ok", "{line}");

        // V16 knows no moment but that of the token.
        if let (Some(python), None) = (&python, later) {
            let nonce = request.as_ref().map_or("-".into(), |r| hex(r.nonce()));
            let line = [*reply, *data, &nonce, *roots, beside.unwrap_or("-")];
            let out = Command::new(python).args(["v16.py"]).args(line).current_dir(a.dir()).output().expect("python runs");
            println!("v16 {line:?}: {}", String::from_utf8_lossy(&out.stderr));
            let theirs = if *reply == "good.tsr" { 2 } else { i32::from(*want != "ok") };
            assert_eq!(out.status.code(), Some(theirs), "{line:?}");
        }
    }

    // Without roots a token in order is `stamped`, never `verified`; one that does not hold is `failed`.
    let good = token(&a, "good.tsr");
    assert_eq!(judge(&good, DATA, Some(&ours), &Trust::default()).0, State::Stamped);
    assert_eq!(judge(&good, b"other", Some(&ours), &Trust::default()).0, State::Failed);
    let roots = certificates(&a, &["root.pem"]);
    let trust = Trust { roots: &roots, ..Trust::default() };
    assert_eq!(judge(&good, DATA, Some(&ours), &trust).0, State::Verified);
    // The signer's own certificate is no root, even if somebody hands it in as one.
    let pinned = certificates(&a, &["tsa.pem"]);
    assert_eq!(reason(verify(&good, DATA, None, &Trust { roots: &pinned, ..Trust::default() })), "stamp-no-root");
}

#[test]
fn v7_every_kind_of_signature_and_certificate() {
    let Some(a) = Authority::new() else { return };
    request(&a);
    a.key("tsa", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("tsa", "root", "tsa_ext", 30);
    for (name, algorithm) in [
        ("rsa", "RSA -pkeyopt rsa_keygen_bits:2048"),
        ("p384", "EC -pkeyopt ec_paramgen_curve:P-384"),
        ("p521", "EC -pkeyopt ec_paramgen_curve:P-521"),
        ("weak", "RSA -pkeyopt rsa_keygen_bits:1024"),
    ] {
        a.key(name, algorithm);
        a.certify(name, "root", "tsa_ext", 30);
    }
    // An authority that signs with Ed25519, below it one that stamps.
    a.key("ed", "ED25519");
    a.certify("ed", "root", "ca_ext", 30);
    a.key("below", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("below", "ed", "tsa_ext", 30);
    for name in ["lax", "both", "plain"] {
        a.key(name, "EC -pkeyopt ec_paramgen_curve:P-256");
        let extensions = if name == "plain" { "ca_ext".into() } else { format!("{name}_ext") };
        a.certify(name, "root", &extensions, 30);
    }
    // A reply, made when all certificates are valid; its content is then signed again in other ways.
    a.reply("r.tsq", "tsa", None, "good.tsr");
    a.must("ts -reply -in good.tsr -token_out -out good.tk");
    a.must("cms -verify -noverify -inform DER -in good.tk -binary -out info");
    let roots = certificates(&a, &["root.pem"]);
    let trust = Trust { roots: &roots, ..Trust::default() };
    // Who signs and how, what we say, and whether openssl agrees. It takes more algorithms than we do.
    let cases = [
        ("tsa", "-md sha256", "ok", true),
        ("tsa", "-md sha512", "ok", true),
        ("tsa", "-md sha256 -keyid", "ok", true),
        ("rsa", "-md sha256", "ok", true),
        ("rsa", "-md sha384", "ok", true),
        ("rsa", "-md sha512", "ok", true),
        ("rsa", "-md sha256 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:32", "ok", true),
        ("rsa", "-md sha512 -keyopt rsa_padding_mode:pss -keyopt rsa_pss_saltlen:-1", "ok", true),
        ("p384", "-md sha256", "ok", true),
        ("p384", "-md sha384", "ok", true),
        ("below", "-md sha256 -certfile ed.pem", "ok", true),
        ("p521", "-md sha512", "stamp-algorithm", true),
        ("weak", "-md sha256", "stamp-algorithm", true),
        ("rsa", "-md sha1", "stamp-algorithm", true),
        ("lax", "-md sha256", "stamp-purpose", false),
        ("both", "-md sha256", "stamp-purpose", false),
        ("plain", "-md sha256", "stamp-purpose", false),
    ];
    for (name, how, want, theirs) in cases {
        a.must(&format!(
            "cms -sign -binary -nodetach -cades -econtent_type 1.2.840.113549.1.9.16.1.4 -in info -signer {name}.pem \
             -inkey {name}.key {how} -outform DER -out t.tk"
        ));
        let found = Token::parse(&a.get("t.tk")).and_then(|t| verify(&t, DATA, None, &trust));
        assert_eq!(reason(found), want, "{name} {how}");
        // `openssl ts` reads older messages only; its newer `cms` checks everything but the digest of the data.
        assert_eq!(
            a.run("cms -verify -inform DER -in t.tk -CAfile root.pem -purpose timestampsign -out seen"),
            theirs,
            "{name} {how}"
        );
    }
    // Not bound to a certificate at all.
    a.must(
        "cms -sign -binary -nodetach -econtent_type 1.2.840.113549.1.9.16.1.4 -in info -signer tsa.pem -inkey tsa.key \
         -md sha256 -outform DER -out t.tk",
    );
    assert_eq!(Token::parse(&a.get("t.tk")), Err(StampError::Binding));
    assert!(!a.run("ts -verify -data data -token_in -in t.tk -CAfile root.pem"));
    // Bound by the first version of the attribute, with SHA-1 of the certificate.
    a.put(
        "ts.cnf",
        String::from_utf8_lossy(&a.get("ts.cnf")).replace("ess_cert_id_alg = sha256", "ess_cert_id_alg = sha1").as_bytes(),
    );
    a.reply("r.tsq", "rsa", None, "v1.tsr");
    assert_eq!(reason(verify(&token(&a, "v1.tsr"), DATA, None, &trust)), "ok");
    // A signed message that is no time stamp.
    a.must("cms -sign -binary -nodetach -cades -in info -signer tsa.pem -inkey tsa.key -md sha256 -outform DER -out t.tk");
    assert!(matches!(Token::parse(&a.get("t.tk")), Err(StampError::Malformed { .. })));
}

#[test]
fn r2_4_what_an_authority_refuses_or_revokes_is_said() {
    let Some(a) = Authority::new() else { return };
    let ours = request(&a);
    a.key("tsa", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify_between("tsa", "root", "20200101000000Z", "20990101000000Z");
    a.reply("r.tsq", "tsa", None, "good.tsr");
    let (token, roots) = (token(&a, "good.tsr"), certificates(&a, &["root.pem"]));
    // A policy the authority does not know.
    a.put("odd.tsq", &ours.clone().with_policy("1.2.3.4.99").expect("an identifier").der());
    a.reply("odd.tsq", "tsa", None, "odd.tsr");
    assert_eq!(Reply::parse(&a.get("odd.tsr")), Err(StampError::Refused { status: 2 }));
    let asked = ours.clone().with_policy("1.2.3.4.5").expect("an identifier");
    assert_eq!(token.answers(&asked), Err(StampError::Policy));

    let list = |name: &str| Crl::read_file(&a.get(name)).expect("openssl writes lists");
    a.must("ca -config ts.cnf -gencrl -cert root.pem -keyfile root.key -out empty.crl");
    a.must("ca -config ts.cnf -revoke tsa.pem -cert root.pem -keyfile root.key");
    a.must("ca -config ts.cnf -gencrl -cert root.pem -keyfile root.key -out full.crl");
    a.must("ca -config ts.cnf -gencrl -cert other.pem -keyfile other.key -out forged.crl");
    let found = |name: &str, at: Option<Instant>| {
        let crls = [list(name)];
        reason(verify(&token, DATA, Some(&ours), &Trust { roots: &roots, crls: &crls, at, ..Trust::default() }))
    };
    let later = Instant::from_micros(token.time().micros() + 86_400_000_000);
    assert_eq!(found("empty.crl", Some(later)), "ok");
    assert_eq!(found("full.crl", Some(later)), "stamp-revoked");
    // The same revocation, dated long after the time stamp.
    let index = String::from_utf8(a.get("index.txt")).expect("text");
    let mut fields: Vec<&str> = index.split('\t').collect();
    fields[2] = "491231235959Z";
    a.put("index.txt", fields.join("\t").as_bytes());
    a.must("ca -config ts.cnf -gencrl -cert root.pem -keyfile root.key -out late.crl");
    assert_eq!(found("late.crl", None), "ok", "revoked only afterwards");
    assert_eq!(found("forged.crl", Some(later)), "ok", "the list of somebody else says nothing");
}

#[test]
fn r2_4_no_changed_byte_is_believed_that_openssl_does_not_believe() {
    let Some(a) = Authority::new() else { return };
    request(&a);
    a.key("tsa", "EC -pkeyopt ec_paramgen_curve:P-256");
    a.certify("tsa", "root", "tsa_ext", 30);
    a.reply("r.tsq", "tsa", None, "good.tsr");
    let (good, roots) = (a.get("good.tsr"), certificates(&a, &["root.pem"]));
    let trust = Trust { roots: &roots, ..Trust::default() };
    let holds = |bytes: &[u8]| Reply::parse(bytes).and_then(|r| verify(r.token(), DATA, None, &trust)).is_ok();
    assert!(holds(&good));
    for length in 0..good.len() {
        assert!(!holds(&good[..length]), "cut at {length}");
    }
    let mut believed = 0;
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 1 << (at % 8);
        if holds(&changed) {
            believed += 1;
            a.put("changed.tsr", &changed);
            assert!(a.run("ts -verify -data data -in changed.tsr -CAfile root.pem"), "byte {at}");
        }
    }
    // Nothing in it is unsigned but numbers of versions and the like.
    assert!(believed < 20, "{believed} of {} changes were believed", good.len());
}

fn shared() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/standards/rfc3161");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: ../shared is not here");
    None
}

#[test]
fn tokens_of_others_are_judged_as_others_judge_them() {
    let Some(folder) = shared() else { return };
    let read = |name: &str| fs::read(folder.join(name)).expect(name);
    let chain = |name: &str| Certificate::read_file(&read(name)).expect(name);
    let now = Instant::from_seconds(1_790_000_000);
    let check = |reply: &str, data: &[u8], roots: &[Certificate], extra: &[Certificate], at: Option<Instant>| {
        let token = Reply::parse(&read(reply)).expect(reply).token().clone();
        reason(verify(&token, data, None, &Trust { roots, extra, at, ..Trust::default() }))
    };
    // Signer, authority, root; the data are the word "hello" under SHA-512.
    let test = chain("test_tsa__ts_chain.pem");
    for reply in ["test_tsa__response.tsr", "test_tsa__other_response.tsr", "test_tsa__response-injected-certs.tsr"] {
        assert_eq!(
            check(reply, b"hello", &test[2..], &test[..2], None),
            if reply.contains("other_r") { "stamp-no-root" } else { "ok" },
            "{reply}"
        );
        assert_eq!(check(reply, b"hallo", &test[2..], &test[..2], None), "stamp-other-data");
    }
    let mock = chain("sigstore.mock__ts_chain.pem");
    let payload = read("sigstore.mock__payload");
    assert_eq!(check("sigstore.mock__response-expired.tsr", &payload, &mock[1..], &mock[..1], None), "ok");
    assert_eq!(check("sigstore.mock__response-expired.tsr", &payload, &mock[1..], &mock[..1], Some(now)), "stamp-expired");
    assert_eq!(check("sigstore.mock__response-expired.tsr", &payload, &mock[1..], &[], None), "stamp-no-signer");
    assert_eq!(check("sigstore.mock__response-expired.tsr", &payload, &test[2..], &mock[..1], None), "stamp-no-root");
    assert_eq!(chain("sigstage__ts_chain.pem").len(), 2);
    assert_eq!(chain("identrust__ts_chain.pem").len(), 1);
}
