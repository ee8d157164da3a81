//! What only verification asks: whether the rules that keep history are the ones this program set, whether every row finds
//! what it refers to, and the rows that lists are filtered by.

use crate::dialect::{DANGLING_SQLITE, Db, RULES_POSTGRES, RULES_SQLITE};
use crate::error::StoreError;
use crate::model::ItemRow;
use crate::run::{Run, args, statements};
use crate::{Store, migrate};
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::{EntrySeq, ItemId, Lang, ObjectId};

statements! {
    LANGUAGES = "SELECT lang FROM item_languages WHERE item = $1 ORDER BY lang";
    FLAGS = "SELECT flag, n FROM item_flags WHERE item = $1 ORDER BY flag";
    SETTINGS = "SELECT key, value FROM settings ORDER BY key";
    SORTED = "SELECT title_key, title_order, recorded_earliest, recorded_latest, published_earliest, published_latest FROM items WHERE id = $1";
    DERIVED_TO = "SELECT DISTINCT item FROM derivations WHERE output = $1 ORDER BY item";
    DISPOSALS = "SELECT item, entry_seq FROM disposals ORDER BY item";
}
impl Store {
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

    /// Tables with rows that refer to what is not there.
    pub async fn dangling(&self) -> Result<Vec<String>, StoreError> {
        let mut held = self.reader().await?;
        let mut run = held.run();
        if let Db::Postgres(_) = &run.0 {
            return Ok(Vec::new());
        }
        let rows = run.all(DANGLING_SQLITE, &[]).await?;
        rows.into_iter().map(|row| row.of("foreign_key_check", "name").text("name")).collect()
    }

    /// Languages and flags that lists of items are filtered by.
    pub async fn listed(&self, item: ItemId) -> Result<(BTreeSet<Lang>, BTreeMap<String, u64>), StoreError> {
        let mut held = self.reader().await?;
        held.run().listed(item).await
    }

    /// True where the columns that lists are sorted by are what title and dates give.
    pub async fn is_sorted_right(&self, item: &ItemRow) -> Result<bool, StoreError> {
        let mut held = self.reader().await?;
        let Some(row) = held.run().opt(SORTED, &args![item.id]).await? else { return Ok(false) };
        let row = row.of("items", "id");
        let kept = (row.text("title_key")?, row.text("title_order")?);
        let bounds = ["recorded_earliest", "recorded_latest", "published_earliest", "published_latest"];
        let bounds: Vec<Option<i64>> = bounds.iter().map(|b| row.opt_int(b)).collect::<Result<_, _>>()?;
        Ok((kept, bounds) == crate::items::sorting(&item.details))
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

    /// Items that were disposed of, and the entries that say so.
    pub async fn disposals(&self) -> Result<Vec<(ItemId, EntrySeq)>, StoreError> {
        let mut held = self.reader().await?;
        let rows = held.run().all(DISPOSALS, &[]).await?;
        let pair = |row: crate::rows::Row| {
            let row = row.of("disposals", "item");
            Ok((row.id("item")?, EntrySeq(row.count("entry_seq")?)))
        };
        rows.into_iter().map(pair).collect()
    }
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
