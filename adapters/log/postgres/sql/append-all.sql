-- Appends all writes of a call, or none when any of them conflicts: the usual case, in as few steps as it can be.
--
-- Why it is right under READ COMMITTED. Each statement inside a volatile function takes a snapshot of its own.
-- The first one takes no decision: it waits for the lock on the gate. A lock is given up only after
-- its transaction has become visible to new snapshots. So every snapshot taken here, from the second statement
-- on, holds all that was ever appended, and nothing can be added until this transaction ends. The revisions, the
-- command ids and the last position that it sees are therefore still true when it commits. Positions are taken
-- from what is visible, so those of a transaction that rolls back are given again: there are no gaps, and
-- whoever sees a position sees all before it.
--
-- The lock is one of a table, not of a row: it is granted in the order in which it was asked for, while whoever
-- waits for a row can be overtaken again and again. It hinders neither readers nor a dump.
--
-- The whole is one statement outside a transaction block: a client that is stopped, or dies, holds no lock
-- meanwhile.

CREATE FUNCTION docket_log.append_all(
  batch bigint,
  clock bigint,
  tickets text[],
  revisions integer[],
  events docket_log.new_event[],
  commands docket_log.new_command[],
  OUT appended_from bigint,
  OUT appended_at bigint
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  last_position bigint;
  last_recorded_at bigint;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'events are appended under READ COMMITTED, not %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  LOCK TABLE docket_log.gate IN EXCLUSIVE MODE;
  SELECT e.position, e.recorded_at INTO last_position, last_recorded_at
    FROM docket_log.event AS e ORDER BY e.position DESC LIMIT 1;
  IF NOT FOUND THEN
    last_position := 0;
  END IF;
  PERFORM FROM unnest(tickets, revisions) AS expected (ticket_id, revision)
    WHERE expected.revision <> coalesce((
      SELECT e.revision FROM docket_log.event AS e
      WHERE e.ticket_id = expected.ticket_id ORDER BY e.revision DESC LIMIT 1), 0)
    LIMIT 1;
  IF FOUND THEN
    RETURN;
  END IF;
  PERFORM FROM unnest(commands) AS new JOIN docket_log.command AS known USING (command_id) LIMIT 1;
  IF FOUND THEN
    RETURN;
  END IF;
  appended_from := last_position + 1;
  appended_at := greatest(clock, last_recorded_at);
  INSERT INTO docket_log.event
    SELECT append_all.appended_from + new.ordinal, append_all.batch + new.write, append_all.appended_at, new.occurred_at,
      new.revision, new.schema_version, new.ticket_id, new.type, new.workflow, new.state, new.actor_id,
      new.actor_role, new.on_behalf_of_id, new.on_behalf_of_role, new.command_id, new.command_digest,
      new.correlation_id, new.causation_id, new.source, new.data
    FROM unnest(events) AS new;
  INSERT INTO docket_log.command
    SELECT new.command_id, append_all.appended_from + new.ordinal, new.first_revision, new.last_revision,
      new.ticket_id, new.command_digest
    FROM unnest(commands) AS new;
  PERFORM pg_notify('docket_log', (last_position + cardinality(events))::text);
END $$;
COMMENT ON FUNCTION docket_log.append_all IS
  'Appends all writes of a call and tells position and time of the first event; appends none and tells NULL when a ticket is not at its expected revision or a command id is taken. tickets and revisions: what is expected before the call, each ticket once.';
