-- Journals of Docket in one PostgreSQL database: keys and access rules, for servers that share a log there. Run
-- once, by postgres-journal.ts, in one transaction. The journal only grows, twice over: nobody has the privilege
-- to change rows, and whoever has all privileges meets a trigger.

CREATE SCHEMA docket_access;
COMMENT ON SCHEMA docket_access IS
  'Who may do what in Docket, as the events that made it so: append-only. Back it up; never change it.';

CREATE TABLE docket_access.journal (
  name text COLLATE "C" NOT NULL,
  position bigint NOT NULL CHECK (position >= 1),
  recorded_at bigint NOT NULL,
  previous text NOT NULL,
  hash text NOT NULL,
  event json NOT NULL,
  PRIMARY KEY (name, position)
);
COMMENT ON TABLE docket_access.journal IS 'Entries of journals, each bound to the one before it by its hash.';
COMMENT ON COLUMN docket_access.journal.name IS 'Which journal it belongs to.';
COMMENT ON COLUMN docket_access.journal.position IS 'Place in its journal: 1, 2, 3, without gaps.';
COMMENT ON COLUMN docket_access.journal.recorded_at IS
  'When it was appended, milliseconds since 1970-01-01 UTC. Never runs backwards.';
COMMENT ON COLUMN docket_access.journal.previous IS
  'The hash of the entry before it; 64 zeros for the first.';
COMMENT ON COLUMN docket_access.journal.hash IS
  'SHA-256 of the entry as a line of JSON with position, recordedAt, previous and event, in hexadecimal.';
COMMENT ON COLUMN docket_access.journal.event IS
  'What happened. Type json keeps the text as it was written, which the hash is over.';

CREATE FUNCTION docket_access.refuse_change() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '% of %.% is refused: journals of Docket are append-only', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'object_not_in_prerequisite_state',
      HINT = 'What was wrong is corrected by a new event.';
END $$;
COMMENT ON FUNCTION docket_access.refuse_change() IS 'Trigger: refuses UPDATE, DELETE and TRUNCATE.';

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON docket_access.journal
  FOR EACH STATEMENT EXECUTE FUNCTION docket_access.refuse_change();
-- Also in sessions that play the part of a replica, where ordinary triggers sleep.
ALTER TABLE docket_access.journal ENABLE ALWAYS TRIGGER append_only;

REVOKE ALL ON SCHEMA docket_access FROM PUBLIC;
REVOKE ALL ON docket_access.journal FROM PUBLIC;
REVOKE UPDATE, DELETE, TRUNCATE ON docket_access.journal FROM CURRENT_USER;
REVOKE EXECUTE ON FUNCTION docket_access.refuse_change() FROM PUBLIC;
