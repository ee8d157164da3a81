-- What people put on record about items and the case. Append-only (triggers); a correction is a row that names what it corrects.
-- Later steps of the schema add words of their own here.
CREATE TABLE record_kinds (word TEXT NOT NULL PRIMARY KEY);
INSERT INTO record_kinds (word) VALUES ('phase'), ('intake'), ('interception'), ('excerpt'), ('family'), ('date'), ('protection'),
    ('error'), ('effort'), ('ethics'), ('hold'), ('party');

CREATE TABLE records (
    id        TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND ltrim(id, '0123456789ABCDEFGHJKMNPQRSTVWXYZ') = ''),
    -- null: about the case as a whole
    item      TEXT REFERENCES items (id),
    kind      TEXT NOT NULL REFERENCES record_kinds (word),
    actor     TEXT NOT NULL CHECK (length(actor) BETWEEN 1 AND 64),
    at        BIGINT NOT NULL,
    -- JSON; null: what was corrected is taken back
    body      TEXT,
    corrects  TEXT UNIQUE REFERENCES records (id),
    because   TEXT,
    entry_seq BIGINT NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((corrects IS NULL) = (because IS NULL)),
    CHECK (body IS NOT NULL OR corrects IS NOT NULL)
);
CREATE INDEX records_by_item ON records (item, at, id);
CREATE INDEX records_by_kind ON records (kind, at, id);
CREATE INDEX records_by_entry ON records (entry_seq);

-- What follows from the records that nobody corrected; made anew from them whenever one is added.
CREATE TABLE item_dates (
    item  TEXT NOT NULL REFERENCES items (id),
    which TEXT NOT NULL CHECK (which IN ('recorded', 'published', 'collected')),
    -- EDTF, or `unknown` where somebody chose that
    value TEXT NOT NULL,
    basis TEXT CHECK (basis IN ('stated', 'embedded', 'written')),
    PRIMARY KEY (item, which),
    CHECK ((value = 'unknown') = (basis IS NULL))
);
CREATE TABLE item_excerpts (
    item     TEXT NOT NULL PRIMARY KEY REFERENCES items (id),
    parent   TEXT NOT NULL REFERENCES items (id),
    start_ms BIGINT NOT NULL CHECK (start_ms >= 0),
    end_ms   BIGINT NOT NULL,
    CHECK (end_ms > start_ms),
    CHECK (item <> parent)
);
CREATE INDEX item_excerpts_by_parent ON item_excerpts (parent);
CREATE TABLE family_members (
    item   TEXT NOT NULL PRIMARY KEY REFERENCES items (id),
    -- the record that first joined them
    family TEXT NOT NULL CHECK (length(family) = 26)
);
CREATE INDEX family_members_by_family ON family_members (family);
