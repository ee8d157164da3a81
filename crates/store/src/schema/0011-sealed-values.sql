-- A record on a server holds sealed values, which are longer than what they say. Both databases read this text as it stands.

-- With this one too, an entry that comes after the row it witnesses is matched to it without a walk through the table.
CREATE INDEX disposals_by_entry ON disposals (entry_seq);
