//! Finding and sorting by title where the database may not read titles: they are opened and compared here, one after the other.
//! It takes some microseconds an item; a sealed SQLite file, which this program alone reads, needs none of it.

use crate::error::StoreError;
use crate::filter::{Build, Chosen, Cursor, ItemFilter, ItemPage, ItemSort, orders, these, titles};
use crate::items::{item, key};
use crate::rows::Row;
use crate::run::{Arg, Run};
use std::collections::{BTreeMap, BTreeSet};
use zapys_domain::ItemId;

impl Run<'_> {
    /// Identifiers of the items whose titles have the part that is asked for, with commas between them. `None` where no title is
    /// asked for, or the database looks itself.
    pub(crate) async fn titled(&mut self, filter: &ItemFilter) -> Result<Option<String>, StoreError> {
        let Some(title) = filter.title.as_deref().filter(|_| self.seals()) else { return Ok(None) };
        let (part, mut found) = (key(title), String::new());
        let read = |row: Row| {
            let row = row.of("items", "id");
            if row.text("title_key")?.contains(&part) {
                found.push_str(if found.is_empty() { "" } else { "," });
                found.push_str(&row.text("id")?);
            }
            Ok(())
        };
        self.through(titles(), read).await?;
        Ok(Some(found))
    }

    /// A page of what fits, by title.
    pub(crate) async fn items_by_title(
        &mut self,
        chosen: Chosen<'_>,
        cursor: Option<&Cursor>,
        limit: usize,
    ) -> Result<ItemPage, StoreError> {
        let after = cursor.map(|c| c.of(ItemSort::Title)).transpose()?.map(|(order, id)| (order.to_owned(), id));
        // The first ones after the cursor, and one more that tells whether there are others.
        let mut page: BTreeSet<(String, ItemId)> = BTreeSet::new();
        let read = |row: Row| {
            let row = row.of("items", "id");
            let place = (row.text("title_order")?, row.id("id")?);
            if after.as_ref().is_none_or(|after| place > *after) {
                page.insert(place);
                if page.len() > limit + 1 {
                    page.pop_last();
                }
            }
            Ok(())
        };
        self.through(orders(chosen), read).await?;
        let more = page.len() > limit;
        if more {
            page.pop_last();
        }
        let ids: Vec<Arg<'_>> = page.iter().map(|(_, id)| Arg::from(*id)).collect();
        let mut items = BTreeMap::new();
        if !ids.is_empty() {
            for row in self.all_built(these(ids.len()), &ids).await? {
                let item = item(&row)?;
                items.insert(item.id, item);
            }
        }
        let next = page.last().filter(|_| more).map(|(order, id)| Cursor::after(ItemSort::Title, order, *id));
        Ok(ItemPage { items: page.iter().filter_map(|(_, id)| items.remove(id)).collect(), next })
    }

    async fn through(
        &mut self,
        Build { sql, args }: Build<'_>,
        mut read: impl FnMut(Row) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut failed = None;
        let mut each = |row| read(row).map_err(|e| failed = Some(e)).is_ok();
        self.each_built(sql, &args, &mut each).await?;
        failed.map_or(Ok(()), Err)
    }
}
