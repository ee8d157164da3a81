-- The record, first version. Both databases read this text as it stands.
-- Types: TEXT and BIGINT only. Instants are microseconds since 1970 UTC; days are yyyymmdd; 0/1 is a truth value.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE settings (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);

-- Vocabularies that grow with the program: it adds its own words when it opens the record.
CREATE TABLE item_kinds (word TEXT NOT NULL PRIMARY KEY);
CREATE TABLE derivative_kinds (word TEXT NOT NULL PRIMARY KEY);
CREATE TABLE actions (word TEXT NOT NULL PRIMARY KEY);

-- The ledger. Append-only (triggers); `canonical` is exactly the text that was hashed.
CREATE TABLE entries (
    seq       BIGINT NOT NULL PRIMARY KEY CHECK (seq >= 0),
    item      TEXT CHECK (length(item) = 26 AND ltrim(item, '0123456789ABCDEFGHJKMNPQRSTVWXYZ') = ''),
    item_seq  BIGINT CHECK (item_seq >= 0),
    at        BIGINT NOT NULL,
    actor     TEXT NOT NULL CHECK (length(actor) BETWEEN 1 AND 64),
    action    TEXT NOT NULL REFERENCES actions (word),
    canonical TEXT NOT NULL CHECK (length(canonical) BETWEEN 2 AND 65535),
    leaf      TEXT NOT NULL CHECK (length(leaf) = 64 AND ltrim(leaf, '0123456789abcdef') = ''),
    digest    TEXT NOT NULL CHECK (length(digest) = 64 AND ltrim(digest, '0123456789abcdef') = ''),
    CHECK ((item IS NULL) = (item_seq IS NULL)),
    UNIQUE (item, item_seq)
);

-- What salted commitments hide. Rows may be destroyed; the entry stays.
CREATE TABLE openings (
    seq   BIGINT NOT NULL REFERENCES entries (seq),
    field TEXT NOT NULL,
    salt  TEXT NOT NULL CHECK (length(salt) = 64 AND ltrim(salt, '0123456789abcdef') = ''),
    value TEXT NOT NULL,
    PRIMARY KEY (seq, field)
);

CREATE TABLE checkpoints (
    size BIGINT NOT NULL PRIMARY KEY CHECK (size >= 0),
    root TEXT NOT NULL CHECK (length(root) = 64 AND ltrim(root, '0123456789abcdef') = ''),
    note TEXT NOT NULL,
    at   BIGINT NOT NULL
);

CREATE TABLE objects (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64 AND ltrim(id, '0123456789abcdef') = ''),
    bytes      BIGINT NOT NULL CHECK (bytes >= 0),
    media_type TEXT NOT NULL,
    first_seen BIGINT NOT NULL
);

CREATE TABLE items (
    id                TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND ltrim(id, '0123456789ABCDEFGHJKMNPQRSTVWXYZ') = ''),
    kind              TEXT NOT NULL REFERENCES item_kinds (word),
    media_type        TEXT NOT NULL,
    format            TEXT NOT NULL,
    object            TEXT NOT NULL REFERENCES objects (id),
    bytes             BIGINT NOT NULL CHECK (bytes >= 0),
    parent            TEXT REFERENCES items (id),
    member_path       TEXT,
    title             TEXT,
    -- lower case, for comparing
    title_key         TEXT NOT NULL,
    -- hexadecimal of its first bytes, for ordering alike under every collation
    title_order       TEXT NOT NULL,
    status            TEXT NOT NULL CHECK (status IN ('unverified', 'checking', 'verified', 'doubtful', 'refuted')),
    lang              TEXT NOT NULL,
    recorded          TEXT,
    recorded_earliest BIGINT,
    recorded_latest   BIGINT,
    recorded_basis    TEXT CHECK (recorded_basis IN ('stated', 'embedded', 'written')),
    published          TEXT,
    published_earliest BIGINT,
    published_latest   BIGINT,
    sensitivity       TEXT NOT NULL CHECK (sensitivity IN ('public', 'internal', 'protected', 'sealed')),
    created           BIGINT NOT NULL,
    entry_seq         BIGINT NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((recorded IS NULL) = (recorded_basis IS NULL))
);
CREATE INDEX items_by_object ON items (object);
CREATE INDEX items_by_parent ON items (parent);
CREATE INDEX items_by_created ON items (created, id);
CREATE INDEX items_by_recorded ON items (recorded_earliest, id);
CREATE INDEX items_by_title ON items (title_order, id);
-- With these, an entry that comes after the rows it witnesses is matched to them without a walk through the table.
CREATE INDEX items_by_entry ON items (entry_seq);

CREATE TABLE acquisitions (
    id           TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND ltrim(id, '0123456789ABCDEFGHJKMNPQRSTVWXYZ') = ''),
    item         TEXT NOT NULL REFERENCES items (id),
    object       TEXT NOT NULL REFERENCES objects (id),
    actor        TEXT NOT NULL CHECK (length(actor) BETWEEN 1 AND 64),
    at           BIGINT NOT NULL,
    method       TEXT NOT NULL CHECK (method IN ('file', 'folder', 'archive-member', 'upload')),
    path         TEXT,
    source       TEXT,
    source_grade TEXT CHECK (source_grade IN ('A', 'B', 'C', 'D', 'E', 'F')),
    origin       TEXT,
    collected_by TEXT,
    legal_basis  TEXT,
    recorded     TEXT,
    published    TEXT,
    lang         TEXT,
    sensitivity  TEXT CHECK (sensitivity IN ('public', 'internal', 'protected', 'sealed')),
    labels       TEXT NOT NULL,
    entry_seq    BIGINT NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED
);
CREATE INDEX acquisitions_by_item ON acquisitions (item, at, id);
CREATE INDEX acquisitions_by_entry ON acquisitions (entry_seq);

CREATE TABLE relations (
    parent    TEXT NOT NULL REFERENCES items (id),
    child     TEXT NOT NULL REFERENCES items (id),
    relation  TEXT NOT NULL CHECK (relation IN ('member', 'attachment')),
    detail    TEXT,
    entry_seq BIGINT NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (parent, child, relation)
);
CREATE INDEX relations_by_child ON relations (child);
CREATE INDEX relations_by_entry ON relations (entry_seq);

CREATE TABLE derivations (
    key               TEXT NOT NULL CHECK (length(key) = 64 AND ltrim(key, '0123456789abcdef') = ''),
    item              TEXT NOT NULL REFERENCES items (id),
    kind              TEXT NOT NULL REFERENCES derivative_kinds (word),
    engine_name       TEXT NOT NULL,
    engine_version    TEXT NOT NULL,
    model             TEXT,
    model_sha256      TEXT,
    binary_sha256     TEXT,
    params            TEXT NOT NULL,
    inputs            TEXT NOT NULL,
    state             TEXT NOT NULL CHECK (state IN ('done', 'failed', 'skipped')),
    output            TEXT REFERENCES objects (id),
    output_media_type TEXT,
    started           BIGINT NOT NULL,
    finished          BIGINT NOT NULL,
    elapsed_ms        BIGINT NOT NULL CHECK (elapsed_ms >= 0),
    error_code        TEXT,
    error_message     TEXT,
    error_hint        TEXT,
    entry_seq         BIGINT NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED,
    CHECK ((state = 'done') = (output IS NOT NULL)),
    CHECK (state <> 'failed' OR error_code IS NOT NULL),
    PRIMARY KEY (key, item)
);
CREATE INDEX derivations_by_item ON derivations (item, kind, entry_seq);
CREATE INDEX derivations_by_entry ON derivations (entry_seq);
CREATE INDEX derivations_by_kind ON derivations (kind, state);

-- `found_by`: the derivation's key, or the acquisition's identifier.
CREATE TABLE findings (
    item     TEXT NOT NULL REFERENCES items (id),
    found_by TEXT NOT NULL CHECK (length(found_by) IN (26, 64)),
    idx      BIGINT NOT NULL CHECK (idx >= 0),
    code     TEXT NOT NULL,
    severity TEXT NOT NULL CHECK (severity IN ('note', 'warning', 'serious')),
    locator  TEXT NOT NULL,
    message  TEXT NOT NULL,
    PRIMARY KEY (item, found_by, idx)
);

-- Computed facts for lists; rebuilt from derivatives at will.
CREATE TABLE item_facts (
    item        TEXT NOT NULL PRIMARY KEY REFERENCES items (id),
    duration_ms BIGINT,
    channels    BIGINT,
    languages   TEXT NOT NULL,
    flags       TEXT NOT NULL,
    preview     TEXT,
    thumb_peaks TEXT,
    n_segments  BIGINT,
    n_messages  BIGINT,
    n_calls     BIGINT,
    n_words     BIGINT
);
CREATE TABLE item_languages (
    item TEXT NOT NULL REFERENCES items (id),
    lang TEXT NOT NULL,
    PRIMARY KEY (item, lang)
);
CREATE INDEX item_languages_by_lang ON item_languages (lang, item);
CREATE TABLE item_flags (
    item TEXT NOT NULL REFERENCES items (id),
    flag TEXT NOT NULL,
    n    BIGINT NOT NULL CHECK (n > 0),
    PRIMARY KEY (item, flag)
);
CREATE INDEX item_flags_by_flag ON item_flags (flag, item);

CREATE TABLE jobs (
    id            TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 26 AND ltrim(id, '0123456789ABCDEFGHJKMNPQRSTVWXYZ') = ''),
    item          TEXT NOT NULL REFERENCES items (id),
    kind          TEXT NOT NULL REFERENCES derivative_kinds (word),
    priority      BIGINT NOT NULL,
    state         TEXT NOT NULL CHECK (state IN ('ready', 'leased', 'done', 'failed', 'cancelled')),
    attempts      BIGINT NOT NULL CHECK (attempts >= 0),
    not_before    BIGINT NOT NULL,
    lease_owner   TEXT,
    lease_until   BIGINT,
    error_code    TEXT,
    error_message TEXT,
    error_hint    TEXT,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL,
    CHECK ((state = 'leased') = (lease_owner IS NOT NULL)),
    CHECK ((lease_owner IS NULL) = (lease_until IS NULL)),
    UNIQUE (item, kind)
);
-- The claim walks this index and stops at the first row.
CREATE INDEX jobs_by_turn ON jobs (state, priority DESC, not_before, id);
CREATE INDEX jobs_by_kind ON jobs (kind, state);
