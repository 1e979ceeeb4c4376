-- Appends those writes of a call that do not conflict: what append-all.sql is followed by when it refused. It is
-- right for the same reasons; here each write is judged by itself, in order.

CREATE FUNCTION docket_log.append_each(
  batch bigint,
  clock bigint,
  tickets text[],
  events docket_log.new_event[],
  commands docket_log.new_command[],
  calls integer[],
  part_writes integer[],
  part_tickets integer[],
  part_revisions integer[],
  part_events integer[],
  OUT appended_at bigint,
  OUT positions bigint[],
  OUT conflict_parts integer[],
  OUT actual_revisions integer[]
)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  last_position bigint;
  last_recorded_at bigint;
  next_position bigint;
  events_before bigint := 0;
  events_of_write integer;
  now_at integer[];
  -- By ticket: the last call of which a write to it conflicted.
  lost_in integer[];
  -- By number of a command: whether its id is taken.
  taken boolean[];
  -- By write: what to add to the ordinal of an event to get its position.
  shifts bigint[];
  part integer := 1;
  first_part integer;
  applied integer;
  conflict integer;
  command integer := 1;
  first_command integer;
  command_writes integer[];
  command_numbers integer[];
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
  next_position := last_position + 1;
  appended_at := greatest(clock, last_recorded_at);
  SELECT array_agg(coalesce((
      SELECT e.revision FROM docket_log.event AS e
      WHERE e.ticket_id = expected.ticket_id ORDER BY e.revision DESC LIMIT 1), 0) ORDER BY number)
    INTO now_at FROM unnest(tickets) WITH ORDINALITY AS expected (ticket_id, number);
  SELECT array_agg(is_taken ORDER BY number) INTO taken FROM (
    SELECT DISTINCT new.number, EXISTS (
      SELECT FROM docket_log.command AS known WHERE known.command_id = new.command_id) AS is_taken
    FROM unnest(commands) AS new) AS by_number;
  SELECT array_agg(new.write ORDER BY new.ordinal), array_agg(new.number ORDER BY new.ordinal)
    INTO command_writes, command_numbers FROM unnest(commands) AS new;
  lost_in := array_fill(0, ARRAY[cardinality(tickets)]);
  FOR write IN 1 .. cardinality(calls) LOOP
    first_part := part;
    conflict := 0;
    events_of_write := 0;
    WHILE part <= cardinality(part_writes) AND part_writes[part] = write LOOP
      events_of_write := events_of_write + part_events[part];
      IF conflict = 0 THEN
        IF now_at[part_tickets[part]] <> part_revisions[part]
          OR lost_in[part_tickets[part]] = calls[write] THEN
          conflict := part;
        ELSE
          now_at[part_tickets[part]] := now_at[part_tickets[part]] + part_events[part];
        END IF;
      END IF;
      part := part + 1;
    END LOOP;
    applied := CASE WHEN conflict = 0 THEN part - 1 ELSE conflict - 1 END;
    first_command := command;
    WHILE command <= cardinality(commands) AND command_writes[command] = write LOOP
      IF conflict = 0 AND taken[command_numbers[command]] THEN
        conflict := first_part;
      END IF;
      command := command + 1;
    END LOOP;
    shifts[write] := next_position - events_before;
    events_before := events_before + events_of_write;
    IF conflict = 0 THEN
      positions[write] := next_position;
      conflict_parts[write] := 0;
      actual_revisions[write] := 0;
      next_position := next_position + events_of_write;
      FOR each IN first_command .. command - 1 LOOP
        taken[command_numbers[each]] := true;
      END LOOP;
    ELSE
      FOR each IN first_part .. applied LOOP
        now_at[part_tickets[each]] := now_at[part_tickets[each]] - part_events[each];
      END LOOP;
      FOR each IN first_part .. part - 1 LOOP
        lost_in[part_tickets[each]] := calls[write];
      END LOOP;
      positions[write] := 0;
      conflict_parts[write] := conflict;
      actual_revisions[write] := now_at[part_tickets[conflict]];
    END IF;
  END LOOP;
  IF next_position = last_position + 1 THEN
    RETURN;
  END IF;
  INSERT INTO docket_log.event
    SELECT shifts[new.write] + new.ordinal, append_each.batch + new.write, append_each.appended_at, new.occurred_at,
      new.revision, new.schema_version, new.ticket_id, new.type, new.workflow, new.state, new.actor_id,
      new.actor_role, new.on_behalf_of_id, new.on_behalf_of_role, new.command_id, new.command_digest,
      new.correlation_id, new.causation_id, new.source, new.data
    FROM unnest(events) AS new WHERE positions[new.write] > 0;
  INSERT INTO docket_log.command
    SELECT new.command_id, shifts[new.write] + new.ordinal, new.first_revision, new.last_revision,
      new.ticket_id, new.command_digest
    FROM unnest(commands) AS new WHERE positions[new.write] > 0;
  PERFORM pg_notify('docket_log', (next_position - 1)::text);
END $$;
COMMENT ON FUNCTION docket_log.append_each IS
  'Appends the writes of one or more calls that do not conflict. By write: calls (the number of its call, from 1), and as answer positions (of its first event, 0 for a conflict), conflict_parts (the part that conflicts) and actual_revisions. By part, a ticket within a write: part_writes, part_tickets (an index of tickets), part_revisions (expected), part_events (how many).';
