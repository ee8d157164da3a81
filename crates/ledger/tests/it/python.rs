//! V8: `aics-tlog`; V10, V11: `ots` and `otskit`.

use super::{checkpoint, log};
use std::convert::Infallible;
use std::fs;
use std::path::Path;
use std::process::Command;
use zapys_ledger::tiles::export;
use zapys_ledger::tree::inclusion;
use zapys_ledger::{Signer, TlogProof};
use zapys_tests::validator;

fn run(program: &Path, folder: &Path, line: &str) -> bool {
    let out = Command::new(program).args(line.split_whitespace()).current_dir(folder).output().expect("runs");
    println!("{line}: {}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    out.status.success()
}

#[test]
fn v8_an_exported_log_stands_before_another_program() {
    let Some(program) = validator("v-tlog/bin/aics-tlog") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    let (entries, tree, key) = log(300);
    let put = |path: &str, bytes: &[u8]| {
        let full = dir.join(path);
        fs::create_dir_all(full.parent().expect("below the folder")).expect("makes folders");
        fs::write(full, bytes).expect("writes");
    };
    let text = checkpoint(&tree, 300, &key);
    let entry = |i: u64| Ok::<_, Infallible>(entries[usize::try_from(i).expect("small")].canonical.clone());
    for file in export(&tree, &text, entry) {
        let (path, bytes) = file.expect("exports");
        put(&format!("log/{path}"), &bytes);
    }
    put("key", format!("{}\n", key.key()).as_bytes());
    put("old", checkpoint(&tree, 120, &key).as_bytes());
    put("leaf", &entries[77].canonical);
    put("other", &entries[78].canonical);
    let hashes = inclusion(&tree, 77, 300).expect("in range");
    let proof = TlogProof { extra: None, index: 77, hashes, checkpoint: text.clone() };
    let lines: Vec<String> = proof.hashes.iter().map(|h| h.base64()).collect();
    put("proof", format!("{}\n", lines.join("\n")).as_bytes());
    // The proof file as the handbook cuts it for this program.
    let file = proof.to_string();
    let cut: Vec<&str> = file.lines().skip_while(|l| !l.starts_with("index")).skip(1).take_while(|l| !l.is_empty()).collect();
    assert_eq!(cut, lines);

    assert!(run(&program, dir, "verify-checkpoint --note log/checkpoint --vkey-file key"));
    assert!(run(
        &program,
        dir,
        "verify-inclusion --leaf leaf --index 77 --vkey-file key --checkpoint log/checkpoint --proof proof"
    ));
    assert!(run(&program, dir, "verify-inclusion --leaf leaf --index 77 --vkey-file key --tiles log"));
    assert!(run(&program, dir, "verify-consistency --old-checkpoint old --tiles log --vkey-file key"));

    assert!(!run(
        &program,
        dir,
        "verify-inclusion --leaf other --index 77 --vkey-file key --checkpoint log/checkpoint --proof proof"
    ));
    assert!(!run(&program, dir, "verify-inclusion --leaf leaf --index 78 --vkey-file key --tiles log"));
    put("forged", text.replacen("300", "301", 1).as_bytes());
    assert!(!run(&program, dir, "verify-checkpoint --note forged --vkey-file key"));
}

/// Writes `data.ots` as the reference library does: a promise, and a way to a block. Prints the message in that block.
const WRITE_PROOF: &str = r#"
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp
from opentimestamps.core.op import OpSHA256, OpAppend, OpPrepend, OpReverse, OpHexlify
from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.serialize import StreamSerializationContext
with open('data', 'rb') as f:
    proof = DetachedTimestampFile.from_fd(OpSHA256(), f)
step = proof.timestamp.ops.add(OpAppend(b'0123456789abcdef')).ops.add(OpSHA256())
step.attestations.add(PendingAttestation('https://calendar.example.test'))
step = step.ops.add(OpPrepend(b'\x01' * 32)).ops.add(OpHexlify()).ops.add(OpReverse()).ops.add(OpSHA256())
step.attestations.add(BitcoinBlockHeaderAttestation(840000))
with open('data.ots', 'wb') as f:
    proof.serialize(StreamSerializationContext(f))
print(step.msg.hex())
"#;

#[test]
fn v10_v11_a_proof_of_the_reference_library_is_read_and_judged_as_others_do() {
    use zapys_ledger::Hash;
    use zapys_ledger::ots::{OtsError, Proof, header_from_hex};
    let (Some(python), Some(ots)) = (validator("v-ots/bin/python3"), validator("v-ots/bin/ots")) else { return };
    let Some(otskit) = validator("v-otskit/bin/otskit") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let dir = folder.path();
    fs::write(dir.join("data"), b"a checkpoint").expect("writes");
    fs::write(dir.join("other"), b"another one").expect("writes");
    fs::write(dir.join("write.py"), WRITE_PROOF).expect("writes");
    let out = Command::new(python).arg("write.py").current_dir(dir).output().expect("runs");
    let message = String::from_utf8(out.stdout).expect("hexadecimal");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    // The header of a block so easy that a few tries do.
    let easy = |root: &str| {
        (0u32..)
            .map(|nonce| {
                let nonce: String = nonce.to_le_bytes().iter().map(|b| format!("{b:02x}")).collect();
                format!("02000000{}{root}00f15365ffff7f20{nonce}", "00".repeat(32))
            })
            .find(|h| Hash::of(Hash::of(&header_from_hex(h).expect("80 bytes")).as_bytes()).as_bytes()[31] < 0x7f)
            .expect("one of them")
    };
    let good = easy(message.trim());
    let proof = Proof::parse(&fs::read(dir.join("data.ots")).expect("reads")).expect("reads theirs");
    let block = proof.verify(b"a checkpoint", &header_from_hex(&good).expect("80 bytes")).expect("leads there");
    assert_eq!((block.height, block.time.to_string().as_str()), (840_000, "2023-11-14T22:13:20Z"));
    assert!(run(&ots, dir, "info data.ots"));
    let theirs = |file: &str, header: &str| run(&otskit, dir, &format!("verify data.ots --file {file} --header {header}"));
    assert!(theirs("data", &good));

    let elsewhere = easy(&"ab".repeat(32));
    let read = |h: &str| header_from_hex(h).expect("80 bytes");
    assert_eq!(proof.verify(b"another one", &read(&good)), Err(OtsError::OtherData));
    assert!(!theirs("other", &good));
    assert_eq!(proof.verify(b"a checkpoint", &read(&elsewhere)), Err(OtsError::OtherBlock));
    assert!(!theirs("data", &elsewhere));
    let lazy = good.replacen("ffff7f20", "ffff7f03", 1);
    assert_eq!(proof.verify(b"a checkpoint", &read(&lazy)), Err(OtsError::Work));
    assert!(!theirs("data", &lazy));
}
