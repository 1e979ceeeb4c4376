-- The event log of Docket in one PostgreSQL database: what is stored. Who may change it is in guards.sql, how
-- it grows in append-all.sql and append-each.sql. Run once, by install.ts, in one transaction.

CREATE SCHEMA docket_log;
COMMENT ON SCHEMA docket_log IS
  'The event log of Docket: append-only, the source of everything in schema docket. Back it up; never change it.';

CREATE TABLE docket_log.gate (
  id integer PRIMARY KEY CHECK (id = 1),
  format integer NOT NULL
);
COMMENT ON TABLE docket_log.gate IS
  'Whoever appends locks this table first and keeps the lock until commit, so that appends happen one after the other. Its one row is never updated: the last event tells where the log ends. A counter would leave a dead version at each append, and one forgotten transaction would keep them all.';
COMMENT ON COLUMN docket_log.gate.id IS 'Always 1.';
COMMENT ON COLUMN docket_log.gate.format IS 'Version of these tables and functions.';

CREATE TABLE docket_log.event (
  position bigint PRIMARY KEY,
  write_id bigint NOT NULL,
  recorded_at bigint NOT NULL,
  occurred_at bigint NOT NULL,
  revision integer NOT NULL CHECK (revision >= 1),
  schema_version integer NOT NULL,
  ticket_id text COLLATE "C" NOT NULL,
  type text NOT NULL,
  workflow text NOT NULL,
  state text NOT NULL,
  actor_id text NOT NULL,
  actor_role text NOT NULL,
  on_behalf_of_id text,
  on_behalf_of_role text,
  command_id text COLLATE "C",
  command_digest text,
  correlation_id text,
  causation_id text,
  source text,
  data json NOT NULL,
  CONSTRAINT event_ticket_revision UNIQUE (ticket_id, revision)
);
COMMENT ON TABLE docket_log.event IS
  'What happened to tickets, one row per event, in the order of commit. In texts, U+FDD0 and four hexadecimal digits stand for a character that PostgreSQL can not hold (U+0000, half a surrogate pair) or for U+FDD0 itself.';
COMMENT ON COLUMN docket_log.event.position IS
  'Place in the log: 1, 2, 3, without gaps. A position is visible only when all before it are.';
COMMENT ON COLUMN docket_log.event.write_id IS
  'Random number of the write that it was part of: a writer whose connection broke recognises its own work.';
COMMENT ON COLUMN docket_log.event.recorded_at IS
  'When it was appended, milliseconds since 1970-01-01 UTC (to_timestamp(recorded_at / 1000.0)). Never runs backwards.';
COMMENT ON COLUMN docket_log.event.occurred_at IS
  'When it happened outside, milliseconds since 1970-01-01 UTC.';
COMMENT ON COLUMN docket_log.event.revision IS 'Place within its ticket: 1, 2, 3, without gaps.';
COMMENT ON COLUMN docket_log.event.schema_version IS 'Version of the shape of data.';
COMMENT ON COLUMN docket_log.event.ticket_id IS 'The ticket that it happened to.';
COMMENT ON COLUMN docket_log.event.type IS 'What happened, in the past tense.';
COMMENT ON COLUMN docket_log.event.workflow IS 'The rules it was decided by, as name@version.';
COMMENT ON COLUMN docket_log.event.state IS 'The state of the ticket after it.';
COMMENT ON COLUMN docket_log.event.actor_id IS 'Who did it.';
COMMENT ON COLUMN docket_log.event.actor_role IS 'In which role.';
COMMENT ON COLUMN docket_log.event.on_behalf_of_id IS 'For whom the actor did it, where that was somebody else.';
COMMENT ON COLUMN docket_log.event.on_behalf_of_role IS 'The role of whom it was done for.';
COMMENT ON COLUMN docket_log.event.command_id IS 'The command that caused it, by the name that its sender gave it.';
COMMENT ON COLUMN docket_log.event.command_digest IS
  'Fingerprint of the body of the command; on its first event only.';
COMMENT ON COLUMN docket_log.event.correlation_id IS 'What it belongs to, as its sender said.';
COMMENT ON COLUMN docket_log.event.causation_id IS 'What caused it, as its sender said.';
COMMENT ON COLUMN docket_log.event.source IS 'The system that it came from.';
COMMENT ON COLUMN docket_log.event.data IS
  'What changed. Type json keeps the text as it was written; jsonb would refuse U+0000 and half surrogate pairs.';

CREATE TABLE docket_log.command (
  command_id text COLLATE "C" PRIMARY KEY,
  position bigint NOT NULL,
  first_revision integer NOT NULL,
  last_revision integer NOT NULL,
  ticket_id text COLLATE "C" NOT NULL,
  command_digest text NOT NULL
);
COMMENT ON TABLE docket_log.command IS
  'Commands that were accepted under an id: each at most once, whichever process took it.';
COMMENT ON COLUMN docket_log.command.command_id IS 'The name that the sender of the command gave it.';
COMMENT ON COLUMN docket_log.command.position IS 'Position of its first event.';
COMMENT ON COLUMN docket_log.command.first_revision IS 'Revision of its first event on its own ticket.';
COMMENT ON COLUMN docket_log.command.last_revision IS 'Revision of its last event on its own ticket.';
COMMENT ON COLUMN docket_log.command.ticket_id IS 'Its own ticket.';
COMMENT ON COLUMN docket_log.command.command_digest IS
  'Fingerprint of its body: the same id with another body is refused.';

INSERT INTO docket_log.gate (id, format) VALUES (1, 1);

CREATE TYPE docket_log.new_event AS (
  ordinal integer,
  write integer,
  revision integer,
  schema_version integer,
  occurred_at bigint,
  ticket_id text,
  type text,
  workflow text,
  state text,
  actor_id text,
  actor_role text,
  on_behalf_of_id text,
  on_behalf_of_role text,
  command_id text,
  command_digest text,
  correlation_id text,
  causation_id text,
  source text,
  data json
);
COMMENT ON TYPE docket_log.new_event IS
  'An event on its way in. ordinal counts the events of the call from 0, write its writes from 1.';

CREATE TYPE docket_log.new_command AS (
  ordinal integer,
  write integer,
  number integer,
  first_revision integer,
  last_revision integer,
  ticket_id text,
  command_id text,
  command_digest text
);
COMMENT ON TYPE docket_log.new_command IS
  'A command on its way in. ordinal is that of its first event; number is equal for equal ids, counted from 1.';
