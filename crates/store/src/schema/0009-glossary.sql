-- What words mean in a case is a record, and as unchangeable as those.

INSERT INTO record_kinds (word) VALUES ('term');
