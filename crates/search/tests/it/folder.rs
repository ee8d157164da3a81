//! The folder: reading beside a writer, outdated, damaged, foreign.

use crate::{ask, item, key, lexicon, passage};
use std::path::Path;
use zapys_domain::passage::Layer;
use zapys_domain::{Fault, FaultKind};
use zapys_keys::Secret;
use zapys_search::{Index, IndexError};

fn keys() -> [Option<Secret>; 2] {
    [None, Some(key())]
}

pub(crate) fn fed(dir: &Path, key: Option<&Secret>) -> Index {
    let opened = Index::open_or_create(dir, lexicon(), key).expect("opened");
    let mut feed = opened.index.feed().expect("the only feed");
    for n in 0..50 {
        feed.replace(item(n), Layer::Said, &[passage(n, 0, &format!("ящик номер {n}"))]).expect("fed");
    }
    feed.commit(42).expect("committed");
    drop(feed);
    opened.index
}

#[test]
fn what_was_committed_is_there_again() {
    for key in keys() {
        let key = key.as_ref();
        let dir = tempfile::tempdir().expect("tempdir");
        let opened = Index::open_or_create(dir.path(), lexicon(), key).expect("made");
        assert!(opened.rebuild_needed);
        assert_eq!(opened.index.watermark().expect("readable"), None);
        drop(opened);
        assert_eq!(fed(dir.path(), key).watermark().expect("readable"), Some(42));
        let opened = Index::open_or_create(dir.path(), lexicon(), key).expect("opened");
        assert!(!opened.rebuild_needed);
        assert_eq!(ask(&opened.index, "ящиків").total, 50);
        assert_eq!(opened.index.n_passages().expect("readable"), 50);
    }
}

#[test]
fn readers_need_no_lock_and_see_commits() {
    for key in keys() {
        let key = key.as_ref();
        let dir = tempfile::tempdir().expect("tempdir");
        let writing = fed(dir.path(), key);
        let reading = Index::open_or_create(dir.path(), lexicon(), key).expect("opened beside").index;
        let mut feed = writing.feed().expect("the only feed");
        assert!(matches!(reading.feed(), Err(IndexError::Busy)));
        feed.replace(item(100), Layer::Read, &[passage(100, 0, "двері")]).expect("fed");
        assert_eq!(ask(&reading, "двері").total, 0);
        feed.commit(43).expect("committed");
        assert_eq!(ask(&reading, "двері").total, 1);
        assert_eq!(reading.watermark().expect("readable"), Some(43));
        feed.clear().expect("cleared");
        assert_eq!(ask(&reading, "ящик").total, 50);
        feed.replace(item(7), Layer::Said, &[passage(7, 0, "ящик")]).expect("fed");
        feed.replace(item(100), Layer::Read, &[passage(100, 0, "двері")]).expect("fed");
        feed.remove(item(100)).expect("removed");
        feed.commit(44).expect("committed");
        assert_eq!(ask(&reading, "двері").total, 0);
        assert_eq!(ask(&reading, "ящик").total, 1);
    }
}

#[test]
fn what_was_not_committed_is_forgotten() {
    for key in keys() {
        let key = key.as_ref();
        let dir = tempfile::tempdir().expect("tempdir");
        let index = fed(dir.path(), key);
        let mut feed = index.feed().expect("the only feed");
        feed.replace(item(0), Layer::Said, &[]).expect("fed");
        drop(feed);
        assert_eq!(ask(&index, "ящик").total, 50);
    }
}

/// Files of the folder with these words in them.
fn files_with(dir: &Path, words: &str) -> usize {
    let files = std::fs::read_dir(dir).expect("listed").map(|e| e.expect("entry").path());
    files.filter(|p| std::fs::read(p).expect("read").windows(words.len()).any(|w| w == words.as_bytes())).count()
}

#[test]
fn what_was_purged_rests_nowhere() {
    for key in keys() {
        let key = key.as_ref();
        let dir = tempfile::tempdir().expect("tempdir");
        let index = fed(dir.path(), key);
        let mut feed = index.feed().expect("the only feed");
        for n in [70, 71] {
            feed.replace(item(n), Layer::Said, &[passage(n, 0, "zyqvorix вікно")]).expect("fed");
            feed.replace(item(n + 10), Layer::Said, &[passage(n + 10, 0, "вікно")]).expect("fed");
            feed.commit(n).expect("committed");
        }
        feed.remove(item(70)).expect("removed");
        feed.remove(item(71)).expect("removed");
        feed.commit(72).expect("committed");
        assert_eq!(ask(&index, "zyqvorix").total, 0);
        assert_eq!(files_with(dir.path(), "zyqvorix") > 0, key.is_none(), "without a purge it still rests there");
        feed.purge().expect("purged");
        assert_eq!(files_with(dir.path(), "zyqvorix"), 0);
        assert_eq!((ask(&index, "вікно").total, ask(&index, "ящик").total), (2, 50));
        assert_eq!(index.watermark().expect("readable"), Some(72));
        index.feed().expect("free again").purge().expect("nothing to purge");
        index.check().expect("whole");
        // Down to the last one.
        let mut feed = index.feed().expect("the only feed");
        feed.clear().expect("cleared");
        feed.replace(item(1), Layer::Said, &[passage(1, 0, "двері")]).expect("fed");
        feed.commit(73).expect("committed");
        feed.remove(item(1)).expect("removed");
        feed.commit(74).expect("committed");
        feed.purge().expect("purged");
        assert_eq!(index.n_passages().expect("readable"), 0);
        assert_eq!(index.watermark().expect("readable"), Some(74));
    }
}

#[test]
fn another_version_is_made_anew() {
    for key in keys() {
        let key = key.as_ref();
        let dir = tempfile::tempdir().expect("tempdir");
        drop(fed(dir.path(), key));
        std::fs::write(dir.path().join("zapys-index"), "zapys search index 0\n").expect("written");
        let opened = Index::open_or_create(dir.path(), lexicon(), key).expect("made anew");
        assert!(opened.rebuild_needed);
        assert_eq!(ask(&opened.index, "ящик").total, 0);
    }
}

#[test]
fn a_damaged_folder_says_what_to_do() {
    for key in keys() {
        let key = key.as_ref();
        type Way = (&'static str, fn(&Path));
        let ways: [Way; 6] = [
            ("head gone", |d| std::fs::remove_file(d.join("meta.json")).expect("removed")),
            ("head empty", |d| std::fs::write(d.join("meta.json"), "").expect("written")),
            ("head changed", |d| std::fs::write(d.join("meta.json"), "{\"segments\":7}").expect("written")),
            ("part gone", |d| std::fs::remove_file(part(d)).expect("removed")),
            ("part cut", |d| {
                let bytes = std::fs::read(part(d)).expect("read");
                std::fs::write(part(d), &bytes[..bytes.len() / 2]).expect("written");
            }),
            ("part changed", |d| {
                let mut bytes = std::fs::read(part(d)).expect("read");
                bytes[10] ^= 0x40;
                std::fs::write(part(d), bytes).expect("written");
            }),
        ];
        for (way, damage) in ways {
            let dir = tempfile::tempdir().expect("tempdir");
            drop(fed(dir.path(), key));
            damage(dir.path());
            let error = Index::open_or_create(dir.path(), lexicon(), key).err().unwrap_or_else(|| panic!("{way}"));
            assert!(matches!(error, IndexError::Damaged(_)), "{way}: {error:?}");
            assert_eq!((error.kind(), error.code()), (FaultKind::Integrity, "index-damaged"));
            assert!(error.hint().contains("zapys reindex"));
            // The remedy works.
            let index = Index::create_anew(dir.path(), lexicon(), key).expect("made anew");
            assert_eq!(ask(&index, "ящик").total, 0, "{way}");
        }
    }
}

fn part(dir: &Path) -> std::path::PathBuf {
    let files = std::fs::read_dir(dir).expect("listed").map(|e| e.expect("entry").path());
    files.into_iter().find(|p| p.extension().is_some_and(|e| e == "idx")).expect("a part")
}

#[test]
fn a_foreign_folder_is_left_alone() {
    for key in keys() {
        let key = key.as_ref();
        let dir = tempfile::tempdir().expect("tempdir");
        std::fs::write(dir.path().join("letter.txt"), "keep").expect("written");
        assert!(matches!(Index::open_or_create(dir.path(), lexicon(), key), Err(IndexError::Foreign(_))));
        assert!(matches!(Index::create_anew(dir.path(), lexicon(), key), Err(IndexError::Foreign(_))));
        assert_eq!(std::fs::read_to_string(dir.path().join("letter.txt")).expect("still there"), "keep");
    }
}
