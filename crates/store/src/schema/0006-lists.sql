-- Lists of a large case come from indexes alone. Both databases read this text as it stands.

-- Everything that items are counted by.
CREATE INDEX items_by_facets ON items (kind, status, recorded_basis, recorded_earliest, recorded_latest, lang, id);
-- Orders that had none.
CREATE INDEX items_by_size ON items (bytes, id);
CREATE INDEX items_by_day ON items (COALESCE(recorded_earliest, 99999999), id);
