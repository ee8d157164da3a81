//! The columns of the two tables, and the words that may stand in them.

use super::csv::{Table, cell, text};

macro_rules! columns {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $field:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq, Eq, Debug)]
        pub struct $name { $($(#[$doc])* pub $field: String),+ }
        impl $name {
            /// Names of the columns, in their order.
            pub const COLUMNS: &[&str] = &[$(stringify!($field)),+];
            /// The table of these rows.
            pub fn table(rows: &[Self]) -> Table {
                Table {
                    heading: Self::COLUMNS.iter().map(|c| (*c).to_owned()).collect(),
                    rows: rows.iter().map(|r| vec![$(cell(&r.$field)),+]).collect(),
                }
            }
            /// The rows of a table. Errors: `None` where its heading is not [`Self::COLUMNS`].
            pub fn rows(table: &Table) -> Option<Vec<Self>> {
                if table.heading != Self::COLUMNS {
                    return None;
                }
                let rows = table.rows.iter().map(|r| {
                    let mut cells = r.iter().map(|c| text(c).to_owned());
                    Some(Self { $($field: cells.next()?),+ })
                });
                rows.collect()
            }
            /// The cells of a row beside the names of their columns.
            pub fn cells(&self) -> Vec<(&'static str, &str)> {
                vec![$((stringify!($field), self.$field.as_str())),+]
            }
        }
    };
}

columns! {
    /// One document. An empty cell means that the column does not apply; `unknown` that nobody has said.
    Row {
        /// Number of the first page; names the document.
        first_page_id,
        /// Number of the last page; the same for a document of one page.
        last_page_id,
        /// What it is, on one line.
        title,
        /// Kind of item, or `transcript`, `translation`.
        type_of_document,
        /// EDTF, never with zeros; when it was recorded, else published.
        main_date,
        /// `yes` where the date is partial, approximate or an interval; `no`; `unknown` without a date.
        main_date_estimated,
        /// `recorded` or `published`, and on what that rests.
        main_date_basis,
        #[allow(missing_docs)]
        authors,
        #[allow(missing_docs)]
        organisation,
        #[allow(missing_docs)]
        recipients,
        /// Language tags, joined by `; `.
        languages,
        #[allow(missing_docs)]
        source,
        /// EDTF or RFC 3339.
        date_collected,
        #[allow(missing_docs)]
        collector,
        /// Custody events: entry of the ledger, action, time, actor; joined by `; `.
        custody,
        /// First page number of the document it belongs to, or `sha256:...` of one that is not here.
        related_id,
        /// How it belongs to it.
        relation,
        /// First page number of the document it is attached to.
        host_id,
        /// First page numbers of what is attached to it, joined by `; `.
        attachment_ids,
        /// Number of pages.
        pages,
        /// `h:mm:ss.mmm` for sound and moving pictures.
        duration,
        /// Path of the document's file.
        file,
        /// Its media type.
        file_type,
        /// `sha256:` and 64 hexadecimal digits.
        hash,
        /// Path of a light copy of a picture.
        image_file,
        #[allow(missing_docs)]
        image_hash,
        /// Path of the extracted text.
        text_file,
        #[allow(missing_docs)]
        text_hash,
        #[allow(missing_docs)]
        confidentiality,
        /// `none`, or which redacted version this is.
        redaction,
        #[allow(missing_docs)]
        redaction_basis,
        #[allow(missing_docs)]
        disclosure_class,
        #[allow(missing_docs)]
        witness_code,
        #[allow(missing_docs)]
        articles,
        /// Number of the exhibit in productions of the same selection.
        exhibit,
        /// Item of the case.
        item,
        /// What the reader must know, e.g. that the words are machine output.
        remarks,
    }
}

columns! {
    /// Something that is not here or has no number.
    Gap {
        /// A page number, a range `A..B`, an item, an exhibit or `sha256:...`.
        subject,
        #[allow(missing_docs)]
        what,
        #[allow(missing_docs)]
        reason,
    }
}

zapys_domain::words! {
    /// How a document belongs to another.
    Relation {
        /// Words spoken in a recording.
        TranscriptOf = "transcript of",
        /// A transcript in another language.
        TranslationOf = "translation of",
        /// A span cut from a recording.
        ExcerptOf = "excerpt of",
        /// Something that came inside it.
        PartOf = "part of",
        /// The same document with parts made unreadable.
        RedactionOf = "redaction of",
    }
}
zapys_domain::words! {
    /// Who may see a document.
    Confidentiality {
        #[allow(missing_docs)] Public = "public",
        /// Also where nobody has said.
        Confidential = "confidential",
        #[allow(missing_docs)] UnderSeal = "under seal",
        #[allow(missing_docs)] ExParte = "ex parte",
    }
}
zapys_domain::words! {
    /// On what ground a document is disclosed.
    DisclosureClass {
        /// Nobody has decided yet.
        NotClassified = "not classified",
        #[allow(missing_docs)] Incriminating = "incriminating",
        #[allow(missing_docs)] Article67 = "Art. 67(2)",
        #[allow(missing_docs)] Rule77 = "Rule 77",
    }
}

/// The cell for a date that nobody has stated, and for a person who is not named.
pub const UNKNOWN: &str = "unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r1_21_every_column_of_the_handbook_is_there() {
        for c in [
            "first_page_id",
            "last_page_id",
            "title",
            "type_of_document",
            "main_date",
            "main_date_estimated",
            "authors",
            "organisation",
            "recipients",
            "languages",
            "source",
            "date_collected",
            "collector",
            "custody",
            "related_id",
            "relation",
            "host_id",
            "attachment_ids",
            "pages",
            "duration",
            "file",
            "file_type",
            "hash",
            "confidentiality",
            "redaction",
            "redaction_basis",
            "disclosure_class",
            "witness_code",
            "articles",
        ] {
            assert!(Row::COLUMNS.contains(&c), "{c}");
        }
        let row = Row { title: "=1".into(), first_page_id: "UKR-OTP-0001-0001".into(), ..Row::default() };
        let table = Row::table(std::slice::from_ref(&row));
        assert_eq!(Row::rows(&table), Some(vec![row]));
        assert_eq!(Gap::rows(&table), None);
    }
}
