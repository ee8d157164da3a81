//! Keys of sealed objects, wrapped; and disposal: destroying them, with whatever else the record knows of an item's content.

use crate::error::StoreError;
use crate::filter::Insert;
use crate::rows::Row;
use crate::run::{Arg, Run, args, reads, statements};
use crate::sealing::compared;
use crate::tx::Tx;
use zapys_domain::text::{hex, unhex};
use zapys_domain::{Actor, EntrySeq, Instant, ItemId, ObjectId};

/// Where a sealed object rests, and its key under a wrapping key of the case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectKeyRow {
    /// Digest of the plain bytes.
    pub object: ObjectId,
    /// Name in the vault: 64 hexadecimal characters that say nothing.
    pub name: String,
    /// Which wrapping key.
    pub epoch: u32,
    /// The sealed key.
    pub wrapped: Vec<u8>,
}

statements! {
    KEY = "SELECT object, name, epoch, wrapped FROM object_keys WHERE object = $1";
    KEYS = "SELECT object, name, epoch, wrapped FROM object_keys WHERE object > $1 ORDER BY object LIMIT $2";
    KEY_NAMES = "SELECT object, name, epoch, wrapped FROM object_keys WHERE name > $1 ORDER BY name LIMIT $2";
    KEYS_OF_EPOCH = "SELECT COUNT(*) AS n FROM object_keys WHERE epoch = $1";
    REWRAP = "UPDATE object_keys SET epoch = $2, wrapped = $3 WHERE object = $1";
    DESTROY_KEY = "DELETE FROM object_keys WHERE object = $1";
    ADD_DISPOSAL = "INSERT INTO disposals (item, at, actor, entry_seq) VALUES ($1, $2, $3, $4)";
    DISPOSAL = "SELECT item, at FROM disposals WHERE item = $1";
    ADD_DISPOSED_OBJECT = "INSERT INTO disposed_objects (object, item) VALUES ($1, $2) ON CONFLICT (object) DO NOTHING";
    RESTORE_OBJECT = "DELETE FROM disposed_objects WHERE object = $1";
    DISPOSED_OBJECT = "SELECT object FROM disposed_objects WHERE object = $1";
    DISPOSED_OBJECTS = "SELECT object FROM disposed_objects ORDER BY object";
    OBJECT_IN_USE = "SELECT (SELECT COUNT(*) FROM items i WHERE i.object = $1 AND NOT EXISTS (SELECT 1 FROM disposals d WHERE d.item = i.id)) \
        + (SELECT COUNT(*) FROM derivations v WHERE v.output = $1 AND NOT EXISTS (SELECT 1 FROM disposals d WHERE d.item = v.item)) AS n";
    FORGET_OPENINGS = "DELETE FROM openings WHERE seq IN (SELECT seq FROM entries WHERE item = $1 AND seq < $2)";
    BLANK_ITEM = "UPDATE items SET title = NULL, title_key = '', title_order = '', member_path = NULL, lang = 'und', recorded = NULL, \
        recorded_earliest = NULL, recorded_latest = NULL, recorded_basis = NULL, published = NULL, published_earliest = NULL, \
        published_latest = NULL, entry_seq = $2 WHERE id = $1";
    BLANK_ACQUISITIONS = "UPDATE acquisitions SET path = NULL, source = NULL, source_grade = NULL, origin = NULL, collected_by = NULL, \
        legal_basis = NULL, recorded = NULL, published = NULL, lang = NULL, labels = '{}' WHERE item = $1";
    FORGET_ITEM_FACTS = "DELETE FROM item_facts WHERE item = $1";
    FORGET_ITEM_LANGUAGES = "DELETE FROM item_languages WHERE item = $1";
    FORGET_ITEM_FLAGS = "DELETE FROM item_flags WHERE item = $1";
    FORGET_ITEM_FINDINGS = "DELETE FROM findings WHERE item = $1";
    FORGET_RECORDS = "DELETE FROM records WHERE item = $1";
    FORGET_DATES = "DELETE FROM item_dates WHERE item = $1";
    FORGET_EXCERPT = "DELETE FROM item_excerpts WHERE item = $1";
    CANCEL_JOBS = "UPDATE jobs SET state = 'cancelled', lease_owner = NULL, lease_until = NULL, error_message = NULL, error_hint = NULL \
        WHERE item = $1";
}

pub(crate) const ADD_KEYS: Insert =
    Insert { head: "INSERT INTO object_keys (object, name, epoch, wrapped)", columns: 4, tail: "" };

/// The arguments of [`ADD_KEYS`].
pub(crate) fn key_args(row: &ObjectKeyRow) -> [Arg<'_>; 4] {
    args![row.object, row.name.as_str(), u64::from(row.epoch), hex(&row.wrapped)]
}

reads! {
    /// Where a sealed object rests and its key; `None` for objects that rest as they came, and for destroyed ones.
    fn object_key(object: ObjectId) -> Option<ObjectKeyRow>;
    /// Keys after `after` in order of object; at most `limit`.
    fn object_keys(after: Option<ObjectId>, limit: u32) -> Vec<ObjectKeyRow>;
    /// Keys in order of the names that objects rest under; `after`: the last name seen, or empty. At most `limit`.
    fn object_keys_by_name(after: &str, limit: u32) -> Vec<ObjectKeyRow>;
    /// How many keys are wrapped under this wrapping key.
    fn keys_of_epoch(epoch: u32) -> u64;
    /// True where the item's content was destroyed on purpose.
    fn is_disposed(item: ItemId) -> bool;
    /// True where the object was destroyed on purpose.
    fn is_object_disposed(object: ObjectId) -> bool;
    /// Every object that was destroyed on purpose.
    fn disposed_objects() -> Vec<ObjectId>;
    /// How many items and derivations that are not disposed of need this object.
    fn object_uses(object: ObjectId) -> u64;
}

impl Run<'_> {
    async fn object_key(&mut self, object: ObjectId) -> Result<Option<ObjectKeyRow>, StoreError> {
        self.opt(KEY, &args![object]).await?.map(|r| key(&r)).transpose()
    }
    async fn object_keys(&mut self, after: Option<ObjectId>, limit: u32) -> Result<Vec<ObjectKeyRow>, StoreError> {
        let after = after.map(|o| o.hex()).unwrap_or_default();
        self.all(KEYS, &args![after, u64::from(limit)]).await?.iter().map(key).collect()
    }
    async fn object_keys_by_name(&mut self, after: &str, limit: u32) -> Result<Vec<ObjectKeyRow>, StoreError> {
        self.all(KEY_NAMES, &args![after, u64::from(limit)]).await?.iter().map(key).collect()
    }
    async fn keys_of_epoch(&mut self, epoch: u32) -> Result<u64, StoreError> {
        self.one(KEYS_OF_EPOCH, &args![u64::from(epoch)]).await?.n()
    }
    async fn is_disposed(&mut self, item: ItemId) -> Result<bool, StoreError> {
        Ok(self.opt(DISPOSAL, &args![item]).await?.is_some())
    }
    async fn is_object_disposed(&mut self, object: ObjectId) -> Result<bool, StoreError> {
        Ok(self.opt(DISPOSED_OBJECT, &args![object]).await?.is_some())
    }
    async fn disposed_objects(&mut self) -> Result<Vec<ObjectId>, StoreError> {
        let rows = self.all(DISPOSED_OBJECTS, &[]).await?;
        rows.iter().map(|r| r.of("disposed_objects", "object").read("object", |t| t.parse().ok())).collect()
    }
    async fn object_uses(&mut self, object: ObjectId) -> Result<u64, StoreError> {
        self.one(OBJECT_IN_USE, &args![object]).await?.n()
    }
}

impl Tx {
    /// Keeps the key of an object that the same transaction adds. An object that was destroyed and came again is there again.
    pub async fn add_object_key(&mut self, row: &ObjectKeyRow) -> Result<(), StoreError> {
        self.run().exec(RESTORE_OBJECT, &args![row.object]).await?;
        self.record().insert(&ADD_KEYS, &key_args(row)).await.map(drop)
    }
    /// Replaces how an object's key is wrapped.
    pub async fn rewrap_object_key(&mut self, object: ObjectId, epoch: u32, wrapped: &[u8]) -> Result<(), StoreError> {
        self.record().exec(REWRAP, &args![object, u64::from(epoch), hex(wrapped)]).await.map(drop)
    }
    /// Destroys what the record holds of an item's content: openings of its commitments, names, sources, dates, findings,
    /// facts and waiting work. The item, its entries and its acquisitions stay as bare facts.
    pub async fn dispose(&mut self, item: ItemId, at: Instant, actor: &Actor, entry: EntrySeq) -> Result<(), StoreError> {
        self.record().exec(ADD_DISPOSAL, &args![item, at, compared(actor.id.as_str()), entry]).await?;
        self.record().exec(BLANK_ITEM, &args![item, entry]).await?;
        // Why it is disposed of is no content of it, so that opening stays.
        self.record().exec(FORGET_OPENINGS, &args![item, entry]).await?;
        for sql in [
            BLANK_ACQUISITIONS,
            FORGET_ITEM_FACTS,
            FORGET_ITEM_LANGUAGES,
            FORGET_ITEM_FLAGS,
            FORGET_ITEM_FINDINGS,
            FORGET_RECORDS,
            FORGET_DATES,
            FORGET_EXCERPT,
            CANCEL_JOBS,
        ] {
            self.record().exec(sql, &args![item]).await?;
        }
        Ok(())
    }
    /// Destroys an object's key and notes that this was on purpose. `item`: the disposed item it belonged to.
    pub async fn dispose_object(&mut self, object: ObjectId, item: ItemId) -> Result<(), StoreError> {
        self.record().exec(ADD_DISPOSED_OBJECT, &args![object, item]).await?;
        self.record().exec(DESTROY_KEY, &args![object]).await.map(drop)
    }
}

pub(crate) fn key(row: &Row) -> Result<ObjectKeyRow, StoreError> {
    let r = row.of("object_keys", "object");
    Ok(ObjectKeyRow {
        object: r.read("object", |t| t.parse().ok())?,
        name: r.text("name")?,
        epoch: r.count("epoch")?,
        wrapped: unhex(&r.text("wrapped")?).ok_or_else(|| r.wrong("wrapped"))?,
    })
}
