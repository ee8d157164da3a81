//! Whoever gets at the files of a case can change them. Whatever they change, remove, swap or reorder is named.
//!
//! Rows are edited as an attacker would: the rules that keep history are taken away, the rows changed, and the rules put back.
//! What comes of each attack is the table in docs/guide/tampering.md, which this test writes and compares.

use crate::crash::seed;
use crate::rough;
use crate::stage::{Said, Stage, tone};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use zapys_tests::faults::Dice;

/// Runs SQL on a record with all rules taken away meanwhile; `-` keeps them away. Tells whether any row or rule is another.
const EDIT: &str = r#"
import hashlib, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute('PRAGMA synchronous = OFF')
db.execute('PRAGMA ignore_check_constraints = ON')
def all(): return hashlib.sha256('\n'.join(db.iterdump()).encode()).hexdigest()
before = all()
rules = db.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
for name, _ in rules: db.execute('DROP TRIGGER "%s"' % name)
for sql in sys.argv[2:]:
    if sql != '-': db.execute(sql)
if '-' not in sys.argv[2:]:
    for _, sql in rules: db.execute(sql)
print(before != all())
db.execute('PRAGMA wal_checkpoint(TRUNCATE)')
"#;

/// Every table with its columns (name, text, part of the key, how many are not null) and number of rows.
const SURVEY: &str = r#"
import json, sqlite3, sys
db = sqlite3.connect(sys.argv[1])
out = {}
for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name").fetchall():
    columns = [[c[1], c[2] == 'TEXT', c[5] > 0, db.execute('SELECT COUNT("%s") FROM %s' % (c[1], name)).fetchone()[0]]
               for c in db.execute('PRAGMA table_info(%s)' % name)]
    out[name] = [columns, db.execute('SELECT COUNT(*) FROM %s' % name).fetchone()[0]]
out['last'] = db.execute('SELECT MAX(seq) FROM entries').fetchone()[0]
print(json.dumps(out))
"#;

fn python(script: &str, args: &[&std::ffi::OsStr]) -> String {
    let said = Command::new("python3").args(["-c", script]).args(args).output().expect("python3");
    assert!(said.status.success(), "{args:?}: {}", String::from_utf8_lossy(&said.stderr));
    String::from_utf8(said.stdout).expect("text")
}

fn edit_at(record: &Path, sql: &[&str]) -> bool {
    let args: Vec<&std::ffi::OsStr> = std::iter::once(record.as_os_str()).chain(sql.iter().map(std::ffi::OsStr::new)).collect();
    python(EDIT, &args).trim() == "True"
}
fn edit(s: &Stage, sql: &[&str]) -> bool {
    edit_at(&s.path("world/case/record.sqlite"), sql)
}
fn survey(s: &Stage) -> Value {
    serde_json::from_str(&python(SURVEY, &[s.path("world/case/record.sqlite").as_os_str()])).expect("JSON")
}

/// Writes an OpenTimestamps proof over the file `stamped`; prints the header of the block that it leads to.
const OTS: &str = r#"
import hashlib
d = hashlib.sha256(open('stamped', 'rb').read()).digest()
root = hashlib.sha256(d + b'abcd').digest()
head = b'\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94\x01\x08'
open('proof.ots', 'wb').write(head + d + b'\xf0\x04abcd\x08\x00\x05\x88\x96\x0d\x73\xd7\x19\x01\x01\x07')
for n in range(1000):
    block = bytes(36) + root + (1700000000).to_bytes(4, 'little') + bytes.fromhex('ffff7f20') + n.to_bytes(4, 'little')
    if hashlib.sha256(hashlib.sha256(block).digest()).digest()[31] < 0x7f: break
print(block.hex())
"#;

/// A case with something of every kind.
fn rich() -> Stage {
    let s = rough::stage();
    s.write("in/long.wav", &tone(2));
    s.write("in/short.wav", &tone(1));
    s.write("in/gone.txt", "Аркуш, що зникне.".as_bytes());
    s.write("in/empty.txt", b"");
    // Recognised, and then unreadable: a derivation that failed.
    s.write(
        "in/broken/result.json",
        b"{\"name\": \"x\", \"type\": \"personal_chat\", \"id\": 1, \"messages\": [{\"id\": 1, \"type\": ",
    );
    rough::calm(&s, rough::INIT).ends(0);
    let case = |args: &[&str]| {
        let mut all = vec!["-C", "world/case"];
        all.extend(args);
        rough::calm(&s, &all)
    };
    let flags = ["--source", "Канал", "--source-grade", "C", "--origin", "https://example.org/1", "--collected-by", "к-7"];
    let more =
        ["--legal-basis", "ухвала", "--recorded", "2022-03", "--published", "2022-04-01", "--lang", "uk", "--label", "a=b"];
    case(&[&["add", "in", "--sensitivity", "protected"], &flags[..], &more].concat()).ends(0);
    case(&["add", "in/note.txt", "--source", "Інший"]).ends(0);
    // No decoders here: recordings stay as they are, and what was read is done.
    case(&["process", "-q"]);
    let item = |title: &str| {
        let items = case(&["items", "--json"]).ends(0).json();
        let found = items.iter().find(|i| i["title"] == title).unwrap_or_else(|| panic!("no item {title}"));
        found["item"].as_str().expect("an id").to_owned()
    };
    let (note, page, long, short) = (item("note.txt"), item("page.html"), item("long.wav"), item("short.wav"));
    case(&["record", "date", &note, "--recorded", "2022-03-1X", "--collected", "2022-05", "--basis", "written", "-q"]).ends(0);
    case(&["record", "phase", &page, "--phase", "collection", "-q"]).ends(0);
    case(&["record", "family", &note, &page, "--why", "разом", "-q"]).ends(0);
    case(&["record", "excerpt", &short, "--of", &long, "--start", "0", "--end", "1000", "--reason", "уривок", "-q"]).ends(0);
    case(&["record", "protection", &note, "--level", "sealed", "--reason", "свідок", "-q"]).ends(0);
    case(&["record", "effort", "--help"]).ends(0);
    case(&["ledger", "checkpoint"]).ends(0);
    case(&["ledger", "rotate", "--reason", "щороку", "-q"]).ends(0);
    case(&["dispose", &item("gone.txt"), "--reason", "згоду відкликано", "--authority", "власниця", "--yes", "-q"]).ends(0);
    case(&["add", "in/empty.txt", "--source", "Третій", "-q"]).ends(0);
    let note = case(&["ledger", "checkpoint"]).ends(0).out;
    s.write(
        "signed",
        format!(
            "{}\n— witness.example/w AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n",
            note.trim_end()
        )
        .as_bytes(),
    );
    case(&["ledger", "cosigned", "signed", "-q"]).ends(0);
    case(&["ledger", "stamp-request", "--out", "request.tsq", "--out-checkpoint", "stamped", "-q"]).ends(0);
    let block = Command::new("python3").args(["-c", OTS]).current_dir(s.path("")).output().expect("python3");
    assert!(block.status.success(), "{}", String::from_utf8_lossy(&block.stderr));
    case(&["ledger", "ots-add", "proof.ots", "--header", String::from_utf8_lossy(&block.stdout).trim(), "-q"]).ends(0);
    case(&["add", "in/long.wav", "--source", "Останній", "-q"]).ends(0);
    case(&["ledger", "checkpoint"]).ends(0);
    // Everything in one file, so that an attack needs no second one.
    edit(&s, &[]);
    let said = case(&["verify", "--deep", "--json"]);
    assert_eq!(said.code, Some(0), "the case is whole to begin with: {} {}", said.out, said.err);
    s
}

/// What an attack came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    Verify,
    Deep,
    Opening,
    Command(&'static str),
    /// Nothing is said, and the answers are the same as before.
    Same,
    Unnoticed,
}

/// Looks at an attacked case with the commands that should meet the attack, in this order.
fn met(s: &Stage, commands: &[(&'static str, &[&str])]) -> (Met, String) {
    let tell = |said: &Said| {
        assert!(!said.err.contains("panicked") && said.code.is_some(), "{:?} {} {}", said.code, said.out, said.err);
        assert!(matches!(said.code, Some(0..=3)), "{:?}", said.code);
    };
    for deep in [false, true] {
        let args: &[&str] = if deep { &["-C", "world/case", "verify", "--deep"] } else { &["-C", "world/case", "verify"] };
        let said = rough::calm(s, args);
        tell(&said);
        match said.code {
            Some(1) if deep => return (Met::Deep, said.out),
            Some(1) => return (Met::Verify, said.out),
            Some(2 | 3) => return (Met::Opening, said.err),
            _ => {}
        }
    }
    for (name, args) in commands {
        let said = rough::calm(s, args);
        tell(&said);
        if said.code != Some(0) {
            return (Met::Command(name), said.err + &said.out);
        }
    }
    (Met::Unnoticed, String::new())
}

/// Tables that tell nothing about evidence and hold nothing that is not elsewhere, with what becomes of a change.
const NOTHING_IN_IT: &[(&str, &str)] = &[
    ("jobs", "The queue: what it leaves out, the next `process` finds due again; what it does twice, the record has."),
    ("meta", "One word that writers on a server queue up behind."),
    ("item_kinds", "The program's own words; a missing one is put back when the case is opened."),
    ("derivative_kinds", "The same."),
    ("actions", "The same."),
    ("record_kinds", "The same; a word that rows use cannot go unnoticed."),
    ("relations", "Empty: nothing writes it yet."),
    ("object_keys", "Empty in a case that is not encrypted; there, see below."),
];

fn nothing_in_it(table: &str) -> bool {
    NOTHING_IN_IT.iter().any(|(t, _)| *t == table)
}

/// Rows of the table of the guide: thing, attack, who meets it.
type Found = Mutex<BTreeMap<(String, &'static str), BTreeMap<Met, u32>>>;

fn note(found: &Found, thing: &str, attack: &'static str, met: Met) {
    *found.lock().expect("no thread fails with the lock").entry((thing.into(), attack)).or_default().entry(met).or_default() += 1;
}

/// Every column of every table, changed in a row; rows removed and swapped.
fn rows(s: &Stage, found: &Found) {
    let survey = survey(s);
    let mut attacks: Vec<(&str, &'static str, &str, Vec<String>)> = Vec::new();
    for (table, about) in survey.as_object().expect("tables").iter().filter(|(name, _)| *name != "last") {
        let n = about[1].as_u64().expect("a count");
        if n == 0 {
            assert!(nothing_in_it(table), "the case of this test holds no {table}: put some in");
            continue;
        }
        let columns: Vec<(&str, bool, bool, u64)> = about[0]
            .as_array()
            .expect("columns")
            .iter()
            .map(|c| (c[0].as_str().expect("a name"), c[1] == true, c[2] == true, c[3].as_u64().expect("a count")))
            .collect();
        for (column, text, _, filled) in &columns {
            // The last row that has a value: as another row has it, or a little different.
            let which = if *filled > 0 { format!("WHERE {column} IS NOT NULL") } else { String::new() };
            let new = if *text {
                format!(
                    "COALESCE((SELECT o.{column} FROM {table} o WHERE o.{column} <> {table}.{column} \
                     AND length(o.{column}) = length({table}.{column}) LIMIT 1), \
                     CASE WHEN {column} GLOB '[0-9a-f]*' AND length({column}) = 64 \
                     THEN CASE substr({column}, 1, 1) WHEN '0' THEN '1' ELSE '0' END || substr({column}, 2) \
                     WHEN {column} IS NULL THEN 'x' ELSE {column} || ' x' END)"
                )
            } else {
                format!("COALESCE({column}, 0) + 1")
            };
            let sql =
                format!("UPDATE OR REPLACE {table} SET {column} = {new} WHERE rowid = (SELECT MAX(rowid) FROM {table} {which})");
            attacks.push((table, "change", column, vec![sql]));
        }
        for end in ["MIN", "MAX"] {
            let sql = format!("DELETE FROM {table} WHERE rowid = (SELECT {end}(rowid) FROM {table})");
            attacks.push((table, "remove", "a row", vec![sql]));
        }
        // What two rows say, under each other's key.
        let rest: Vec<&str> = columns.iter().filter(|c| !c.2).map(|c| c.0).collect();
        if n > 1 && !rest.is_empty() {
            let list = rest.join(", ");
            let sql = vec![
                format!("CREATE TEMP TABLE both AS SELECT rowid AS r, {list} FROM {table} ORDER BY rowid DESC LIMIT 2"),
                format!(
                    "UPDATE OR REPLACE {table} SET ({list}) = (SELECT {list} FROM both WHERE r <> {table}.rowid) \
                     WHERE rowid IN (SELECT r FROM both)"
                ),
            ];
            attacks.push((table, "swap", "two rows", sql));
        }
    }
    println!("{} attacks on rows", attacks.len());
    let unnoticed = Mutex::new(Vec::new());
    rough::each(&attacks, |(table, attack, what, sql)| {
        let s = rough::copy_of(s);
        if !edit(&s, &sql.iter().map(String::as_str).collect::<Vec<_>>()) {
            return;
        }
        let (met, told) = met(&s, &[]);
        if met == Met::Unnoticed && !nothing_in_it(table) {
            unnoticed.lock().expect("no thread fails with the lock").push(format!("{attack} {table}: {what}"));
        }
        assert!(met == Met::Unnoticed || !told.trim().is_empty(), "{attack} {table}: {what}: nothing is said");
        note(found, &format!("row of `{table}`"), attack, met);
    });
    let unnoticed = unnoticed.into_inner().expect("no thread failed with the lock");
    assert!(unnoticed.is_empty(), "nobody noticed:\n{}", unnoticed.join("\n"));
}

/// Entries in another order, left out, doubled, and as another ledger has them; rules left away.
fn ledger(s: &Stage, found: &Found) {
    let last = survey(s)["last"].as_i64().expect("a number");
    let attacks: Vec<(&'static str, &str, Vec<String>)> = vec![
        (
            "reorder",
            "ledger entry",
            vec![
                "UPDATE entries SET seq = -1 WHERE seq = 3".into(),
                "UPDATE entries SET seq = 3 WHERE seq = 4".into(),
                "UPDATE entries SET seq = 4 WHERE seq = -1".into(),
            ],
        ),
        (
            "remove",
            "ledger entry",
            vec![format!("DELETE FROM openings WHERE seq = {last}"), format!("DELETE FROM entries WHERE seq = {last}")],
        ),
        (
            "remove",
            "ledger entry",
            vec!["DELETE FROM entries WHERE seq = 5".into(), "UPDATE OR REPLACE entries SET seq = seq - 1 WHERE seq > 5".into()],
        ),
        (
            "reorder",
            "openings of commitments",
            vec![
                "UPDATE openings SET seq = CASE seq WHEN 1 THEN -2 WHEN 2 THEN 1 ELSE seq END WHERE seq IN (1, 2)".into(),
                "UPDATE openings SET seq = 2 WHERE seq = -2".into(),
            ],
        ),
        ("remove", "rules that keep history", vec!["-".into()]),
        (
            "change",
            "rules that keep history",
            vec!["CREATE TRIGGER more AFTER INSERT ON entries BEGIN DELETE FROM jobs; END".into()],
        ),
        ("remove", "every checkpoint", vec!["DELETE FROM checkpoints".into()]),
        ("change", "schema", vec!["UPDATE schema_steps SET digest = replace(digest, substr(digest, 1, 1), 'x')".into()]),
    ];
    rough::each(&attacks, |(attack, thing, sql)| {
        let s = rough::copy_of(s);
        edit(&s, &sql.iter().map(String::as_str).collect::<Vec<_>>());
        let (met, told) = met(&s, &[]);
        assert!(met != Met::Unnoticed, "{attack} {thing}: nobody noticed {told}");
        note(found, thing, attack, met);
    });
}

/// Objects, keys, the case file and the index, as files.
fn files(s: &Stage, found: &Found) {
    let objects: Vec<_> = tree(&s.path("world/case/vault/objects"));
    let index: Vec<_> = tree(&s.path("world/case/index"));
    let put = |s: &Stage, path: &str, bytes: &[u8]| {
        let at = s.path("world/case").join(path);
        let _ = std::fs::remove_file(&at);
        std::fs::write(at, bytes).expect("a file");
    };
    let get = |s: &Stage, path: &str| std::fs::read(s.path("world/case").join(path)).expect("a file");
    let flipped = |mut bytes: Vec<u8>| {
        let middle = bytes.len() / 2;
        match bytes.get_mut(middle) {
            Some(b) => *b ^= 0x20,
            None => bytes.push(b'x'),
        }
        bytes
    };
    let search: &[(&str, &[&str])] = &[("search", &["-C", "world/case", "search", "двері"])];
    let sign: &[(&str, &[&str])] = &[("ledger checkpoint", &["-C", "world/case", "ledger", "checkpoint"])];
    let answer = |s: &Stage| rough::calm(s, &["-C", "world/case", "search", "двері", "--json"]).out;
    let calm_answer = answer(&rough::copy_of(s));
    assert!(calm_answer.contains("двері") || calm_answer.contains("Двері"), "{calm_answer}");
    let try_one = |thing: &str, attack: &'static str, commands: &[(&'static str, &[&str])], work: &dyn Fn(&Stage)| {
        let s = rough::copy_of(s);
        work(&s);
        let (mut met, told) = met(&s, commands);
        if met == Met::Unnoticed && thing == "index" && answer(&s) == calm_answer {
            met = Met::Same;
        }
        assert!(met != Met::Unnoticed, "{attack} {thing}: nobody noticed {told}");
        note(found, thing, attack, met);
    };
    for path in &objects {
        let path = format!("vault/objects/{path}");
        try_one("object", "change", &[], &|s| put(s, &path, &flipped(get(s, &path))));
    }
    let (one, two) = (format!("vault/objects/{}", objects[0]), format!("vault/objects/{}", objects[1]));
    try_one("object", "remove", &[], &|s| std::fs::remove_file(s.path("world/case").join(&one)).expect("gone"));
    try_one("object", "swap", &[], &|s| {
        let (a, b) = (get(s, &one), get(s, &two));
        put(s, &one, &b);
        put(s, &two, &a);
    });
    let key = String::from_utf8(get(s, "ledger.key")).expect("text");
    try_one("ledger key", "change", sign, &|s| put(s, "ledger.key", key.replace(char::is_numeric, "7").as_bytes()));
    try_one("ledger key", "remove", sign, &|s| std::fs::remove_file(s.path("world/case/ledger.key")).expect("gone"));
    try_one("ledger key", "swap", sign, &|s| {
        let other = Stage::with_case();
        put(s, "ledger.key", &std::fs::read(other.path("case/ledger.key")).expect("a key"));
    });
    let card = String::from_utf8(get(s, "case.toml")).expect("text");
    for line in card.lines().filter(|l| l.contains('=')) {
        let (name, value) = line.split_once('=').expect("a pair");
        let new = match value.trim().trim_matches('"') {
            v if v == value.trim() => format!("{name}= {}", v.parse::<u32>().map_or(99, |n| n + 90)),
            v => {
                let turned: String = v.chars().rev().map(|c| if c == 'c' { 'd' } else { c }).collect();
                format!("{name}= \"{}\"", if turned == v { format!("{v}x") } else { turned })
            }
        };
        let changed = card.replace(line, &new);
        assert_ne!(changed, card);
        try_one("case file", "change", sign, &|s| put(s, "case.toml", changed.as_bytes()));
    }
    try_one("case file", "remove", &[], &|s| std::fs::remove_file(s.path("world/case/case.toml")).expect("gone"));
    try_one("case file", "swap", &[], &|s| {
        let other = Stage::with_case();
        put(s, "case.toml", &std::fs::read(other.path("case/case.toml")).expect("a card"));
    });
    try_one("record", "remove", &[], &|s| std::fs::remove_file(s.path("world/case/record.sqlite")).expect("gone"));
    try_one("record", "swap", &[], &|s| {
        let other = Stage::with_case();
        edit_at(&other.path("case/record.sqlite"), &[]);
        put(s, "record.sqlite", &std::fs::read(other.path("case/record.sqlite")).expect("a record"));
    });
    let words: Vec<&String> = index.iter().filter(|f| !f.starts_with('.')).collect();
    for file in &words {
        let path = format!("index/{file}");
        try_one("index", "change", search, &|s| put(s, &path, &flipped(get(s, &path))));
        try_one("index", "remove", search, &|s| std::fs::remove_file(s.path("world/case").join(&path)).expect("gone"));
    }
    try_one("index", "swap", search, &|s| {
        let (a, b) = (format!("index/{}", words[0]), format!("index/{}", words[1]));
        let (x, y) = (get(s, &a), get(s, &b));
        put(s, &a, &y);
        put(s, &b, &x);
    });
    try_one("index", "remove", search, &|s| std::fs::remove_dir_all(s.path("world/case/index")).expect("gone"));
}

/// Files below a folder, by path.
fn tree(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for name in rough::names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            all.extend(tree(&path).into_iter().map(|t| format!("{name}/{t}")));
        } else {
            all.push(name);
        }
    }
    all
}

#[test]
fn every_attack_on_a_case_is_named() {
    let s = rich();
    let found = Found::default();
    rows(&s, &found);
    ledger(&s, &found);
    files(&s, &found);
    publish(&found.into_inner().expect("no thread failed with the lock"));
}

/// Compares with the table of the guide, between its two marks, which holds at least what was found now: some changes take what
/// stands in another row, and that is another one each time. `ZAPYS_WRITE_DOCS=1` adds what is missing there.
fn publish(found: &BTreeMap<(String, &'static str), BTreeMap<Met, u32>>) {
    const ATTACKS: [&str; 4] = ["change", "remove", "swap", "reorder"];
    let word = |m: &Met| match m {
        Met::Verify => "`verify`".to_owned(),
        Met::Deep => "`verify --deep`".into(),
        Met::Opening => "refused when opened".into(),
        Met::Command(name) => format!("`{name}`"),
        Met::Same => "no difference".into(),
        Met::Unnoticed => "not noticed (1)".into(),
    };
    let (begin, end) = ("<!-- attacks: begin, written by the test -->\n", "<!-- attacks: end -->");
    let guide = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/tampering.md");
    let page = std::fs::read_to_string(&guide).expect("the guide");
    let (head, rest) = page.split_once(begin).expect("the mark where the table begins");
    let (now, tail) = rest.split_once(end).expect("the mark where it ends");
    let mut told: BTreeMap<String, [BTreeSet<String>; 4]> = BTreeMap::new();
    for line in now.lines().filter(|l| l.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let words = |i: usize| cells[i].split(", ").filter(|w| *w != "–").map(str::to_owned).collect();
        told.insert(cells[0].to_owned(), [words(1), words(2), words(3), words(4)]);
    }
    let mut missing = Vec::new();
    for ((thing, attack), met) in found {
        let column = ATTACKS.iter().position(|a| a == attack).expect("one of the four");
        for met in met.keys().map(word) {
            if told.entry(thing.clone()).or_default()[column].insert(met.clone()) {
                missing.push(format!("{attack} {thing}: {met}"));
            }
        }
    }
    let mut text = String::from("| thing | change | remove | swap | reorder |\n|---|---|---|---|---|\n");
    for (thing, cells) in &told {
        let cell = |words: &BTreeSet<String>| match words.len() {
            0 => "–".to_owned(),
            _ => words.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        writeln!(text, "| {thing} | {} |", cells.each_ref().map(cell).join(" | ")).expect("text");
    }
    text += "\n(1) Holds nothing that is not elsewhere:\n\n";
    for (table, why) in NOTHING_IN_IT {
        writeln!(text, "- `{table}`: {why}").expect("text");
    }
    if std::env::var_os("ZAPYS_WRITE_DOCS").is_some() {
        std::fs::write(&guide, format!("{head}{begin}\n{text}\n{end}{tail}")).expect("the guide");
        return;
    }
    assert!(missing.is_empty(), "docs/guide/tampering.md does not tell (ZAPYS_WRITE_DOCS=1 adds it):\n{}", missing.join("\n"));
    assert!(
        now.trim().ends_with(&text[text.find("(1)").expect("there")..].trim()),
        "docs/guide/tampering.md: the notes are others"
    );
}

/// Bytes of every file of an encrypted case, flipped and cut anywhere: it is named or refused, and nothing falls over.
#[test]
fn no_file_of_an_encrypted_case_can_be_changed_unnoticed() {
    let s = rough::stage();
    s.write("secret", "чотири слова на папері\n".as_bytes());
    let pass = ["--passphrase-file", "secret"];
    let run = |s: &Stage, args: &[&str]| rough::calm(s, &[args, &pass].concat());
    run(&s, &["init", "world/case", "-q"]).ends(0);
    run(&s, &["-C", "world/case", "add", "in/note.txt", "in/calls.csv", "in/page.html", "-q"]).ends(0);
    run(&s, &["-C", "world/case", "process", "-q"]).ends(0);
    run(&s, &["-C", "world/case", "ledger", "checkpoint"]).ends(0);
    run(&s, &["-C", "world/case", "verify", "--deep"]).ends(0);
    let mut dice = Dice::new(seed());
    let mut attacks: Vec<(String, u64, &'static str)> = Vec::new();
    for file in tree(&s.path("world/case")) {
        // Nothing is read from these: the lock and the unused rest of a log.
        if file == "lock" || file.ends_with("-shm") || file.ends_with(".lock") {
            continue;
        }
        let len = std::fs::metadata(s.path("world/case").join(&file)).expect("a file").len();
        attacks.push((file.clone(), dice.below(len.max(1)), "flip"));
        if !file.starts_with("index/") {
            attacks.push((file.clone(), dice.below(len.max(1)), "flip"));
            attacks.push((file.clone(), dice.below(len.max(1)), "cut"));
        }
        attacks.push((file, 0, "remove"));
    }
    rough::each(&attacks, |(file, at, attack)| {
        let c = Stage::new();
        rough::copy_tree(&s.path("world"), &c.path("world"));
        rough::copy_tree(&s.path("secret"), &c.path("secret"));
        let path = c.path("world/case").join(file);
        let mut bytes = std::fs::read(&path).expect("a file");
        std::fs::remove_file(&path).expect("gone");
        match *attack {
            "flip" if !bytes.is_empty() => bytes[*at as usize] ^= 1 << (at % 8),
            "cut" => bytes.truncate(*at as usize),
            _ => {}
        }
        if *attack != "remove" {
            std::fs::write(&path, &bytes).expect("a file");
        }
        let mut told = Vec::new();
        let commands: [&[&str]; 3] = [
            &["-C", "world/case", "verify", "--deep"],
            &["-C", "world/case", "search", "двері"],
            &["-C", "world/case", "ledger", "checkpoint"],
        ];
        for args in commands {
            let said = run(&c, args);
            assert!(
                matches!(said.code, Some(0..=3)) && !said.err.contains("panicked"),
                "{attack} {file} {at}: {:?} {}",
                said.code,
                said.err
            );
            told.push(said.code);
            if said.code != Some(0) {
                return;
            }
        }
        // A log that was folded into its file holds nothing any more.
        assert!(file.ends_with("-wal") || file.starts_with("index/"), "{attack} {file} at {at}: nobody noticed ({told:?})");
    });
}
