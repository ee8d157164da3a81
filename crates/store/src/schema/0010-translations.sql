-- What people say that segments mean in another language is a record, and as unchangeable as those.

INSERT INTO record_kinds (word) VALUES ('translation');
