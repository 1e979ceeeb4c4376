-- The log only grows, twice over: nobody has the privilege to change rows, and whoever has all privileges (the
-- owner after granting them to himself, a superuser) meets a trigger.

CREATE FUNCTION docket_log.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% of %.% is refused: the log of Docket is append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'What was wrong is corrected by a new event.';
END $$;
COMMENT ON FUNCTION docket_log.refuse_change() IS 'Trigger: refuses UPDATE, DELETE and TRUNCATE.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docket_log.event
  FOR EACH STATEMENT EXECUTE FUNCTION docket_log.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docket_log.command
  FOR EACH STATEMENT EXECUTE FUNCTION docket_log.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docket_log.gate
  FOR EACH STATEMENT EXECUTE FUNCTION docket_log.refuse_change();
-- Also in sessions that play the part of a replica, where ordinary triggers sleep.
ALTER TABLE docket_log.event ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE docket_log.command ENABLE ALWAYS TRIGGER append_only;
ALTER TABLE docket_log.gate ENABLE ALWAYS TRIGGER append_only;

-- The owner keeps INSERT, and UPDATE on the gate, which locking it needs: the append functions run as the owner.
REVOKE UPDATE, DELETE, TRUNCATE ON docket_log.event, docket_log.command FROM CURRENT_USER, PUBLIC;
REVOKE DELETE, TRUNCATE ON docket_log.gate FROM CURRENT_USER, PUBLIC;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA docket_log FROM PUBLIC;

CREATE FUNCTION docket_log.admit_reader(reader regrole) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('GRANT USAGE ON SCHEMA docket_log TO %s', reader);
  EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA docket_log TO %s', reader);
END $$;
REVOKE EXECUTE ON FUNCTION docket_log.admit_reader(regrole) FROM PUBLIC;
COMMENT ON FUNCTION docket_log.admit_reader(regrole) IS 'Lets a role read the log.';

CREATE FUNCTION docket_log.admit_writer(writer regrole) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM docket_log.admit_reader(writer);
  EXECUTE format('GRANT EXECUTE ON FUNCTION docket_log.append_all, docket_log.append_each TO %s', writer);
END $$;
REVOKE EXECUTE ON FUNCTION docket_log.admit_writer(regrole) FROM PUBLIC;
COMMENT ON FUNCTION docket_log.admit_writer(regrole) IS
  'Lets a role append through the append functions, and in no other way: not even INSERT is granted.';
