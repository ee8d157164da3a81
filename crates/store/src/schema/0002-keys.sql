-- Keys of sealed objects, and what was disposed of. Both databases read this text as it stands.

-- Where a sealed object rests and its key, wrapped. Destroying the row, and then the wrapping key, destroys the object.
CREATE TABLE object_keys (
    object  TEXT NOT NULL PRIMARY KEY REFERENCES objects (id),
    name    TEXT NOT NULL UNIQUE CHECK (length(name) = 64 AND ltrim(name, '0123456789abcdef') = ''),
    epoch   BIGINT NOT NULL CHECK (epoch > 0),
    wrapped TEXT NOT NULL CHECK (length(wrapped) BETWEEN 64 AND 512 AND ltrim(wrapped, '0123456789abcdef') = '')
);
CREATE INDEX object_keys_by_epoch ON object_keys (epoch);

-- Items whose content was destroyed on purpose. What personal data the record held of them may be blanked.
CREATE TABLE disposals (
    item      TEXT NOT NULL PRIMARY KEY REFERENCES items (id),
    at        BIGINT NOT NULL,
    actor     TEXT NOT NULL CHECK (length(actor) BETWEEN 1 AND 64),
    entry_seq BIGINT NOT NULL REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED
);
CREATE TABLE disposed_objects (
    object TEXT NOT NULL PRIMARY KEY REFERENCES objects (id),
    item   TEXT NOT NULL REFERENCES disposals (item)
);
