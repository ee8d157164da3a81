//! The S3 backend against a real server, started here on the loopback address and stopped at the end.

use crate::sample;
use crate::suite::backend_suite;
use std::sync::Arc;
use zapys_domain::{Fault, ObjectId, Private};
use zapys_tests::objects::{ACCESS, ObjectServer, SECRET, object_server};
use zapys_vault::{S3, S3Config, Vault};

/// How to reach the server, under a prefix of its own.
fn config(server: &ObjectServer, prefix: &str) -> S3Config {
    let scratch = server.folder().join("scratch");
    std::fs::create_dir_all(&scratch).unwrap();
    S3Config {
        bucket: "case".into(),
        prefix: prefix.into(),
        endpoint: Some(server.endpoint()),
        region: "us-east-1".into(),
        access_key: Some(Private::new(ACCESS.into())),
        secret_key: Some(Private::new(SECRET.into())),
        scratch,
    }
}

#[test]
fn s3_keeps_the_promises() {
    let Some(server) = object_server() else { return };

    // 16 MiB go up in one request, more in parts.
    backend_suite(&S3::connect(&config(&server, "suite")).unwrap(), (33 << 20) + 1);

    for (prefix, sealing) in [("vault", false), ("sealing", true)] {
        let vault = Vault::s3(&config(&server, prefix)).unwrap();
        let vault = Arc::new(if sealing { vault.sealing() } else { vault });
        let bytes = sample(40_000, 1);
        let stored = vault.put(&mut bytes.as_slice()).unwrap();
        assert_eq!(stored.object, ObjectId::of(&bytes));
        let twice = vault.batch();
        twice.put(&mut bytes.as_slice()).unwrap();
        twice.seal(&|o| *o == stored.object).unwrap();
        assert_eq!(vault.local_path(&stored.kept), None);
        let copy = vault.materialise(&stored.kept, server.folder()).unwrap();
        assert_eq!(std::fs::read(copy).unwrap(), bytes);
        vault.check(&stored.kept).unwrap();
        assert_eq!(vault.list(None).unwrap().names, [stored.kept.name()], "one prefix does not see the other");
        let waiting = std::fs::read_dir(server.folder().join("scratch")).unwrap().count();
        assert_eq!(waiting, 0, "nothing waits when all is put");
        // From inside somebody's runtime it blocks, and does not panic.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        assert_eq!(runtime.block_on(async { vault.read_all(&stored.kept, 50_000) }).unwrap(), bytes);
    }

    let mut wrong = config(&server, "suite");
    wrong.secret_key = Some(Private::new("another".into()));
    assert_eq!(S3::connect(&wrong).err().unwrap().code(), "vault-denied");
    let mut absent = config(&server, "suite");
    absent.endpoint = Some("http://127.0.0.1:1".into());
    assert_eq!(S3::connect(&absent).err().unwrap().code(), "objects-unreachable");
    let shown = format!("{:?}", config(&server, "x"));
    assert!(!shown.contains("test-secret") && !shown.contains("test-access"), "{shown}");
}
