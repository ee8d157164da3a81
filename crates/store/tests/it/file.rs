//! What concerns opening: the file itself, its age, its damage, and how quickly much goes in.

use crate::database::{db_test, on_sqlite, raw};
use crate::samples::*;
use std::path::Path;
use std::time::Instant;
use zapys_domain::Fault;
use zapys_store::*;

fn refused(error: StoreError, code: &str) {
    assert_eq!(error.code(), code, "{error:?}");
    assert!(error.hint().len() > 10 && error.hint().ends_with('.'), "{}", error.hint());
}

db_test! {
    async fn a_record_is_made_once(at_) {
        refused(Store::create(&at_).await.unwrap_err(), "record-exists");
        Store::open(&at_).await.unwrap().close().await;
        Store::open(&at_).await.unwrap().check().await.unwrap();
    }
}

db_test! {
    async fn a_newer_or_drifted_schema_is_refused(at_) {
        raw(&at_, "INSERT INTO schema_steps (version, name, digest) VALUES (99, 'later', 'x')").await.unwrap();
        match Store::open(&at_).await.unwrap_err() {
            StoreError::Newer { found: 99, known } if known > 0 => {}
            other => panic!("{other:?}"),
        }
        raw(&at_, "DELETE FROM schema_steps WHERE version = 99").await.unwrap();
        Store::open(&at_).await.unwrap().close().await;
        raw(&at_, "UPDATE schema_steps SET digest = 'x'").await.unwrap();
        refused(Store::open(&at_).await.unwrap_err(), "record-schema-drifted");
    }
}

#[test]
fn a_wrong_or_damaged_file_is_told_apart() {
    on_sqlite(async |at| {
        let Location::File(path) = &at else { unreachable!() };
        let folder = path.parent().unwrap();
        let file = |name: &str, bytes: &[u8]| {
            std::fs::write(folder.join(name), bytes).unwrap();
            Location::File(folder.join(name))
        };
        refused(Store::open(&Location::File(folder.join("absent.db"))).await.unwrap_err(), "record-missing");
        refused(Store::open(&Location::from(folder)).await.unwrap_err(), "record-missing");
        refused(Store::create(&Location::File(folder.join("no/such/folder.db"))).await.unwrap_err(), "record-missing");
        refused(Store::open(&file("empty.db", b"")).await.unwrap_err(), "not-a-record");
        refused(Store::open(&file("text.db", "Не база даних. ".repeat(200).as_bytes())).await.unwrap_err(), "not-a-record");
        let foreign = file("foreign.db", b"");
        raw(&foreign, "CREATE TABLE notes (t TEXT)").await.unwrap();
        refused(Store::open(&foreign).await.unwrap_err(), "not-a-record");

        let store = Store::open(&at).await.unwrap();
        with_items(&store, 200).await;
        store.check().await.unwrap();
        store.close().await;
        let whole = std::fs::read(path).unwrap();
        let cut = file("cut.db", &whole[..whole.len() / 2]);
        damaged(&cut).await;
        let mut overwritten = whole.clone();
        overwritten[4096..4096 * 20].fill(0xa5);
        damaged(&file("overwritten.db", &overwritten)).await;
    });

    async fn damaged(at: &Location) {
        let error = match Store::open(at).await {
            Ok(store) => store.check().await.unwrap_err(),
            Err(e) => e,
        };
        refused(error, "record-damaged");
    }
}

#[test]
fn an_unreachable_server_is_told_without_its_password() {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let at = Location::parse("postgres://user:very-secret@127.0.0.1:1/case").unwrap();
        let error = Store::open(&at).await.unwrap_err();
        assert!(!format!("{at:?} {error}").contains("very-secret"));
        refused(error, "database-unreachable");
    });
    assert_eq!(Location::parse("sqlite:/a/b.db").unwrap(), Location::File("/a/b.db".into()));
    assert_eq!(Location::parse("a b%?.db").unwrap(), Location::from(Path::new("a b%?.db")));
    for bad in ["", "mysql://x/y", "https://x"] {
        refused(Location::parse(bad).unwrap_err(), "record-address");
    }
}

/// A case file is for its owner only.
#[test]
fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    on_sqlite(async |at| {
        let Location::File(path) = &at else { unreachable!() };
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    });
}

db_test! {
    async fn two_thousand_items_go_in_at_once(at_) {
        let store = Store::open(&at_).await.unwrap();
        let started = Instant::now();
        with_items(&store, 2000).await;
        let took = started.elapsed();
        eprintln!("2,000 items in one transaction: {took:.2?}");
        assert_eq!(store.counts().await.unwrap().items, 2000);
        // Generous, because other work shares the machine; far beyond it something is wrong.
        assert!(took.as_secs() < 20, "{took:?}");
    }
}
