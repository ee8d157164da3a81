-- History stays as it is.
CREATE TRIGGER entries_next BEFORE INSERT ON entries
WHEN NEW.seq <> COALESCE((SELECT MAX(seq) + 1 FROM entries), 0)
BEGIN SELECT RAISE(ABORT, 'zapys: entries continue without gaps'); END;
CREATE TRIGGER entries_fixed BEFORE UPDATE ON entries
BEGIN SELECT RAISE(ABORT, 'zapys: entries are history'); END;
CREATE TRIGGER entries_kept BEFORE DELETE ON entries
BEGIN SELECT RAISE(ABORT, 'zapys: entries are history'); END;
CREATE TRIGGER acquisitions_once BEFORE INSERT ON acquisitions
WHEN EXISTS (SELECT 1 FROM acquisitions WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'zapys: acquisitions are history'); END;
CREATE TRIGGER acquisitions_fixed BEFORE UPDATE ON acquisitions
BEGIN SELECT RAISE(ABORT, 'zapys: acquisitions are history'); END;
CREATE TRIGGER acquisitions_kept BEFORE DELETE ON acquisitions
BEGIN SELECT RAISE(ABORT, 'zapys: acquisitions are history'); END;
CREATE TRIGGER checkpoints_fixed BEFORE UPDATE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'zapys: checkpoints are history'); END;
CREATE TRIGGER checkpoints_kept BEFORE DELETE ON checkpoints
BEGIN SELECT RAISE(ABORT, 'zapys: checkpoints are history'); END;
CREATE TRIGGER derivations_fixed BEFORE UPDATE ON derivations WHEN OLD.state = 'done'
BEGIN SELECT RAISE(ABORT, 'zapys: derivations are history'); END;
CREATE TRIGGER derivations_kept BEFORE DELETE ON derivations WHEN OLD.state = 'done'
BEGIN SELECT RAISE(ABORT, 'zapys: derivations are history'); END;
CREATE TRIGGER items_kept BEFORE DELETE ON items
BEGIN SELECT RAISE(ABORT, 'zapys: items are history'); END;
CREATE TRIGGER items_same BEFORE UPDATE ON items WHEN OLD.id <> NEW.id OR OLD.object <> NEW.object OR OLD.created <> NEW.created
BEGIN SELECT RAISE(ABORT, 'zapys: items are history'); END;
