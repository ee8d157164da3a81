//! What only verification asks: whether the rules that keep history are the ones this program set, whether every row finds
//! what it refers to, and the rows that lists are filtered by.

use crate::dialect::{DANGLING_SQLITE, Db, OBJECTS_POSTGRES, OBJECTS_SQLITE, RULES_POSTGRES, RULES_SQLITE};
use crate::error::StoreError;
use crate::rows::Row;
use crate::run::{Run, args, statements};
use crate::{ObjectKeyRow, ObjectRow, Store, items, keys, migrate};
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::{Actor, EntrySeq, Instant, ItemId, Lang, ObjectId};

statements! {
    LANGUAGES = "SELECT lang FROM item_languages WHERE item = $1 ORDER BY lang";
    FLAGS = "SELECT flag, n FROM item_flags WHERE item = $1 ORDER BY flag";
    SETTINGS = "SELECT key, value FROM settings ORDER BY key";
    DERIVED_TO = "SELECT DISTINCT item FROM derivations WHERE output = $1 ORDER BY item";
    DISPOSALS = "SELECT item, at, actor, entry_seq FROM disposals ORDER BY item";
    GAPS = "SELECT item FROM findings GROUP BY item, found_by HAVING MAX(idx) + 1 <> COUNT(*) LIMIT 1";
    HALF_TOLD = "SELECT item FROM derivations WHERE error_code IS NULL AND (error_message IS NOT NULL OR error_hint IS NOT NULL) LIMIT 1";
}
/// How far a walk over all objects came.
#[derive(Clone, Debug, Default)]
pub struct Place(String);

impl Store {
    /// Objects after a place, in the order in which they are quickest to read, and the place to go on from. At most `limit`;
    /// none at the end.
    pub async fn objects_from(&self, place: &Place, limit: u32) -> Result<(Vec<ObjectRow>, Place), StoreError> {
        let [sql, _] = self.choose(OBJECTS_SQLITE, OBJECTS_POSTGRES);
        let mut held = self.reader().await?;
        let rows = held.run().all(sql, &args![place.0.as_str(), u64::from(limit)]).await?;
        Ok((rows.iter().map(items::object).collect::<Result<_, _>>()?, last_place(&rows)?))
    }

    /// The same, each with its key: `None` for one that rests as it came, and for a destroyed one.
    pub async fn keyed_objects_from(
        &self,
        place: &Place,
        limit: u32,
    ) -> Result<(Vec<(ObjectRow, Option<ObjectKeyRow>)>, Place), StoreError> {
        let [_, sql] = self.choose(OBJECTS_SQLITE, OBJECTS_POSTGRES);
        let mut held = self.reader().await?;
        let rows = held.run().all(sql, &args![place.0.as_str(), u64::from(limit)]).await?;
        let with_key = |row: &Row| {
            let keyed = row.of("object_keys", "object").opt_text("object")?.is_some();
            Ok((items::object(row)?, keyed.then(|| keys::key(row)).transpose()?))
        };
        Ok((rows.iter().map(with_key).collect::<Result<_, StoreError>>()?, last_place(&rows)?))
    }

    /// Rules that keep history and are missing, other than they were set, or not ours.
    pub async fn rules_amiss(&self) -> Result<Vec<String>, StoreError> {
        let mut held = self.reader().await?;
        let mut run = held.run();
        let postgres = matches!(run.0, Db::Postgres(_));
        let set = migrate::rules(postgres);
        let mut there = BTreeMap::new();
        for row in run.all(self.choose(RULES_SQLITE, RULES_POSTGRES), &[]).await? {
            let row = row.of("rules", "name");
            there.insert(row.text("name")?, row.text("sql")?);
        }
        // PostgreSQL keeps no text: there, being switched on is what can be seen.
        let same = |name: &str, text: &str| {
            there.get(name).is_some_and(|found| if postgres { found == "O" } else { found.trim() == text.trim() })
        };
        let mut amiss: Vec<String> = set.iter().filter(|(name, text)| !same(name, text)).map(|(n, _)| (*n).to_owned()).collect();
        amiss.extend(there.keys().filter(|name| !set.contains_key(name.as_str())).cloned());
        Ok(amiss)
    }

    /// Tables with rows that refer to what is not there, or that have gaps.
    pub async fn dangling(&self) -> Result<Vec<String>, StoreError> {
        let mut held = self.reader().await?;
        let mut run = held.run();
        let mut amiss = Vec::new();
        for (table, sql) in [("findings", GAPS), ("derivations", HALF_TOLD)] {
            if run.opt(sql, &[]).await?.is_some() {
                amiss.push(table.to_owned());
            }
        }
        if let Db::Postgres(_) = &run.0 {
            return Ok(amiss);
        }
        for row in run.all(DANGLING_SQLITE, &[]).await? {
            amiss.push(row.of("foreign_key_check", "name").text("name")?);
        }
        Ok(amiss)
    }

    /// Languages and flags that lists of items are filtered by.
    pub async fn listed(&self, item: ItemId) -> Result<(BTreeSet<Lang>, BTreeMap<String, u64>), StoreError> {
        let mut held = self.reader().await?;
        held.run().listed(item).await
    }

    /// Every setting by its key.
    pub async fn settings(&self) -> Result<BTreeMap<String, String>, StoreError> {
        let mut held = self.reader().await?;
        let rows = held.run().all(SETTINGS, &[]).await?;
        let pair = |row: crate::rows::Row| {
            let row = row.of("settings", "key");
            Ok((row.text("key")?, row.text("value")?))
        };
        rows.into_iter().map(pair).collect()
    }

    /// Items that have this object as a derivative.
    pub async fn derived_to(&self, object: ObjectId) -> Result<Vec<ItemId>, StoreError> {
        let mut held = self.reader().await?;
        let rows = held.run().all(DERIVED_TO, &args![object]).await?;
        rows.into_iter().map(|row| row.of("derivations", "item").id("item")).collect()
    }

    /// Items that were disposed of: the entries that say so, who did it, and when.
    pub async fn disposals(&self) -> Result<Vec<(ItemId, EntrySeq, Actor, Instant)>, StoreError> {
        let mut held = self.reader().await?;
        let rows = held.run().all(DISPOSALS, &[]).await?;
        let pair = |row: crate::rows::Row| {
            let row = row.of("disposals", "item");
            Ok((row.id("item")?, row.entry("entry_seq")?, row.actor("actor")?, row.at("at")?))
        };
        rows.into_iter().map(pair).collect()
    }
}

fn last_place(rows: &[Row]) -> Result<Place, StoreError> {
    let last = rows.last().map(|row| row.of("objects", "id").text("place")).transpose()?;
    Ok(Place(last.unwrap_or_default()))
}

impl Run<'_> {
    async fn listed(&mut self, item: ItemId) -> Result<(BTreeSet<Lang>, BTreeMap<String, u64>), StoreError> {
        let mut languages = BTreeSet::new();
        for row in self.all(LANGUAGES, &args![item]).await? {
            // A tag that is none belongs to nothing that was read: it stands out as the undetermined one.
            languages.insert(Lang::parse(&row.of("item_languages", "lang").text("lang")?).unwrap_or_else(Lang::und));
        }
        let mut flags = BTreeMap::new();
        for row in self.all(FLAGS, &args![item]).await? {
            let row = row.of("item_flags", "flag");
            flags.insert(row.text("flag")?, row.count("n")?);
        }
        Ok((languages, flags))
    }
}
