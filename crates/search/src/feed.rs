//! Feeding the index from the record: replace, remove, commit.

use crate::error::IndexError;
use crate::fields::Fields;
use crate::index::Index;
use tantivy::{IndexWriter, TantivyDocument, Term};
use zapys_domain::ItemId;
use zapys_domain::passage::{Layer, Passage};

/// Memory in bytes before a part of the index is written out.
const MEMORY: usize = 64 << 20;

/// The one writer. What is not committed is forgotten when it is dropped.
pub struct Feed<'a> {
    index: &'a Index,
    writer: IndexWriter,
}

impl<'a> Feed<'a> {
    pub(crate) fn new(index: &'a Index, engine: &tantivy::Index) -> Result<Self, IndexError> {
        // One thread: two cores are shared with engines, and analysis runs on the caller's thread anyway.
        Ok(Self { index, writer: engine.writer_with_num_threads(1, MEMORY).map_err(|e| index.cause(e))? })
    }

    fn fields(&self) -> &Fields {
        &self.index.fields
    }

    /// Puts `passages`, in this order, in place of all that `item` had in `layer`. An empty slice takes them away.
    pub fn replace(&mut self, item: ItemId, layer: Layer, passages: &[Passage]) -> Result<(), IndexError> {
        self.writer.delete_term(self.fields().place_term(item, layer));
        for (idx, passage) in passages.iter().enumerate() {
            let document: TantivyDocument = self.fields().document(&self.index.lexicon, item, layer, idx, passage);
            self.writer.add_document(document).map_err(|e| self.index.cause(e))?;
        }
        Ok(())
    }

    /// Takes away every layer of `item`.
    pub fn remove(&mut self, item: ItemId) -> Result<(), IndexError> {
        self.writer.delete_term(Term::from_field_text(self.fields().item, &item.to_string()));
        Ok(())
    }

    /// Takes everything away, at the next commit; until then it is still found. The beginning of a rebuild while others read.
    pub fn clear(&mut self) -> Result<(), IndexError> {
        self.writer.delete_all_documents()?;
        Ok(())
    }

    /// Makes everything up to here findable and durable, and remembers how far in the record that is.
    pub fn commit(&mut self, watermark: u64) -> Result<(), IndexError> {
        let mut commit = self.writer.prepare_commit().map_err(|e| self.index.cause(e))?;
        commit.set_payload(&watermark.to_string());
        commit.commit().map_err(|e| self.index.cause(e))?;
        self.index.reload()
    }

    /// Waits until parts are merged in the background; a smaller index that answers faster. For after a rebuild.
    pub fn finish(self) -> Result<(), IndexError> {
        let index = self.index;
        self.writer.wait_merging_threads()?;
        index.reload()
    }

    /// Writes every part anew that still holds what was taken away before the last commit, and deletes the old one. Until
    /// then removed words are found no more, yet rest in the files.
    pub fn purge(self) -> Result<(), IndexError> {
        let index = self.index;
        // Parts that are being merged already cannot be merged once more.
        self.finish()?;
        let mut feed = index.feed()?;
        let parts = index.parts_with_removed()?;
        if !parts.is_empty() {
            feed.writer.merge(&parts).wait().map_err(|e| index.cause(e))?;
            feed.writer.garbage_collect_files().wait().map_err(|e| index.cause(e))?;
        }
        index.reload()
    }
}
