-- What others signed, and the keys, are history.
CREATE TRIGGER cosignatures_fixed BEFORE UPDATE OR DELETE ON cosignatures FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER cosignatures_kept BEFORE TRUNCATE ON cosignatures FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER stamp_requests_fixed BEFORE UPDATE OR DELETE ON stamp_requests FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER stamp_requests_kept BEFORE TRUNCATE ON stamp_requests FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER stamps_fixed BEFORE UPDATE OR DELETE ON stamps FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER stamps_kept BEFORE TRUNCATE ON stamps FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER ledger_keys_fixed BEFORE UPDATE OR DELETE ON ledger_keys FOR EACH ROW EXECUTE FUNCTION zapys_refuse();
CREATE TRIGGER ledger_keys_kept BEFORE TRUNCATE ON ledger_keys FOR EACH STATEMENT EXECUTE FUNCTION zapys_refuse();
