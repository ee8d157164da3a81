//! The folder under a key: nothing readable rests in it, nothing changed in it is believed.

use crate::folder::fed;
use crate::{ask, item, key, lexicon, passage};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use zapys_domain::passage::{Layer, Passage};
use zapys_keys::Secret;
use zapys_search::{Index, IndexError};

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir).expect("listed").map(|e| e.expect("entry").path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).expect("a name")
}

/// Every file that is neither the version nor a lock.
fn sealed_files(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_iter().filter(|p| name(p) != "zapys-index" && !name(p).ends_with(".lock")).collect()
}

/// Words that stand nowhere else, in forms that the index makes of them too.
const MARKS: [&str; 6] = ["Квазимбарський", "квазимбарськ", "zyqvorix", "ZYQVORIX", "звуккввв", "380671112233"];

fn marked(n: u64) -> Passage {
    let text = "Квазимбарський zyqvorix ZYQVORIX звуккввв 380671112233 ".repeat(40);
    Passage { translation: Some(text.clone()), ..passage(n, 0, &text) }
}

/// What is never to be seen: marks in two encodings, names of fields and of the engine's own formats, items.
fn assert_unreadable(dir: &Path, when: &str) {
    let mut secrets: Vec<Vec<u8>> =
        ["segments", "schema", "translated", "opstamp", "crc", ".store"].map(|s| s.as_bytes().to_vec()).into();
    for mark in MARKS {
        secrets.push(mark.as_bytes().to_vec());
        secrets.push(mark.encode_utf16().flat_map(u16::to_le_bytes).collect());
    }
    secrets.push(item(1).to_string().into_bytes());
    for file in files(dir) {
        let bytes = match fs::read(&file) {
            // Merged away meanwhile.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
            bytes => bytes.expect("read"),
        };
        for secret in &secrets {
            let seen = bytes.windows(secret.len()).any(|w| w == secret);
            assert!(!seen, "{when}: {} in {}", String::from_utf8_lossy(secret), file.display());
        }
        let is_sealed = bytes.get(32..40) == Some(&zapys_keys::stream::HEAD[..]);
        assert!(is_sealed || bytes.is_empty() || name(&file) == "zapys-index", "{when}: {}", file.display());
    }
}

#[test]
fn nothing_readable_ever_rests_in_the_folder() {
    let dir = tempfile::tempdir().expect("tempdir");
    let index = Index::create_anew(dir.path(), lexicon(), Some(&key())).expect("made");
    assert_unreadable(dir.path(), "made");
    let mut feed = index.feed().expect("the only feed");
    // Several commits, deletions and merges: every kind of file appears and goes.
    for n in 0..12 {
        feed.replace(item(n), Layer::Said, &[marked(n), passage(n, 1, &format!("ящик номер {n}"))]).expect("fed");
        feed.replace(item(n / 2), Layer::Said, &[marked(n / 2)]).expect("fed");
        assert_unreadable(dir.path(), "fed");
        feed.commit(n).expect("committed");
        assert_unreadable(dir.path(), "committed");
    }
    feed.finish().expect("merged");
    assert_unreadable(dir.path(), "merged");
    for mark in ["Квазимбарського", "zyqvorix", "звуккввв", "380671112233"] {
        assert_eq!(ask(&index, mark).total, 12, "{mark}");
    }
    let kinds: BTreeSet<String> =
        sealed_files(dir.path()).iter().filter_map(|p| p.extension()).map(|e| e.to_string_lossy().into_owned()).collect();
    for kind in ["idx", "pos", "term", "store", "fast", "fieldnorm", "json"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}");
    }
    // The test can see: a plain index shows the marks.
    let plain = tempfile::tempdir().expect("tempdir");
    let index = Index::create_anew(plain.path(), lexicon(), None).expect("made");
    let mut feed = index.feed().expect("the only feed");
    feed.replace(item(1), Layer::Said, &[marked(1)]).expect("fed");
    feed.commit(1).expect("committed");
    assert!(std::panic::catch_unwind(|| assert_unreadable(plain.path(), "plain")).is_err());
}

#[test]
fn plain_sealed_and_otherwise_sealed_are_told_apart_and_made_anew() {
    let other = Secret::from_bytes([8; 32]);
    let mine = key();
    let ways = [(None, Some(&mine)), (Some(&mine), None), (Some(&mine), Some(&other))];
    for (before, after) in ways {
        let dir = tempfile::tempdir().expect("tempdir");
        let old = fed(dir.path(), before);
        let old_files: BTreeSet<PathBuf> =
            files(dir.path()).into_iter().filter(|p| p.extension().is_some_and(|e| e == "store")).collect();
        assert!(!old_files.is_empty());
        drop(old);
        let opened = Index::open_or_create(dir.path(), lexicon(), after).expect("made anew");
        assert!(opened.rebuild_needed);
        assert_eq!(opened.index.watermark().expect("readable"), None);
        assert_eq!(ask(&opened.index, "ящик").total, 0);
        assert!(files(dir.path()).iter().all(|p| !old_files.contains(p)), "nothing old is left");
        if after.is_some() {
            assert_unreadable(dir.path(), "made anew");
        }
        drop(opened);
        drop(fed(dir.path(), after));
        let opened = Index::open_or_create(dir.path(), lexicon(), after).expect("opened");
        assert!(!opened.rebuild_needed);
        assert_eq!(ask(&opened.index, "ящик").total, 50);
    }
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().expect("tempdir");
    for file in files(from) {
        fs::copy(&file, to.path().join(name(&file))).expect("copied");
    }
    to
}

/// An index with deletions and several parts.
fn grown(dir: &Path) -> Index {
    let index = fed(dir, Some(&key()));
    let mut feed = index.feed().expect("the only feed");
    feed.remove(item(3)).expect("removed");
    feed.replace(item(60), Layer::Said, &[passage(60, 0, "двері музею")]).expect("fed");
    feed.commit(43).expect("committed");
    drop(feed);
    index
}

const QUERIES: [&str; 6] = ["ящик", "двері", "\"ящик номер\"", "номер 7", "ном*", "музеї -двері"];

fn totals(index: &Index) -> Vec<usize> {
    QUERIES.map(|q| ask(index, q).total).into()
}

/// Opens a folder that somebody changed: damaged, made anew, or as it was.
fn believes(dir: &Path, right: &[usize], what: &str) -> bool {
    match Index::open_or_create(dir, lexicon(), Some(&key())) {
        Err(IndexError::Damaged(_)) => {}
        Err(e) => panic!("{what}: {e:?}"),
        Ok(opened) if opened.rebuild_needed => assert_eq!(opened.index.n_passages().expect("readable"), 0, "{what}"),
        Ok(opened) => {
            assert_eq!(totals(&opened.index), right, "{what}");
            return true;
        }
    }
    // The remedy works.
    let index = Index::create_anew(dir, lexicon(), Some(&key())).expect("made anew");
    assert_eq!(ask(&index, "ящик").total, 0, "{what}");
    false
}

#[test]
fn changed_cut_lengthened_and_missing_files_are_noticed() {
    let dir = tempfile::tempdir().expect("tempdir");
    let right = totals(&grown(dir.path()));
    assert_eq!(right[..2], [49, 1]);
    assert!(believes(copy(dir.path()).path(), &right, "a copy"));
    let listed = sealed_files(dir.path());
    assert!(listed.iter().any(|p| p.extension().is_some_and(|e| e == "del")));
    for file in &listed {
        let whole = fs::read(file).expect("read");
        let n = whole.len();
        let mut ways: Vec<(String, Option<Vec<u8>>)> = vec![("gone".into(), None)];
        for at in [0, 32, n / 2, n - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x10;
            ways.push((format!("byte {at} of {n}"), Some(bytes)));
        }
        for len in [0, 40, n - 1] {
            ways.push((format!("cut to {len} of {n}"), Some(whole[..len].to_vec())));
        }
        ways.push(("lengthened".into(), Some([&whole[..], &[0; 9]].concat())));
        for (way, bytes) in ways {
            let what = format!("{} {way}", name(file));
            let copy = copy(dir.path());
            let path = copy.path().join(name(file));
            match bytes {
                Some(bytes) => fs::write(&path, bytes).expect("written"),
                None => fs::remove_file(&path).expect("removed"),
            }
            assert!(!believes(copy.path(), &right, &what), "{what} was not noticed");
        }
    }
    let copy = copy(dir.path());
    fs::write(copy.path().join("zapys-index"), "zapys search index 1\nsealed 1 0123456789abcdef\n").expect("written");
    assert!(!believes(copy.path(), &right, "version"));
}

#[test]
fn exchanged_files_are_noticed() {
    let dir = tempfile::tempdir().expect("tempdir");
    let right = totals(&grown(dir.path()));
    let listed = sealed_files(dir.path());
    for kind in ["idx", "term", "store", "pos", "fast", "fieldnorm"] {
        let of_kind: Vec<&PathBuf> = listed.iter().filter(|p| p.extension().is_some_and(|e| e == kind)).collect();
        assert!(of_kind.len() >= 2, "{kind}");
        let copy = copy(dir.path());
        fs::copy(of_kind[0], copy.path().join(name(of_kind[1]))).expect("copied");
        fs::copy(of_kind[1], copy.path().join(name(of_kind[0]))).expect("copied");
        assert!(!believes(copy.path(), &right, kind), "{kind}");
    }
    // A file of the same name from an index under another key.
    let other = tempfile::tempdir().expect("tempdir");
    drop(fed(other.path(), Some(&Secret::from_bytes([8; 32]))));
    let copy = copy(dir.path());
    fs::copy(other.path().join("meta.json"), copy.path().join("meta.json")).expect("copied");
    assert!(!believes(copy.path(), &right, "the head of another"));
}

#[test]
fn an_older_state_says_how_old_it_is() {
    let dir = tempfile::tempdir().expect("tempdir");
    drop(fed(dir.path(), Some(&key())));
    let old = copy(dir.path());
    drop(grown(dir.path()));
    let opened = Index::open_or_create(old.path(), lexicon(), Some(&key())).expect("opened");
    assert_eq!(opened.index.watermark().expect("readable"), Some(42));
}

#[test]
fn damage_while_open_is_an_error_or_the_truth() {
    let dir = tempfile::tempdir().expect("tempdir");
    let right = totals(&grown(dir.path()));
    let mut n_damaged = 0;
    for file in sealed_files(dir.path()) {
        let copy = copy(dir.path());
        let index = Index::open_or_create(copy.path(), lexicon(), Some(&key())).expect("opened").index;
        // In place, so that what is mapped changes too.
        let mut open = fs::OpenOptions::new().read(true).write(true).open(copy.path().join(name(&file))).expect("opened");
        let mut bytes = Vec::new();
        open.read_to_end(&mut bytes).expect("read");
        bytes.iter_mut().skip(40).for_each(|b| *b ^= 0x55);
        open.seek(SeekFrom::Start(0)).expect("at the beginning");
        open.write_all(&bytes).expect("written");
        for (query, total) in QUERIES.iter().zip(&right) {
            match index.search(&zapys_search::Query::new(*query)) {
                Ok(answer) => assert_eq!(answer.total, *total, "{} {query}", name(&file)),
                Err(IndexError::Damaged(_)) => n_damaged += 1,
                Err(e) => panic!("{}: {e:?}", name(&file)),
            }
        }
        assert!(matches!(index.check(), Err(IndexError::Damaged(_))), "{}", name(&file));
        // Feeding on must not make wrong bytes right.
        let fed_on = index.feed().and_then(|mut feed| {
            feed.replace(item(61), Layer::Said, &[passage(61, 0, "вікно")])?;
            feed.commit(44)?;
            feed.finish()
        });
        match fed_on {
            Ok(()) => assert_eq!(ask(&index, "вікно").total, 1),
            Err(e) => assert!(matches!(e, IndexError::Damaged(_) | IndexError::Engine(_)), "{}: {e:?}", name(&file)),
        }
    }
    assert!(n_damaged > 0, "some damage is met");
}
