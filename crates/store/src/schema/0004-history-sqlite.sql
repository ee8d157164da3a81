-- What others signed, and the keys, are history.
CREATE TRIGGER cosignatures_fixed BEFORE UPDATE ON cosignatures
BEGIN SELECT RAISE(ABORT, 'zapys: cosignatures are history'); END;
CREATE TRIGGER cosignatures_kept BEFORE DELETE ON cosignatures
BEGIN SELECT RAISE(ABORT, 'zapys: cosignatures are history'); END;
CREATE TRIGGER stamp_requests_fixed BEFORE UPDATE ON stamp_requests
BEGIN SELECT RAISE(ABORT, 'zapys: stamp_requests are history'); END;
CREATE TRIGGER stamp_requests_kept BEFORE DELETE ON stamp_requests
BEGIN SELECT RAISE(ABORT, 'zapys: stamp_requests are history'); END;
CREATE TRIGGER stamps_fixed BEFORE UPDATE ON stamps
BEGIN SELECT RAISE(ABORT, 'zapys: stamps are history'); END;
CREATE TRIGGER stamps_kept BEFORE DELETE ON stamps
BEGIN SELECT RAISE(ABORT, 'zapys: stamps are history'); END;
CREATE TRIGGER ledger_keys_fixed BEFORE UPDATE ON ledger_keys
BEGIN SELECT RAISE(ABORT, 'zapys: ledger_keys are history'); END;
CREATE TRIGGER ledger_keys_kept BEFORE DELETE ON ledger_keys
BEGIN SELECT RAISE(ABORT, 'zapys: ledger_keys are history'); END;
