-- Records are history.
CREATE TRIGGER records_once BEFORE INSERT ON records
WHEN EXISTS (SELECT 1 FROM records WHERE id = NEW.id OR corrects = NEW.corrects)
BEGIN SELECT RAISE(ABORT, 'zapys: records are history'); END;
CREATE TRIGGER records_fixed BEFORE UPDATE ON records
BEGIN SELECT RAISE(ABORT, 'zapys: records are history'); END;
CREATE TRIGGER records_kept BEFORE DELETE ON records
BEGIN SELECT RAISE(ABORT, 'zapys: records are history'); END;
