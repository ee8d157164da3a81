-- What people put on record about an item goes with its content. Both databases read this text as it stands.
CREATE INDEX disposed_objects_by_item ON disposed_objects (item);
