-- Records stay until their item is disposed of.
CREATE FUNCTION zapys_keep_until_disposed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.item IS NULL OR NOT EXISTS (SELECT 1 FROM disposals WHERE item = OLD.item) THEN
        RAISE EXCEPTION 'zapys: % are history', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER records_fixed ON records;
CREATE TRIGGER records_fixed BEFORE UPDATE ON records FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER records_deleted BEFORE DELETE ON records FOR EACH ROW EXECUTE FUNCTION zapys_keep_until_disposed();
