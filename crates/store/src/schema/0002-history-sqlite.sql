-- An acquisition stays as it is until its item is disposed of; then it may be blanked.
DROP TRIGGER acquisitions_fixed;
CREATE TRIGGER acquisitions_fixed BEFORE UPDATE ON acquisitions
WHEN NOT EXISTS (SELECT 1 FROM disposals WHERE item = OLD.item) OR NEW.id <> OLD.id OR NEW.item <> OLD.item
BEGIN SELECT RAISE(ABORT, 'zapys: acquisitions are history'); END;
CREATE TRIGGER disposals_fixed BEFORE UPDATE ON disposals
BEGIN SELECT RAISE(ABORT, 'zapys: disposals are history'); END;
CREATE TRIGGER disposals_kept BEFORE DELETE ON disposals
BEGIN SELECT RAISE(ABORT, 'zapys: disposals are history'); END;
