//! Small facts about the case itself, and its settings: key and value. Neither speaks of evidence, so neither needs an entry.

use crate::error::StoreError;
use crate::run::{Run, args, reads, statements};
use crate::sealing::hidden;
use crate::tx::Tx;

statements! {
    META = "SELECT value FROM meta WHERE key = $1";
    SET_META = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    SETTING = "SELECT value FROM settings WHERE key = $1";
    SET_SETTING = "INSERT INTO settings (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
}

reads! {
    /// A fact about the case: its identifier, name, ledger origin…
    fn meta(key: &str) -> Option<String>;
    /// A setting of the case, e.g. `work.paused`.
    fn setting(key: &str) -> Option<String>;
}

impl Run<'_> {
    async fn meta(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        self.opt(META, &args![key]).await?.map(|r| r.of("meta", "key").text("value")).transpose()
    }
    async fn setting(&mut self, key: &str) -> Result<Option<String>, StoreError> {
        self.opt(SETTING, &args![key]).await?.map(|r| r.of("settings", "key").text("value")).transpose()
    }
}

impl Tx {
    /// Sets a fact about the case.
    pub async fn set_meta(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.run().exec(SET_META, &args![key, hidden(value)]).await.map(drop)
    }
    /// Sets a setting.
    pub async fn set_setting(&mut self, key: &str, value: &str) -> Result<(), StoreError> {
        self.run().exec(SET_SETTING, &args![key, hidden(value)]).await.map(drop)
    }
}
