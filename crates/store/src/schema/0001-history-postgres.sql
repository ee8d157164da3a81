-- History stays as it is.
CREATE FUNCTION zapys_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'zapys: % are history', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION zapys_next_entry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.seq <> COALESCE((SELECT MAX(seq) + 1 FROM entries), 0) THEN
        RAISE EXCEPTION 'zapys: entries continue without gaps' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER entries_next BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION zapys_next_entry();
CREATE TRIGGER entries_fixed BEFORE UPDATE OR DELETE ON entries FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER entries_kept BEFORE TRUNCATE ON entries FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER acquisitions_fixed BEFORE UPDATE OR DELETE ON acquisitions FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER acquisitions_kept BEFORE TRUNCATE ON acquisitions FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER checkpoints_fixed BEFORE UPDATE OR DELETE ON checkpoints FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER checkpoints_kept BEFORE TRUNCATE ON checkpoints FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER derivations_fixed BEFORE UPDATE OR DELETE ON derivations FOR EACH ROW WHEN (OLD.state = 'done')
EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER derivations_kept BEFORE TRUNCATE ON derivations FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER items_kept BEFORE DELETE ON items FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER items_same BEFORE UPDATE ON items FOR EACH ROW
WHEN (OLD.id <> NEW.id OR OLD.object <> NEW.object OR OLD.created <> NEW.created) EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER items_whole BEFORE TRUNCATE ON items FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
