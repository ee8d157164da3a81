-- 28 bytes and a third more, and up to four bytes a character. What a value says is bounded before it is sealed.
ALTER TABLE entries DROP CONSTRAINT entries_actor_check, DROP CONSTRAINT entries_canonical_check,
    ADD CONSTRAINT entries_actor_check CHECK (length(actor) BETWEEN 1 AND 512),
    ADD CONSTRAINT entries_canonical_check CHECK (length(canonical) BETWEEN 2 AND 400000);
ALTER TABLE openings DROP CONSTRAINT openings_salt_check, ADD CONSTRAINT openings_salt_check CHECK (length(salt) BETWEEN 64 AND 512);
ALTER TABLE acquisitions DROP CONSTRAINT acquisitions_actor_check,
    ADD CONSTRAINT acquisitions_actor_check CHECK (length(actor) BETWEEN 1 AND 512);
ALTER TABLE records DROP CONSTRAINT records_actor_check, ADD CONSTRAINT records_actor_check CHECK (length(actor) BETWEEN 1 AND 512);
ALTER TABLE disposals DROP CONSTRAINT disposals_actor_check,
    ADD CONSTRAINT disposals_actor_check CHECK (length(actor) BETWEEN 1 AND 512);
