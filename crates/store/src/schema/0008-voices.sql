-- How many people speak, and what people make of two voices, are records, and as unchangeable as those.

INSERT INTO record_kinds (word) VALUES ('speakers'), ('voice');
