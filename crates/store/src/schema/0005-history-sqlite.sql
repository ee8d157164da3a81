-- Records stay until their item is disposed of.
DROP TRIGGER records_kept;
CREATE TRIGGER records_kept BEFORE DELETE ON records
WHEN OLD.item IS NULL OR NOT EXISTS (SELECT 1 FROM disposals WHERE item = OLD.item)
BEGIN SELECT RAISE(ABORT, 'zapys: records are history'); END;
