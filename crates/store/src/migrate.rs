//! The schema in steps: one common text each, and triggers per database. Digests of the texts are kept in the record and
//! compared whenever it is opened, so that nobody works on a schema that is not the one this program was tested with.

use crate::dialect::Db;
use crate::error::StoreError;
use crate::run::{Run, args, statements};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use zapys_domain::{Action, DerivativeKind, ItemKind};

/// One step of the schema.
struct Step {
    version: u64,
    name: &'static str,
    common: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

const STEPS: &[Step] = &[
    Step {
        version: 1,
        name: "record",
        common: include_str!("schema/0001-record.sql"),
        sqlite: include_str!("schema/0001-history-sqlite.sql"),
        postgres: include_str!("schema/0001-history-postgres.sql"),
    },
    Step {
        version: 2,
        name: "keys",
        common: include_str!("schema/0002-keys.sql"),
        sqlite: include_str!("schema/0002-history-sqlite.sql"),
        postgres: include_str!("schema/0002-history-postgres.sql"),
    },
    Step {
        version: 3,
        name: "handover",
        common: include_str!("schema/0003-handover.sql"),
        sqlite: include_str!("schema/0003-history-sqlite.sql"),
        postgres: include_str!("schema/0003-history-postgres.sql"),
    },
    Step {
        version: 4,
        name: "stamps",
        common: include_str!("schema/0004-stamps.sql"),
        sqlite: include_str!("schema/0004-history-sqlite.sql"),
        postgres: include_str!("schema/0004-history-postgres.sql"),
    },
    Step {
        version: 5,
        name: "disposal",
        common: include_str!("schema/0005-disposal.sql"),
        sqlite: include_str!("schema/0005-history-sqlite.sql"),
        postgres: include_str!("schema/0005-history-postgres.sql"),
    },
    Step {
        version: 6,
        name: "lists",
        common: include_str!("schema/0006-lists.sql"),
        sqlite: include_str!("schema/0006-history-sqlite.sql"),
        postgres: include_str!("schema/0006-history-postgres.sql"),
    },
    Step {
        version: 7,
        name: "revisions",
        common: include_str!("schema/0007-revisions.sql"),
        sqlite: include_str!("schema/0007-history-sqlite.sql"),
        postgres: include_str!("schema/0007-history-postgres.sql"),
    },
    Step {
        version: 8,
        name: "voices",
        common: include_str!("schema/0008-voices.sql"),
        sqlite: include_str!("schema/0008-history-sqlite.sql"),
        postgres: include_str!("schema/0008-history-postgres.sql"),
    },
    Step {
        version: 9,
        name: "glossary",
        common: include_str!("schema/0009-glossary.sql"),
        sqlite: include_str!("schema/0009-history-sqlite.sql"),
        postgres: include_str!("schema/0009-history-postgres.sql"),
    },
    Step {
        version: 10,
        name: "translations",
        common: include_str!("schema/0010-translations.sql"),
        sqlite: include_str!("schema/0010-history-sqlite.sql"),
        postgres: include_str!("schema/0010-history-postgres.sql"),
    },
    Step {
        version: 11,
        name: "sealed-values",
        common: include_str!("schema/0011-sealed-values.sql"),
        sqlite: include_str!("schema/0011-history-sqlite.sql"),
        postgres: include_str!("schema/0011-history-postgres.sql"),
    },
];

const STEPS_TABLE: &str =
    "CREATE TABLE schema_steps (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, digest TEXT NOT NULL);";

statements! {
    APPLIED = "SELECT version, name, digest FROM schema_steps ORDER BY version";
    APPLY = "INSERT INTO schema_steps (version, name, digest) VALUES ($1, $2, $3)";
    WRITER = "INSERT INTO meta (key, value) VALUES ('writer', '1') ON CONFLICT (key) DO NOTHING";
    ITEM_KIND = "INSERT INTO item_kinds (word) VALUES ($1) ON CONFLICT (word) DO NOTHING";
    DERIVATIVE_KIND = "INSERT INTO derivative_kinds (word) VALUES ($1) ON CONFLICT (word) DO NOTHING";
    ACTION = "INSERT INTO actions (word) VALUES ($1) ON CONFLICT (word) DO NOTHING";
    N_WORDS = "SELECT (SELECT COUNT(*) FROM item_kinds) + (SELECT COUNT(*) FROM derivative_kinds) + (SELECT COUNT(*) FROM actions) AS n";
}

impl Step {
    fn own(&self, run: &Run<'_>) -> &'static str {
        match &run.0 {
            Db::Sqlite(_) => self.sqlite,
            Db::Postgres(_) => self.postgres,
        }
    }
    /// SHA-256 over both texts; the common one is covered by both databases' digests.
    fn digest(&self, run: &Run<'_>) -> String {
        let mut hash = Sha256::new();
        hash.update(self.common);
        hash.update([0]);
        hash.update(self.own(run));
        zapys_domain::text::hex(&hash.finalize())
    }
}

/// The triggers that all steps together set, by name, with the text of each.
pub(crate) fn rules(postgres: bool) -> BTreeMap<&'static str, &'static str> {
    let mut rules = BTreeMap::new();
    for step in STEPS {
        let text = if postgres { step.postgres } else { step.sqlite };
        let mut rest = text;
        while let Some(at) = rest.find(" TRIGGER ") {
            let name = rest[at + " TRIGGER ".len()..].split([' ', ';']).next().unwrap_or_default();
            if rest[..at].ends_with("DROP") {
                rules.remove(name);
            }
            if rest[..at].ends_with("CREATE") {
                let begin = at - "CREATE".len();
                // SQLite's end with their own last word; those of PostgreSQL call a function and are one statement.
                let end = if postgres { rest[at..].find(';') } else { rest[at..].find("END;").map(|n| n + "END".len()) };
                rules.insert(name, &rest[begin..end.map_or(rest.len(), |n| at + n)]);
            }
            rest = &rest[at + " TRIGGER ".len()..];
        }
    }
    rules
}

/// Makes the table of steps in an empty database. Then [`renew`] builds the rest.
pub(crate) async fn prepare(run: &mut Run<'_>) -> Result<(), StoreError> {
    run.script(STEPS_TABLE).await
}

/// Compares the applied steps with the known ones and applies what is missing. Runs inside a transaction.
/// Errors: `Newer`, `Drifted`, `NotARecord` where a step is missing in the middle.
pub(crate) async fn renew(run: &mut Run<'_>) -> Result<(), StoreError> {
    let applied = run.all(APPLIED, &[]).await?;
    for (i, row) in applied.iter().enumerate() {
        let row = row.of("schema_steps", "version");
        let version: u64 = row.count("version")?;
        let known = STEPS.len() as u64;
        let step = STEPS.get(i).ok_or(StoreError::Newer { found: version, known })?;
        if version != step.version || row.text("name")? != step.name || row.text("digest")? != step.digest(run) {
            return Err(StoreError::Drifted { version });
        }
    }
    for step in &STEPS[applied.len()..] {
        run.script(step.common).await?;
        run.script(step.own(run)).await?;
        let digest = step.digest(run);
        run.exec(APPLY, &args![step.version, step.name, digest]).await?;
        run.exec(WRITER, &[]).await?;
        tracing::info!(version = step.version, "store.schema.apply");
    }
    learn_words(run).await
}

/// Adds the words this program knows to the vocabularies that grow.
async fn learn_words(run: &mut Run<'_>) -> Result<(), StoreError> {
    let known = ItemKind::ALL.len() + DerivativeKind::ALL.len() + Action::ALL.len();
    if run.one(N_WORDS, &[]).await?.n()? >= known as u64 {
        return Ok(());
    }
    for word in ItemKind::ALL {
        run.exec(ITEM_KIND, &args![word.word()]).await?;
    }
    for word in DerivativeKind::ALL {
        run.exec(DERIVATIVE_KIND, &args![word.word()]).await?;
    }
    for word in Action::ALL {
        run.exec(ACTION, &args![word.word()]).await?;
    }
    Ok(())
}
