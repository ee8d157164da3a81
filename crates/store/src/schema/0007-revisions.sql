-- Revisions of transcripts are records, and as unchangeable as those.

INSERT INTO record_kinds (word) VALUES ('revision');
