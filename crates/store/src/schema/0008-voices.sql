-- What people make of two voices is a record, and as unchangeable as those.

INSERT INTO record_kinds (word) VALUES ('voice');
