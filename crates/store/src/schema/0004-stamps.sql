-- Time stamps, cosignatures, keys of the ledger, and inner nodes of its tree. Both databases read this text as it stands.
-- Bytes are base64 in TEXT. What others signed says nothing about evidence that the ledger does not say: it needs no entry,
-- so that the checkpoint that was stamped stays the newest one.

-- Roots of complete subtrees of 16, 256, 4096 ... entries, so that a proof reads a few hundred rows of a ledger of any size.
-- Made from the leaves; whoever mistrusts them makes them again.
CREATE TABLE tree_nodes (
    level BIGINT NOT NULL CHECK (level BETWEEN 1 AND 62),
    idx   BIGINT NOT NULL CHECK (idx >= 0),
    hash  TEXT NOT NULL CHECK (length(hash) = 64 AND ltrim(hash, '0123456789abcdef') = ''),
    PRIMARY KEY (level, idx)
);

-- Signatures by others on a checkpoint that was signed here.
CREATE TABLE cosignatures (
    size      BIGINT NOT NULL REFERENCES checkpoints (size),
    name      TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 255),
    key_id    BIGINT NOT NULL CHECK (key_id >= 0),
    signature TEXT NOT NULL,
    -- Key it was checked under; NULL where none was given for it.
    vkey      TEXT,
    at        BIGINT NOT NULL,
    PRIMARY KEY (size, name, key_id, signature)
);

-- What was sent to a time-stamp authority, and the checkpoint file it covers, byte for byte.
CREATE TABLE stamp_requests (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64 AND ltrim(id, '0123456789abcdef') = ''),
    size       BIGINT NOT NULL REFERENCES checkpoints (size),
    checkpoint TEXT NOT NULL,
    request    TEXT NOT NULL,
    at         BIGINT NOT NULL
);

-- What came back: a reply to a request, or an OpenTimestamps proof with the header of a block.
CREATE TABLE stamps (
    id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 64 AND ltrim(id, '0123456789abcdef') = ''),
    kind       TEXT NOT NULL CHECK (kind IN ('rfc3161', 'opentimestamps')),
    size       BIGINT NOT NULL REFERENCES checkpoints (size),
    checkpoint TEXT NOT NULL,
    request    TEXT REFERENCES stamp_requests (id),
    reply      TEXT NOT NULL,
    chain      TEXT NOT NULL,
    crls       TEXT NOT NULL,
    header     TEXT,
    at         BIGINT NOT NULL,
    CHECK ((kind = 'rfc3161') = (request IS NOT NULL)),
    CHECK ((kind = 'opentimestamps') = (header IS NOT NULL))
);
CREATE INDEX stamps_by_size ON stamps (size, at);

-- Keys that signed the ledger after its first, which stands in the case file. The events say the same; this is for looking.
CREATE TABLE ledger_keys (
    entry_seq BIGINT NOT NULL PRIMARY KEY REFERENCES entries (seq) DEFERRABLE INITIALLY DEFERRED,
    vkey      TEXT NOT NULL,
    reason    TEXT NOT NULL CHECK (reason IN ('rotated', 'lost', 'compromised')),
    at        BIGINT NOT NULL
);
