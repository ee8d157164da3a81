-- An acquisition stays as it is until its item is disposed of; then it may be blanked.
CREATE FUNCTION zapys_refuse_until_disposed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM disposals WHERE item = OLD.item) OR NEW.id <> OLD.id OR NEW.item <> OLD.item THEN
        RAISE EXCEPTION 'zapys: % are history', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
DROP TRIGGER acquisitions_fixed ON acquisitions;
CREATE TRIGGER acquisitions_fixed BEFORE UPDATE ON acquisitions FOR EACH ROW EXECUTE FUNCTION zapys_refuse_until_disposed();
CREATE TRIGGER acquisitions_undeleted BEFORE DELETE ON acquisitions FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER disposals_fixed BEFORE UPDATE OR DELETE ON disposals FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER disposals_kept BEFORE TRUNCATE ON disposals FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
